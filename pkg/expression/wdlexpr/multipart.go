package wdlexpr

import (
	"bytes"
	"errors"
	"strings"
)

var errMultipart = errors.New("the body has no parts")

// parts returns the bodies of the parts of a body.
func (m *machine) parts(x Value) ([]Value, error) {
	o, ok := x.(*Object)
	if !ok {
		return nil, errMultipart
	}
	if list, ok := o.Find("$multipart"); ok {
		elements, _ := list.([]Value)
		if err := m.charge(len(elements)); err != nil {
			return nil, err
		}
		bodies := make([]Value, len(elements))
		for i, element := range elements {
			part, ok := element.(*Object)
			if !ok {
				return nil, errMultipart
			}
			bodies[i], _ = part.Find("body")
		}
		return bodies, nil
	}
	e, ok := envelopeOf(o)
	if !ok || !strings.HasPrefix(strings.ToLower(e.contentType), "multipart/") {
		return nil, errMultipart
	}
	t, err := parseMediaType(e.contentType, true)
	if err != nil {
		return nil, err
	}
	boundary := ""
	for _, p := range t.params {
		if strings.EqualFold(p[0], "boundary") {
			boundary = strings.Trim(p[1], `"`)
		}
	}
	b, err := e.bytes()
	if err != nil {
		return nil, err
	}
	if err := m.chargeText(len(b)); err != nil {
		return nil, err
	}
	if boundary == "" {
		return nil, errors.New("the content type has no boundary")
	}
	return splitParts(b, boundary)
}

// splitParts returns the bodies between the boundaries, each by its own type.
func splitParts(b []byte, boundary string) ([]Value, error) {
	mark := []byte("--" + boundary)
	sections := bytes.Split(append([]byte("\r\n"), b...), append([]byte("\r\n"), mark...))
	bodies := []Value{}
	for _, section := range sections[1:] {
		if bytes.HasPrefix(section, []byte("--")) {
			return bodies, nil
		}
		_, section, ok := bytes.Cut(section, []byte("\r\n"))
		if !ok {
			break
		}
		head, content, ok := bytes.Cut(append([]byte("\r\n"), section...), []byte("\r\n\r\n"))
		if !ok {
			break
		}
		body, err := partValue(string(head), content)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return nil, errors.New("the parts of the body are not closed by their boundary")
}

// partValue is the value of one part: a text, JSON, or content.
func partValue(head string, content []byte) (Value, error) {
	contentType := octetStream
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(strings.TrimSpace(name), "content-type") {
			contentType = strings.TrimSpace(value)
		}
	}
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch {
	case strings.HasPrefix(kind, "text/"):
		t, err := parseMediaType(contentType, true)
		if err != nil {
			return nil, err
		}
		return boxed(decodeCharset(content, t.charset()))
	case strings.TrimSpace(kind) == "application/json":
		return Decode(content)
	}
	return wrap(contentType, content), nil
}
