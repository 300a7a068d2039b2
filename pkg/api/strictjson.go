package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// maxNesting bounds how deep the JSON of a body nests.
const maxNesting = 128

// binder decodes a body that guard has read and checked. It refuses members
// that the target does not have; no body is io.EOF.
type binder struct{}

// Bind decodes the request's body into target.
func (binder) Bind(target any, c echo.Context) error {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return err
	}
	if len(b) == 0 {
		return io.EOF
	}
	if raw, ok := target.(*json.RawMessage); ok {
		*raw = b
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(target); err != nil {
		return problem(CodeInvalidBody, "the body is not what is expected here: %s; see the API's description", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// strictJSON refuses a body that is not exactly one JSON value in UTF-8, that
// nests too deep, or that names a member twice.
func strictJSON(b []byte) error {
	if !utf8.Valid(b) {
		return problem(CodeInvalidJSON, "the body is not UTF-8; encode it as UTF-8")
	}
	if !json.Valid(b) {
		var raw json.RawMessage
		return syntaxProblem(b, json.Unmarshal(b, &raw))
	}
	w := walk{b: b}
	err := w.value(0)
	var twice *duplicate
	if errors.As(err, &twice) {
		return problem(CodeInvalidJSON, "%s", twice)
	}
	return err
}

// syntaxProblem says where the JSON of a body breaks.
func syntaxProblem(b []byte, err error) error {
	var s *json.SyntaxError
	if !errors.As(err, &s) {
		return problem(CodeInvalidJSON, "the body is not JSON: %s", err)
	}
	if strings.Contains(s.Error(), "max depth") {
		return tooDeep()
	}
	if endsEarly(b) {
		return problem(CodeInvalidJSON, "the body ends in the middle of its JSON, after %d bytes; send all of it", len(b))
	}
	line, col := place(b, int(s.Offset)-1)
	return problem(CodeInvalidJSON, "the body is not JSON: line %d, column %d: %s", line, col, s.Error())
}

// endsEarly tells whether what is wrong with JSON is only that it ends: one
// more byte that fits nowhere is then where it breaks.
func endsEarly(b []byte) bool {
	var raw json.RawMessage
	var s *json.SyntaxError
	err := json.Unmarshal(append(bytes.Clone(b), 0), &raw)
	return errors.As(err, &s) && int(s.Offset) == len(b)+1 && !json.Valid(b)
}

// place returns line and column, in characters, of a byte.
func place(b []byte, offset int) (line, col int) {
	before := b[:max(0, min(offset, len(b)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

func tooDeep() error {
	return problem(CodeInvalidJSON, "the body nests more than %d lists and objects into each other; make it flatter", maxNesting)
}
