package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
)

// evalOptions is the flags of engine eval.
type evalOptions struct {
	context   string
	cases     string
	contested string
	json      bool
	wdl       bool
}

func evalCommand(a *app) *cobra.Command {
	var o evalOptions
	c := &cobra.Command{
		Use:   "eval EXPR...",
		Short: "Evaluate expressions, as they stand in workflows",
		Long: `eval checks and evaluates expressions and shows each value and its type.

What they read comes from --context, a JSON file with members such as input,
trigger, params, vars, steps, loops, error, task, event and run, in the form
that expressions read: {"steps": {"book": {"output": …}}}. A member with
another name is a name of its own, as a loop gives one to its item. The member
now is the time that now() yields.

With --wdl they are strings of a definition of Logic Apps: @x, or text with
@{x}. The context then has trigger, actions, variables, parameters, item, items
and so on, as such a definition reads them. --cases runs a file of such strings,
one JSON object a line with expr, context, and expect or error: true, or a text
that the message holds. It prints each case that came out otherwise, and
"N passed, M failed". Those that --contested lists count as passed.

Exit codes: 0 all have a value, 1 one is wrong or failed, 2 wrong usage.`,
		Example: `  engine eval '1 + 2' 'upper("gold")'
  engine eval --context run.json 'steps.book.output.body.id'
  echo '{"input": {"total": 3}}' | engine eval --context - --json 'input.total > 2'
  engine eval --wdl "@formatNumber(1234.5, 'N2')" 'total: @{add(1, 2)}'
  engine eval --wdl --cases cases.jsonl`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.cases != "" {
				return wantArgs(0, 0, "")(cmd, args)
			}
			return wantArgs(1, -1, "an expression")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case o.cases != "":
				return a.evalCases(o)
			case o.contested != "":
				return usagef("name the cases with --cases FILE.jsonl", "--contested goes with --cases")
			case o.wdl:
				return a.evalWDL(args, o)
			}
			return a.eval(args, o)
		},
	}
	c.Flags().StringVar(&o.context, "context", "", "JSON file with what the expressions read; - is standard input")
	c.Flags().BoolVar(&o.wdl, "wdl", false, "the expressions are strings of a definition of Logic Apps")
	c.Flags().StringVar(&o.cases, "cases", "", "run the cases of a file, one JSON object a line, as Logic Apps evaluates them; - is standard input")
	c.Flags().StringVar(&o.contested, "contested", "", "file of cases whose expectation is not ours: a line has the id of a case and the reason")
	c.Flags().BoolVar(&o.json, "json", false, "as JSON")
	return c
}

// evaluated is what became of one expression.
type evaluated struct {
	Source   string          `json:"source"`
	Type     string          `json:"type,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Error    *evalError      `json:"error,omitempty"`
	Findings diag.List       `json:"diagnostics,omitempty"`
	shown    string
}

// evalError is an evaluation that failed.
type evalError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (a *app) eval(sources []string, o evalOptions) error {
	env, err := a.evalContext(o.context)
	if err != nil {
		return err
	}
	return a.evalEach(sources, o, env.evaluate)
}

// evalEach evaluates expressions, each with a name for findings, and prints
// what became of them.
func (a *app) evalEach(sources []string, o evalOptions, evaluate func(file, src string) evaluated) error {
	results := make([]evaluated, len(sources))
	code := exitOK
	var err error
	for i, src := range sources {
		file := ""
		if len(sources) > 1 {
			file = fmt.Sprintf("expression %d", i+1)
		}
		results[i] = evaluate(file, src)
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

func (a *app) printEvaluated(results []evaluated) {
	for _, r := range results {
		a.printFindings(r.Findings, func(string) []byte { return []byte(r.Source) })
		switch {
		case r.Error != nil:
			writef(a.errs, "%s %s [%s]\n", styleBad.Render("✗"), r.Error.Message, r.Error.Code)
		case r.Type != "":
			writef(a.out, "%s  %s\n", r.shown, styleDim.Render(r.Type))
		}
	}
}

// evalEnv is what expressions read.
type evalEnv struct {
	scope expression.Scope
	slots map[expression.Read]any
	now   time.Time
	from  string // the file of the context; empty: none was given
}

// Read returns the value of a slot.
func (e *evalEnv) Read(r expression.Read) (any, error) {
	if r.Root == expression.RootSecrets {
		return expression.Sealed{Secret: r.Name}, nil
	}
	return e.slots[r], nil
}

// Now is the time of the context, or that of the clock.
func (e *evalEnv) Now() time.Time { return e.now }

// Seed is the same for each call of the command.
func (e *evalEnv) Seed() string { return "engine eval" }

var _ expression.Env = (*evalEnv)(nil)

// evaluate checks and evaluates one expression; file names it in findings.
func (e *evalEnv) evaluate(file, src string) evaluated {
	r := evaluated{Source: src}
	p, typ, problems := expression.Compile(src, &e.scope)
	for _, problem := range problems {
		r.Findings = append(r.Findings, e.advise(findingOf(file, src, problem)))
	}
	if p == nil {
		return r
	}
	x, err := p.Eval(e)
	if err != nil {
		r.Error = failedEval(err)
		return r
	}
	raw, err := expression.Encode(x)
	if err != nil {
		r.Error = &evalError{Code: expression.CodeExpressionError, Message: err.Error()}
		return r
	}
	r.Type, r.Value, r.shown = typ.String(), raw, string(raw)
	switch v := x.(type) {
	case expression.Duration, expression.Decimal, expression.Sealed:
		r.shown = fmt.Sprint(v)
	case time.Time:
		r.shown = expression.FormatTime(v)
	}
	return r
}

// failedEval is an evaluation's error as it is shown.
func failedEval(err error) *evalError {
	failed := &expression.Error{Code: expression.CodeExpressionError, Message: err.Error()}
	errors.As(err, &failed)
	return &evalError{Code: failed.Code, Message: failed.Message}
}

// readInput reads a file, or standard input for -. from names it in messages.
func (a *app) readInput(path string) (raw []byte, from string, err error) {
	if path == "-" {
		raw, err = readBounded(a.in, "standard input")
		return raw, "standard input", err
	}
	raw, err = readSource(path)
	return raw, path, err
}

// advise says how an expression is given what it reads.
func (e *evalEnv) advise(d diag.Diagnostic) diag.Diagnostic {
	if d.Code != "E412" || d.Hint != "" {
		return d
	}
	d.Hint = "give it in a file with --context FILE.json, such as {\"input\": {\"total\": 3}}"
	if e.from != "" {
		d.Hint = "add it to " + e.from
	}
	return d
}

// findingOf places a problem in an expression that is a text of its own.
func findingOf(file, src string, p expression.Problem) diag.Diagnostic {
	d := diag.Diagnostic{Code: diag.Code(p.Code), Message: p.Message, Hint: p.Hint}
	d.Span = diag.Span{File: file, Start: posIn(src, p.Offset), End: posIn(src, p.Offset+p.Length)}
	if p.Warning {
		d.Severity = diag.Warning
	}
	return d
}

func posIn(src string, offset int) diag.Pos {
	before := src[:min(offset, len(src))]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return diag.Pos{Line: 1 + strings.Count(before, "\n"), Col: 1 + utf8.RuneCountInString(line), Offset: offset}
}

// evalContext reads the context of the expressions.
func (a *app) evalContext(path string) (*evalEnv, error) {
	e := &evalEnv{slots: map[expression.Read]any{}, now: a.clock.Now()}
	e.scope = expression.Scope{Secrets: true, Names: map[string]expression.Name{
		"secrets": {Type: &expression.Type{Kind: expression.TypeObject, Open: true}},
	}}
	if path == "" {
		return e, nil
	}
	raw, from, err := a.readInput(path)
	if err != nil {
		return nil, err
	}
	e.from = from
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil, usagef(`--context takes a JSON object, such as {"input": {"total": 3}}`, "%s is not JSON: %v", e.from, err)
	}
	object, ok := x.(map[string]any)
	if !ok {
		return nil, usagef(`write it like {"input": {"total": 3}}`, "%s is no JSON object", e.from)
	}
	return e, e.fill(object)
}
