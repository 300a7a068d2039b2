package wdlexpr

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The members of an envelope, and the types of content that functions make.
const (
	contentTypeName = "$content-type"
	contentName     = "$content"
	octetStream     = "application/octet-stream"
	xmlType         = "application/xml;charset=utf-8"
)

// envelope is bytes with the type of what they are.
type envelope struct{ contentType, content string }

// envelopeOf returns the envelope that a value is.
func envelopeOf(x Value) (envelope, bool) {
	o, ok := x.(*Object)
	if !ok || o.Len() < 2 {
		return envelope{}, false
	}
	contentType, hasType := o.Get(contentTypeName)
	content, hasContent := o.Get(contentName)
	if !hasType || !hasContent {
		return envelope{}, false
	}
	e := envelope{}
	e.contentType, hasType = contentType.(string)
	e.content, hasContent = content.(string)
	return e, hasType && hasContent
}

// value returns the envelope as a value.
func (e envelope) value() Value {
	return NewObject([]string{contentTypeName, contentName}, []Value{e.contentType, e.content})
}

// wrap puts bytes into an envelope.
func wrap(contentType string, b []byte) Value {
	return envelope{contentType, base64.StdEncoding.EncodeToString(b)}.value()
}

var errBase64 = errors.New("the content is not valid base64")

// fromBase64 decodes base64; white space inside does not count.
func fromBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, " \t\r\n") {
		text = strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "").Replace(text)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}

// bytes returns what the envelope holds.
func (e envelope) bytes() ([]byte, error) { return fromBase64(e.content) }

// isXML tells whether the envelope holds XML.
func (e envelope) isXML() bool {
	kind, _, _ := strings.Cut(e.contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/xml" || kind == "text/xml" || strings.HasSuffix(kind, "+xml")
}

// text returns the text that the envelope holds, by the charset of its type.
func (e envelope) text() (string, error) {
	t, err := parseMediaType(e.contentType, true)
	if err != nil {
		return "", err
	}
	b, err := e.bytes()
	if err != nil {
		return "", err
	}
	return decodeCharset(b, t.charset())
}

// mediaType is a content type, taken apart.
type mediaType struct {
	kind   string
	params [][2]string
}

// charset returns the value of the parameter charset, empty when there is none.
func (t mediaType) charset() string {
	for _, p := range t.params {
		if strings.EqualFold(p[0], "charset") {
			return strings.Trim(p[1], `"`)
		}
	}
	return ""
}

// parseMediaType reads a content type. strict tells that every parameter needs
// a value.
func parseMediaType(text string, strict bool) (mediaType, error) {
	parts := strings.Split(text, ";")
	bad := fmt.Errorf("the content type %s is not valid", quote(text))
	t := mediaType{kind: strings.TrimSpace(parts[0])}
	kind, sub, ok := strings.Cut(t.kind, "/")
	if !ok || !isToken(kind) || !isToken(sub) {
		return mediaType{}, bad
	}
	for _, part := range parts[1:] {
		name, value, hasValue := strings.Cut(strings.TrimSpace(part), "=")
		quoted := len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"'
		if !isToken(name) || hasValue && !quoted && !isToken(value) || !hasValue && strict {
			return mediaType{}, bad
		}
		t.params = append(t.params, [2]string{name, value})
	}
	return t, nil
}

// isToken tells whether s is a token as HTTP knows it.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) {
			return false
		}
	}
	return s != ""
}

// charsets maps the names of charsets to those that decodeCharset knows.
var charsets = map[string]string{
	"": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "unicode-1-1-utf-8": "utf-8",
	"ascii": "us-ascii", "us-ascii": "us-ascii", "ansi_x3.4-1968": "us-ascii", "iso646-us": "us-ascii",
	"iso-8859-1": "latin1", "iso_8859-1": "latin1", "latin1": "latin1", "l1": "latin1",
	"utf-16": "utf-16le", "utf-16le": "utf-16le", "unicode": "utf-16le", "ucs-2": "utf-16le", "iso-10646-ucs-2": "utf-16le",
	"utf-16be": "utf-16be", "unicodefffe": "utf-16be",
}

// decodeCharset decodes bytes. What is no character becomes U+FFFD.
func decodeCharset(b []byte, charset string) (string, error) {
	switch charsets[strings.ToLower(charset)] {
	case "utf-8":
		return strings.ToValidUTF8(string(b), "\uFFFD"), nil
	case "us-ascii":
		runes := make([]rune, len(b))
		for i, c := range b {
			if runes[i] = rune(c); c >= utf8.RuneSelf {
				runes[i] = '?'
			}
		}
		return string(runes), nil
	case "latin1":
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), nil
	case "utf-16le", "utf-16be":
		units := make([]uint16, (len(b)+1)/2)
		big := charsets[strings.ToLower(charset)] == "utf-16be"
		for i, c := range b {
			if (i%2 == 0) == big {
				units[i/2] |= uint16(c) << 8
			} else {
				units[i/2] |= uint16(c)
			}
		}
		return string(utf16.Decode(units)), nil
	}
	return "", fmt.Errorf("%s is not a supported encoding name", quote(charset))
}
