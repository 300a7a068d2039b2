package wdlexpr

import (
	"errors"
	"fmt"
	"strings"
)

func callJSON(m *machine, a []Value) (Value, error) {
	text := ""
	switch v := a[0].(type) {
	case nil:
		return NewObject(nil, nil), nil
	case string:
		text = v
	default:
		e, ok := envelopeOf(v)
		if !ok {
			return nil, wants(1, "be a string, XML or other content", v)
		}
		var err error
		if text, err = e.text(); err != nil {
			return nil, err
		}
		if e.isXML() {
			return m.jsonOfText(text)
		}
	}
	text = strings.TrimPrefix(text, "\uFEFF")
	if err := m.chargeText(2 * len(text)); err != nil {
		return nil, err
	}
	x, err := decode(text, m)
	var limit *Error
	switch {
	case errors.As(err, &limit):
		return nil, err
	case err != nil:
		return nil, wantsf(1, "be valid JSON: %v", err)
	}
	return x, nil
}

// jsonOfText is the object of XML.
func (m *machine) jsonOfText(text string) (Value, error) {
	doc, err := m.parseXML(text)
	if err != nil {
		return nil, err
	}
	if name := doc.encoding(); name != "" {
		if kind := charsets[strings.ToLower(name)]; kind == "" || strings.HasPrefix(kind, "utf-16") {
			return nil, fmt.Errorf("%s is not a supported encoding", quote(name))
		}
	}
	return m.jsonOfXML(doc)
}

// encoding is what the declaration of a document names, empty when it does
// not.
func (n *xmlNode) encoding() string {
	for _, child := range n.children {
		if child.kind != xmlDeclaration {
			continue
		}
		for _, a := range child.attributes {
			if a.local == "encoding" {
				return a.value
			}
		}
	}
	return ""
}

// parseXML reads a document and pays for it.
func (m *machine) parseXML(text string) (*xmlNode, error) {
	if err := m.charge(len(text) * 4 / bytesPerStep); err != nil {
		return nil, err
	}
	return readXML(text, m)
}

func callXML(m *machine, a []Value) (Value, error) {
	var doc *xmlNode
	var err error
	switch v := a[0].(type) {
	case string:
		doc, err = m.parseXML(v)
	case *Object:
		if e, ok := envelopeOf(v); ok {
			return envelope{xmlType, e.content}.value(), nil
		}
		doc, err = m.xmlOfJSON(v)
	}
	if err != nil {
		return nil, err
	}
	text := xmlString(doc)
	if err := m.chargeText(len(text)); err != nil {
		return nil, err
	}
	return wrap(xmlType, []byte(text)), nil
}
