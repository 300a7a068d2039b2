package main

import (
	"fmt"
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
	switch format {
	case "json":
		return a.printJSON(v)
	case "github":
		return diag.GitHub(a.stdout, v.Diagnostics)
	case "sarif":
		return diag.SARIF(a.stdout, v.Diagnostics, diag.Tool{Name: "engine", Version: readBuild().Version, URL: homePage})
	case "text":
		a.printValidation(v, sources)
		return nil
	default:
		panic(fmt.Sprintf("engine: unhandled format %q", format))
	}
}
