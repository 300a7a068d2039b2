package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/internal/wdlcase"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

// evalWDL evaluates strings as definitions of Logic Apps hold them.
func (a *app) evalWDL(sources []string, o evalOptions) error {
	env, err := a.wdlContext(o.context)
	if err != nil {
		return err
	}
	results := make([]evaluated, len(sources))
	code := exitOK
	for i, src := range sources {
		file := ""
		if len(sources) > 1 {
			file = fmt.Sprintf("expression %d", i+1)
		}
		results[i] = evaluateWDL(file, src, env)
		if results[i].Error != nil || results[i].Findings.HasErrors() {
			code = exitFailed
		}
	}
	if o.json {
		err = a.printJSON(results)
	} else {
		a.printEvaluated(results)
	}
	if err != nil {
		return err
	}
	return exitWith(code)
}

// wdlContext reads the context of strings of a definition.
func (a *app) wdlContext(path string) (*wdlexpr.Context, error) {
	if path == "" {
		return wdlexpr.NewContext(nil, a.clock.Now())
	}
	from := path
	var raw []byte
	var err error
	if path == "-" {
		from = "standard input"
		raw, err = readBounded(a.in, from)
	} else {
		raw, err = readSource(path)
	}
	if err != nil {
		return nil, err
	}
	const hint = `--context takes a JSON object, such as {"variables": {"total": 3}}`
	x, err := wdlexpr.Decode(raw)
	if err != nil {
		return nil, usagef(hint, "%s is not JSON: %v", from, err)
	}
	if o, ok := x.(*wdlexpr.Object); ok {
		known := wdlexpr.ContextMembers()
		for i := range o.Len() {
			if name, _ := o.At(i); !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) }) {
				return nil, usagef("it knows "+strings.Join(known, ", "), "%s in %s is not known", name, from)
			}
		}
	}
	env, err := wdlexpr.NewContext(x, a.clock.Now())
	if err != nil {
		return nil, usagef(hint, "%s: %v", from, err)
	}
	return env, nil
}

// evaluateWDL compiles and evaluates one string; file names it in findings.
func evaluateWDL(file, src string, env wdlexpr.Env) evaluated {
	r := evaluated{Source: src}
	p, problems := wdlexpr.Compile(src)
	for _, problem := range problems {
		r.Findings = append(r.Findings, findingOf(file, src, problem))
	}
	if p == nil {
		return r
	}
	x, err := p.Eval(env)
	if err != nil {
		failed := &expression.Error{Code: expression.CodeExpressionError, Message: err.Error()}
		errors.As(err, &failed)
		r.Error = &evalError{Code: failed.Code, Message: failed.Message}
		return r
	}
	raw, err := wdlexpr.Encode(x)
	if err != nil {
		r.Error = &evalError{Code: expression.CodeExpressionLimit, Message: err.Error()}
		return r
	}
	r.Type, r.Value, r.shown = wdlcase.Kind(x), raw, string(raw)
	return r
}

// ran is what came of a file of cases.
type ran struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	Failures []wdlcase.Failure `json:"failures,omitempty"`
}

// evalCases runs a file of cases.
func (a *app) evalCases(o evalOptions) error {
	raw, err := readSource(o.cases)
	if err != nil {
		return err
	}
	cases, err := wdlcase.Read(raw)
	if err != nil {
		return usagef(`each line is a case, such as {"expr": "@add(1, 2)", "expect": 3}`, "%s: %v", o.cases, err)
	}
	var r ran
	for i := range cases {
		if failure := cases[i].Run(); failure != nil {
			r.Failed++
			r.Failures = append(r.Failures, *failure)
			continue
		}
		r.Passed++
	}
	if o.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		for _, f := range r.Failures {
			writef(a.out, "%s:%d: %s\n  %s\n  got  %s\n  want %s\n", o.cases, f.Line, f.ID, oneLine(f.Expr), f.Got, f.Want)
		}
		writef(a.out, "%d passed, %d failed\n", r.Passed, r.Failed)
	}
	if r.Failed > 0 {
		return exitWith(exitFailed)
	}
	return nil
}
