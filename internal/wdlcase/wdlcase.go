// Package wdlcase runs cases of Logic Apps' expressions: JSON lines with a
// string of a definition, what it reads, and the value or the error that comes
// of it.
//
// A case has the members expr; context, see wdlexpr.NewContext; and either
// expect, the value, or error: true, or a text that a message holds. It may
// have id; type, the kind of the value (integer, float, decimal, string,
// boolean, array, object, null); compare, numeric where the kind of a number
// does not count, or ordered where the order of members does; and stage, parse
// where the error must come before anything is evaluated. Further members do not
// count.
package wdlcase

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

// Case is one case.
type Case struct {
	ID      string          `json:"id"`
	Expr    string          `json:"expr"`
	Context json.RawMessage `json:"context"`
	Expect  json.RawMessage `json:"expect"`
	Error   json.RawMessage `json:"error"`
	Type    string          `json:"type"`
	Compare string          `json:"compare"`
	Stage   string          `json:"stage"`
	Line    int             `json:"-"`
}

// Failure is a case that came out otherwise.
type Failure struct {
	ID   string `json:"id,omitempty"`
	Line int    `json:"line"`
	Expr string `json:"expr"`
	Got  string `json:"got"`
	Want string `json:"want"`
}

// Contested reads a list of cases whose expectation is not ours: lines with
// the identity of a case and the reason. Empty lines and those that start with
// # do not count.
func Contested(b []byte) (map[string]string, error) {
	reasons := map[string]string{}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(strings.TrimPrefix(line, byteOrderMark))
		if line == "" || line[0] == '#' {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		if reason = strings.TrimSpace(reason); reason == "" {
			return nil, fmt.Errorf("line %d: the case %s needs a reason", n, id)
		}
		reasons[id] = reason
	}
	return reasons, nil
}

const byteOrderMark = "\uFEFF"

// Outcome is what came of a list of cases. Contested cases that came out
// otherwise count as passed.
type Outcome struct {
	Passed    int         `json:"passed"`
	Failed    int         `json:"failed"`
	Failures  []Failure   `json:"failures,omitempty"`
	Contested []Contender `json:"contested,omitempty"`
}

// Contender is a contested case that came out otherwise, and why that is right.
type Contender struct {
	Failure
	Reason string `json:"reason"`
}

// RunAll runs cases. contested gives the reasons by the identities of cases
// whose expectation is not ours.
func RunAll(cases []Case, contested map[string]string) Outcome {
	var o Outcome
	for i := range cases {
		f := cases[i].Run()
		switch {
		case f == nil:
			o.Passed++
		case contested[f.ID] != "":
			o.Passed++
			o.Contested = append(o.Contested, Contender{*f, contested[f.ID]})
		default:
			o.Failed++
			o.Failures = append(o.Failures, *f)
		}
	}
	return o
}

// Read reads the cases of a file. Empty lines do not count, and neither does a
// byte order mark.
func Read(b []byte) ([]Case, error) {
	var cases []Case
	n := 0
	for line := range bytes.Lines(bytes.TrimPrefix(b, []byte(byteOrderMark))) {
		n++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		c := Case{Line: n}
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("line %d: %s", n, plain(err))
		}
		if c.Expect == nil && c.Error == nil {
			return nil, fmt.Errorf("line %d: a case needs expect or error", n)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// plain is an error of a decoder in words without Go.
func plain(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return fmt.Sprintf("%s is a %s, which it cannot be", kind.Field, kind.Value)
	}
	if errors.As(err, &kind) {
		return "a case is an object, this is an " + kind.Value
	}
	return "it is not JSON: " + err.Error()
}

// Run runs a case at a time of no importance, unless its context names one. It
// returns nil when the case came out as it should.
func (c *Case) Run() *Failure {
	got, value, stage := c.evaluate()
	want := "error " + string(c.Error)
	ok := false
	if c.Error != nil {
		ok = stage != "" && c.failsAs(got) && (c.Stage != "parse" || stage == "parse")
	} else {
		want = string(c.Expect)
		ok = stage == "" && c.matches(value)
		if c.Type != "" {
			want += " (" + c.Type + ")"
		}
	}
	if ok {
		return nil
	}
	return &Failure{ID: c.ID, Line: c.Line, Expr: c.Expr, Got: got, Want: want}
}

// evaluate returns the value and its JSON, or the message of an error and its
// stage.
func (c *Case) evaluate() (text string, value wdlexpr.Value, stage string) {
	p, problems := wdlexpr.Compile(c.Expr)
	if p == nil {
		all := make([]string, len(problems))
		for i, problem := range problems {
			all[i] = Problem(c.Expr, problem)
		}
		return strings.Join(all, "; "), nil, "parse"
	}
	var context wdlexpr.Value
	if len(c.Context) > 0 {
		var err error
		if context, err = wdlexpr.Decode(c.Context); err != nil {
			return err.Error(), nil, "context"
		}
	}
	env, err := wdlexpr.NewContext(context, time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC))
	if err != nil {
		return err.Error(), nil, "context"
	}
	value, err = p.Eval(env)
	if err != nil {
		return err.Error(), nil, "run"
	}
	raw, err := wdlexpr.Encode(value)
	if err != nil {
		return err.Error(), nil, "run"
	}
	return fmt.Sprintf("%s (%s)", raw, Kind(value)), value, ""
}

// Problem is a problem of a source as one line, with its place.
func Problem(source string, p expression.Problem) string {
	before := source[:min(p.Offset, len(source))]
	line, col := 1+strings.Count(before, "\n"), 1+len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	return fmt.Sprintf("%d:%d: %s [%s]", line, col, p.Message, p.Code)
}

// failsAs tells whether a message is the one that the case wants.
func (c *Case) failsAs(message string) bool {
	var text string
	if json.Unmarshal(c.Error, &text) != nil {
		return string(bytes.TrimSpace(c.Error)) == "true"
	}
	return strings.Contains(strings.ToLower(message), strings.ToLower(text))
}

// Kind names the kind of a value, as cases do.
func Kind(x wdlexpr.Value) string {
	switch x.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case int64:
		return "integer"
	case float64:
		return "float"
	case wdlexpr.Decimal:
		return "decimal"
	case string:
		return "string"
	case []wdlexpr.Value:
		return "array"
	default:
		return "object"
	}
}

// matches holds a value against what the case expects.
func (c *Case) matches(value wdlexpr.Value) bool {
	want, err := wdlexpr.Decode(c.Expect)
	if err != nil {
		return false
	}
	numeric := c.Compare == "numeric" || c.Type == "decimal"
	if kind, named, _ := strings.Cut(c.Type, " "); kind != "" {
		numeric = numeric || named == "numeric"
		isNumber := kind == "float" || kind == "integer" || kind == "decimal"
		if Kind(value) != kind && (!numeric || !isNumber) {
			return false
		}
	}
	return same(value, want, numeric, c.Compare == "ordered")
}

// same compares a value with what is expected of it.
func same(got, want wdlexpr.Value, numeric, ordered bool) bool {
	switch w := want.(type) {
	case []wdlexpr.Value:
		g, ok := got.([]wdlexpr.Value)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !same(g[i], w[i], numeric, ordered) {
				return false
			}
		}
		return true
	case *wdlexpr.Object:
		g, ok := got.(*wdlexpr.Object)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for i := range w.Len() {
			name, value := w.At(i)
			own, ok := g.Get(name)
			if at, _ := g.At(i); ordered && at != name {
				return false
			}
			if !ok || !same(own, value, numeric, ordered) {
				return false
			}
		}
		return true
	}
	a, isNumber := number(got)
	b, wantsNumber := number(want)
	if isNumber && wantsNumber {
		_, gotInt := got.(int64)
		_, wantInt := want.(int64)
		return a == b && (numeric || gotInt == wantInt)
	}
	return got == want
}

// number returns a number as a float.
func number(x wdlexpr.Value) (float64, bool) {
	switch v := x.(type) {
	case int64:
		return float64(v), true
	case float64:
		return v, true
	case wdlexpr.Decimal:
		var f float64
		err := json.Unmarshal([]byte(v.String()), &f)
		return f, err == nil
	}
	return 0, false
}
