package wdlexpr

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// dataURIFunctions read and write data URIs.
var dataURIFunctions = []*function{
	{
		name: "dataUri", params: []param{{name: "value"}}, result: "string",
		summary:  "A data URI of a text, of content with its type, or of the text of any other value as JSON: True, 5, arrays and objects.",
		examples: []Example{{"@dataUri('hello')", `"data:text/plain;charset=utf-8;base64,aGVsbG8="`}, {"@dataUri(1)", `"data:application/json;charset=utf-8;base64,MQ=="`}},
		call:     callDataURI,
	},
	dataURIToBinary("dataUriToBinary", "The content of a data URI, with its type."),
	dataURIToBinary("decodeDataUri", "The older name of dataUriToBinary()."),
	{
		name: "dataUriToString", params: []param{{name: "uri", takes: kindString}}, result: "string",
		summary:  "The text of a data URI in UTF-8.",
		examples: []Example{{"@dataUriToString('data:text/plain;charset=utf-8;base64,aGVsbG8=')", `"hello"`}, {"@dataUriToString('data:,a+b%21')", `"a b!"`}},
		call:     callDataURIToString,
	},
}

func dataURIToBinary(name, summary string) *function {
	return &function{
		name: name, params: []param{{name: "uri", takes: kindString}}, result: "content", summary: summary,
		examples: []Example{{"@" + name + "('data:text/plain;charset=utf-8;base64,aGVsbG8=')", `{"$content-type":"text/plain;charset=utf-8","$content":"aGVsbG8="}`}},
		call:     callDataURIToBinary,
	}
}

func callDataURI(m *machine, a []Value) (Value, error) {
	contentType := "application/json;charset=utf-8"
	if _, ok := a[0].(string); ok {
		contentType = "text/plain;charset=utf-8"
	} else if e, ok := envelopeOf(a[0]); ok {
		contentType = e.contentType
	}
	b, err := m.contentOf(a[0])
	return "data:" + contentType + ";base64," + base64.StdEncoding.EncodeToString(b), err
}

// dataURI is a data URI, taken apart.
type dataURI struct {
	contentType string
	base64      bool
	content     string
}

var errDataURI = errors.New("the text is no data URI: write it like data:text/plain;base64,aGk=")

func parseDataURI(text string) (dataURI, error) {
	if len(text) < 5 || !strings.EqualFold(text[:5], "data:") {
		return dataURI{}, errDataURI
	}
	head, content, ok := strings.Cut(text[5:], ",")
	if !ok {
		return dataURI{}, errDataURI
	}
	u := dataURI{content: content}
	parts := strings.Split(head, ";")
	if last := len(parts) - 1; strings.EqualFold(parts[last], "base64") {
		u.base64, parts = true, parts[:last]
	}
	for i, part := range parts {
		if i > 0 && part == "" {
			return dataURI{}, errDataURI
		}
	}
	if u.contentType = strings.Join(parts, ";"); len(parts) == 0 || parts[0] == "" {
		u.contentType = "text/plain" + u.contentType
	}
	return u, nil
}

// firstCharset returns the charset that stands right behind the type, empty
// when none does. Hosts look at no other one when they read a text.
func (u dataURI) firstCharset() string {
	parts := strings.SplitN(u.contentType, ";", 3)
	if len(parts) < 2 {
		return ""
	}
	name, value, _ := strings.Cut(strings.TrimSpace(parts[1]), "=")
	if !strings.EqualFold(name, "charset") {
		return ""
	}
	return strings.Trim(value, `"`)
}

// text returns the content of a URI that is not in base64.
func (u dataURI) text() string { return unescapeURI(strings.ReplaceAll(u.content, "+", " ")) }

func callDataURIToBinary(_ *machine, a []Value) (Value, error) {
	u, err := parseDataURI(a[0].(string))
	if err != nil {
		return nil, err
	}
	t, err := parseMediaType(u.contentType, false)
	if err != nil {
		return nil, err
	}
	if name := t.charset(); charsets[strings.ToLower(name)] == "" {
		return nil, fmt.Errorf("%s is not a supported encoding name", quote(name))
	}
	if !u.base64 {
		return wrap(u.contentType, []byte(u.text())), nil
	}
	return envelope{u.contentType, u.content}.value(), nil
}

func callDataURIToString(_ *machine, a []Value) (Value, error) {
	u, err := parseDataURI(a[0].(string))
	if err != nil {
		return nil, err
	}
	if name := u.firstCharset(); charsets[strings.ToLower(name)] != "utf-8" {
		return nil, fmt.Errorf("%s is not a supported encoding: data URIs are read in UTF-8", quote(name))
	}
	if !u.base64 {
		return u.text(), nil
	}
	b, err := fromBase64(u.content)
	if err != nil {
		return nil, err
	}
	return boxed(decodeCharset(b, ""))
}
