package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// homePage is where the project lives.
const homePage = "https://github.com/keelstep/keelstep"

// findingFormats are the values of --format, the default first.
var findingFormats = []string{"text", "json", "github", "sarif"}

// knownFormat refuses a --format that there is not.
func knownFormat(format string) error {
	if slices.Contains(findingFormats, format) {
		return nil
	}
	last := len(findingFormats) - 1
	return usagef("", "--format is %s or %s, not %q", strings.Join(findingFormats[:last], ", "), findingFormats[last], format)
}

// writeValidation writes what validate found: text for people, one JSON
// document, workflow commands of GitHub Actions, or a SARIF log.
func (a *app) writeValidation(format string, v validation, sources map[string][]byte) error {
	if format == "github" || format == "sarif" {
		v.Diagnostics = fromHere(v.Diagnostics)
	}
	switch format {
	case "json":
		return a.printJSON(v)
	case "github":
		return diag.GitHub(a.stdout, v.Diagnostics)
	case "sarif":
		return diag.SARIF(a.stdout, v.Diagnostics, diag.Tool{Name: "engine", Version: released(readBuild().Version), URL: homePage})
	case "text":
		a.printValidation(v, sources)
		return nil
	default:
		panic(fmt.Sprintf("engine: unhandled format %q", format))
	}
}

// released is a version as SARIF wants it, beginning with a number; empty for
// a build that has none.
func released(version string) string {
	version = strings.TrimPrefix(version, "v")
	if version == "" || version[0] < '0' || version[0] > '9' {
		return ""
	}
	return version
}

// fromHere names the files of findings from the directory that the command
// runs in, where they are below it: a service that shows findings beside the
// code takes that for the root of the repository.
func fromHere(l diag.List) diag.List {
	here, err := os.Getwd()
	if err != nil {
		return l
	}
	short := func(s *diag.Span) {
		switch {
		case s.File == "":
			return
		case !filepath.IsAbs(s.File):
			s.File = filepath.Clean(s.File)
			return
		}
		if rel, err := filepath.Rel(here, s.File); err == nil && filepath.IsLocal(rel) {
			s.File = rel
		}
	}
	out := slices.Clone(l)
	for i := range out {
		short(&out[i].Span)
		out[i].Related = slices.Clone(out[i].Related)
		for j := range out[i].Related {
			short(&out[i].Related[j].Span)
		}
	}
	return out
}
