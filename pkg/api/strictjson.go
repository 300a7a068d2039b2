package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
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
	var raw json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return syntaxProblem(b, err)
	}
	d := duplicates{dec: json.NewDecoder(bytes.NewReader(b))}
	d.dec.UseNumber()
	err := d.value(0)
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

// duplicates walks valid JSON and looks for a member that is named twice.
type duplicates struct{ dec *json.Decoder }

// duplicate is a member named twice. Its path is completed on the way out.
type duplicate struct{ path, name string }

func (d *duplicate) Error() string {
	return fmt.Sprintf("the object at %q names the member %s twice; name it once", d.path, quote(d.name))
}

// value walks one value.
func (d duplicates) value(depth int) error {
	t, err := d.dec.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	switch {
	case !ok:
		return nil
	case depth == maxNesting:
		return tooDeep()
	case delim == '[':
		err = d.list(depth)
	default:
		err = d.object(depth)
	}
	if err != nil {
		return err
	}
	_, err = d.dec.Token() // the closing bracket
	return err
}

func (d duplicates) list(depth int) error {
	for i := 0; d.dec.More(); i++ {
		if err := d.value(depth + 1); err != nil {
			return below(strconv.Itoa(i), err)
		}
	}
	return nil
}

func (d duplicates) object(depth int) error {
	seen := map[string]bool{}
	for d.dec.More() {
		t, err := d.dec.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return &duplicate{name: name}
		}
		seen[name] = true
		if err := d.value(depth + 1); err != nil {
			return below(name, err)
		}
	}
	return nil
}

// below puts a member or index before the path of err.
func below(member string, err error) error {
	if d, ok := err.(*duplicate); ok { //nolint:errorlint // nobody wraps it on the way
		d.path = "/" + pointerEscaper.Replace(member) + d.path
	}
	return err
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")
