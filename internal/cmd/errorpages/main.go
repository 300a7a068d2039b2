// Command errorpages writes the pages of the diagnostic codes, docs/errors,
// from the texts and examples of pkg/diag/page and the code table of pkg/diag.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/diag/page"
)

func main() {
	out := flag.String("out", "docs/errors", "the folder of the pages")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "errorpages:", err)
		os.Exit(1)
	}
}

// write writes a page for each code and the index, and removes pages of codes
// that are no more.
func write(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "E[0-9][0-9][0-9].md"))
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range old {
		errs = append(errs, os.Remove(file))
	}
	for _, p := range page.All() {
		errs = append(errs, os.WriteFile(filepath.Join(dir, string(p.Code)+".md"), pageOf(p), 0o644))
	}
	errs = append(errs, os.WriteFile(filepath.Join(dir, "README.md"), index(page.All()), 0o644))
	return errors.Join(errs...)
}

const origin = "<!-- Written by make generate from pkg/diag. -->"

// prose keeps the characters of plain text that mean something in Markdown.
var prose = strings.NewReplacer(`\`, `\\`, "*", `\*`, "<", `\<`, "|", `\|`)

// pageOf returns the page of one code as Markdown.
func pageOf(p page.Page) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n", p.Code, prose.Replace(p.Title), origin)
	if p.Warning {
		b.WriteString("This is a warning: it does not stop a workflow from being accepted.\n\n")
	}
	fmt.Fprintf(&b, "%s **%s**\n\n%s\n", prose.Replace(p.Explanation), prose.Replace(p.Hint), prose.Replace(p.Text))
	b.WriteString("\n## Wrong\n")
	example(&b, p.Wrong)
	if found := said(p); found != "" {
		fmt.Fprintf(&b, "\n```text\n%s```\n", found)
	}
	b.WriteString("\n## Right\n")
	example(&b, p.Right)
	return b.Bytes()
}

// example writes the files of an example.
func example(b *bytes.Buffer, x page.Example) {
	if x.Workflow != "" {
		fmt.Fprintf(b, "\n```yaml\n%s```\n", x.Workflow)
	}
	if x.Environment != "" {
		fmt.Fprintf(b, "\n`%s`:\n\n```yaml\n%s```\n", environmentFile, x.Environment)
	}
}

// said returns the finding of the code as validate prints it, empty where the
// example cannot be checked.
func said(p page.Page) string {
	if p.Wrong.Shortened {
		return ""
	}
	for _, d := range findings(p.Wrong) {
		if d.Code == p.Code {
			return diag.Text(diag.List{d}, sources(p.Wrong))
		}
	}
	return ""
}

// groups are the kinds of codes, by their first digit.
var groups = []struct{ digit, title string }{
	{"1", "Reading a file"},
	{"2", "Structure and names"},
	{"3", "The order of steps"},
	{"4", "Expressions"},
	{"5", "Calls and connections"},
	{"6", "Environments"},
}

// index returns the list of all pages.
func index(pages []page.Page) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Codes of findings\n\n%s\n\n", origin)
	b.WriteString("`engine validate` reports everything that is wrong with a file at once. Each finding has a code, which never changes\n" +
		"its meaning; `engine explain CODE` shows its page in the terminal. Problems of the HTTP API are in [http.md](http.md).\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| code | |\n|---|---|\n", g.title)
		for _, p := range pages {
			if strings.HasPrefix(string(p.Code), "E"+g.digit) {
				note := ""
				if p.Warning {
					note = " (a warning)"
				}
				fmt.Fprintf(&b, "| [%s](%s.md) | %s%s |\n", p.Code, p.Code, prose.Replace(p.Title), note)
			}
		}
	}
	return b.Bytes()
}
