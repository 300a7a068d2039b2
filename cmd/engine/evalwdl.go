package main

import (
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
	return a.evalEach(sources, o, func(file, src string) evaluated { return evaluateWDL(file, src, env) })
}

// wdlContext reads the context of strings of a definition.
func (a *app) wdlContext(path string) (*wdlexpr.Context, error) {
	if path == "" {
		return wdlexpr.NewContext(nil, a.clock.Now())
	}
	raw, from, err := a.readInput(path)
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
		r.Error = failedEval(err)
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

// evalCases runs a file of cases.
func (a *app) evalCases(o evalOptions) error {
	if o.context != "" {
		return usagef("each case has its own: {\"expr\": \"@item()\", \"context\": {\"item\": 1}, \"expect\": 1}", "--cases takes no --context")
	}
	raw, from, err := a.readInput(o.cases)
	if err != nil {
		return err
	}
	const hint = `each line is a case, such as {"expr": "@add(1, 2)", "expect": 3}`
	cases, err := wdlcase.Read(raw)
	if err != nil {
		return usagef(hint, "%s: %v", from, err)
	}
	if len(cases) == 0 {
		return usagef(hint, "%s holds no cases", from)
	}
	var contested map[string]string
	if o.contested != "" {
		if raw, from, err = a.readInput(o.contested); err != nil {
			return err
		}
		if contested, err = wdlcase.Contested(raw); err != nil {
			return usagef("each line is the id of a case and the reason", "%s: %v", from, err)
		}
	}
	ran := wdlcase.RunAll(cases, contested)
	if o.json {
		if err := a.printJSON(ran); err != nil {
			return err
		}
	} else {
		a.printCases(o.cases, ran)
	}
	if ran.Failed > 0 {
		return exitWith(exitFailed)
	}
	return nil
}

// printCases prints the cases that came out otherwise, and how many did not.
func (a *app) printCases(file string, ran wdlcase.Outcome) {
	for _, c := range ran.Contested {
		writef(a.out, "%s:%d: %s is contested: %s\n  %s\n  got  %s\n  want %s\n", file, c.Line, c.ID, c.Reason, oneLine(c.Expr), c.Got, c.Want)
	}
	for _, f := range ran.Failures {
		writef(a.out, "%s:%d: %s\n  %s\n  got  %s\n  want %s\n", file, f.Line, f.ID, oneLine(f.Expr), f.Got, f.Want)
	}
	writef(a.out, "%d passed, %d failed\n", ran.Passed, ran.Failed)
}
