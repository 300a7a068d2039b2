package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/diag"
)

// validateOptions is the flags of engine validate.
type validateOptions struct {
	env, format, name string
	warnAny           bool
}

func validateCommand(a *app) *cobra.Command {
	var o validateOptions
	c := &cobra.Command{
		Use:   "validate PATH...",
		Short: "Check workflow files and projects",
		Long: `validate checks workflows and reports everything that is wrong at once, each
finding with its place, its cause and what to do. PATH is a file, or a project
folder whose workflows, environments and tests are all checked; - is standard
input. Every environment is held against the workflows: connections, their
settings, parameters. What the one lacks that --env names is shown at the steps
that need it. Workflows that are named alone are checked without an environment
unless --env names one.

Exit codes: 0 nothing is wrong, 1 there are errors, 2 wrong usage.`,
		Example: `  engine validate samples/order
  engine validate workflows/*.yaml --env staging
  engine validate . --warn-any
  engine validate . --format github
  engine validate . --format sarif > findings.sarif
  engine validate - --name workflows/order.yaml < order.yaml`,
		Args: wantArgs(1, -1, "a file or a folder"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.validate(args, o)
		},
	}
	envFlag(c, &o.env, "check against this environment: a name in env/, or a file")
	c.Flags().BoolVar(&o.warnAny, "warn-any", false, "list the values of which nothing is known before the run, so that nothing about them is checked")
	c.Flags().StringVar(&o.format, "format", "text", "text, json, github (annotations in GitHub Actions) or sarif")
	c.Flags().StringVar(&o.name, "name", "workflow.yaml", "what standard input is called: its extension and folder say what it is")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(findingFormats, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	return c
}

// validation is the answer of engine validate --format json.
type validation struct {
	Valid       bool      `json:"valid"`
	Files       []string  `json:"files"`
	Errors      int       `json:"errors"`
	Warnings    int       `json:"warnings"`
	Diagnostics diag.List `json:"diagnostics"`
}

func (a *app) validate(paths []string, o validateOptions) error {
	if err := knownFormat(o.format); err != nil {
		return err
	}
	if slices.Contains(paths, "-") && len(paths) > 1 {
		return usagef("", "- stands for standard input and goes with no other path")
	}
	c := newChecker(a, o)
	for _, path := range paths {
		check := c.path
		if path == "-" {
			path, check = o.name, c.input
		}
		if err := check(path); err != nil {
			return err
		}
	}
	c.found.Sort()
	v := validation{Files: c.files, Diagnostics: append(diag.List{}, c.found...)}
	for _, d := range v.Diagnostics {
		if d.Severity == diag.Error {
			v.Errors++
		} else {
			v.Warnings++
		}
	}
	v.Valid = v.Errors == 0
	if err := a.writeValidation(o.format, v, c.sources); err != nil {
		return err
	}
	if !v.Valid {
		return exitWith(exitFailed)
	}
	return nil
}

func (a *app) printValidation(v validation, sources map[string][]byte) {
	_ = findingStyle.Render(a.out, v.Diagnostics, sourcesOf(sources)) // as with writef
	if len(v.Diagnostics) > 0 {
		writef(a.out, "\n")
	}
	files := fmt.Sprintf("%d %s", len(v.Files), plural(len(v.Files), "file"))
	if len(v.Files) == 1 {
		files = v.Files[0]
	}
	switch {
	case v.Errors > 0:
		writef(a.out, "%s %s: %d %s", styleBad.Render("✗"), files, v.Errors, plural(v.Errors, "error"))
	default:
		writef(a.out, "%s %s: no errors", styleGood.Render("✓"), files)
	}
	if v.Warnings > 0 {
		writef(a.out, ", %d %s", v.Warnings, plural(v.Warnings, "warning"))
	}
	writef(a.out, "\n")
}

// printFindings shows findings on stderr, for commands that are about
// something else.
func (a *app) printFindings(l diag.List, src diag.Sources) {
	if len(l) > 0 {
		_ = findingStyle.Render(a.errs, l, src) // as with writef
		writef(a.errs, "\n")
	}
}

func sourcesOf(m map[string][]byte) diag.Sources {
	return func(file string) []byte { return m[file] }
}

// diagnosticsOf turns findings of the API into ours.
func diagnosticsOf(in []client.Diagnostic) diag.List {
	var out diag.List
	for _, d := range in {
		o := diag.Diagnostic{Code: diag.Code(d.Code), Path: d.Path, Message: d.Message, Hint: d.Hint, Span: spanOf(d.Span)}
		if d.Severity == client.DiagnosticSeverity("warning") {
			o.Severity = diag.Warning
		}
		for _, r := range d.Related {
			o.Related = append(o.Related, diag.Related{Span: spanOf(r.Span), Message: r.Message})
		}
		out = append(out, o)
	}
	return out
}

func spanOf(s client.Span) diag.Span {
	return diag.Span{
		File:  s.File,
		Start: diag.Pos{Line: s.Start.Line, Col: s.Start.Col, Offset: s.Start.Offset},
		End:   diag.Pos{Line: s.End.Line, Col: s.End.Col, Offset: s.End.Offset},
	}
}
