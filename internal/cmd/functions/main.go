// Command functions writes docs/reference/functions.md, the reference of the
// functions that expressions can call, from the library itself. go generate
// runs it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

func main() {
	out := flag.String("out", "docs/reference/functions.md", "file to write")
	flag.Parse()
	if err := os.WriteFile(*out, page(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "functions:", err)
		os.Exit(1)
	}
}

const head = `# Functions

This page is generated from the library by ` + "`make generate`" + `. The examples are evaluated by the tests.

` + "`engine eval 'EXPR'`" + ` shows the value and the type of any expression.

- ` + "`x?`" + ` may be left out, ` + "`x...`" + ` stands for one or more. A constant text that has a form of its own (a zone, a pattern, a unit) is checked before the run.
- Functions are exact and bounded: an evaluation has %d steps and a value at most %d MiB. What would take more ends with ` + "`ExpressionLimit`" + `.
- Places and lengths in texts count characters. Nothing depends on the machine: not its zone, its language or the order of a map.
- A time, a duration and a decimal are values of their own while an expression is evaluated, and text once they are recorded: ` + "`date()`, `duration()` and `decimal()`" + ` read them again.
- Operators: ` + "`+ - * / %% ** == != < <= > >= and or not in contains startsWith endsWith matches ?? ?. ? : ..`" + `, parts by ` + "`x[from:to]`" + `, pipes as in ` + "`list | filter(.qty > 1) | map(.sku)`" + `.

`

// categories is the order of the page.
var categories = []string{"Text", "Numbers", "Times and durations", "Lists", "JSON and encodings", "Escaping and URLs", "Hashes"}

func page() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, head, expression.MaxSteps, expression.MaxResult>>20)
	byCategory := map[string][]expression.Function{}
	for _, f := range expression.Functions() {
		byCategory[f.Category] = append(byCategory[f.Category], f)
	}
	for _, category := range categories {
		names := make([]string, len(byCategory[category]))
		for i, f := range byCategory[category] {
			names[i] = fmt.Sprintf("[%s](#%s)", f.Name, strings.ToLower(f.Name))
		}
		fmt.Fprintf(&b, "**%s**: %s\n\n", category, strings.Join(names, " · "))
	}
	for _, category := range categories {
		fmt.Fprintf(&b, "## %s\n\n", category)
		for _, f := range byCategory[category] {
			writeFunction(&b, f)
		}
		delete(byCategory, category)
	}
	if len(byCategory) > 0 {
		panic(fmt.Sprintf("functions: categories without a place on the page: %v", byCategory))
	}
	fmt.Fprint(&b, "## Coming from Logic Apps\n\nWhat is written here in the place of each function of Logic Apps' expressions. A call of one that is not known here says the same.\n\n"+
		"| Logic Apps | here |\n|---|---|\n")
	for _, c := range expression.Counterparts() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Name, cell(c.Here))
	}
	return b.Bytes()
}

func writeFunction(b *bytes.Buffer, f expression.Function) {
	fmt.Fprintf(b, "### %s\n\n`%s`\n\n%s", f.Name, f.Signature, f.Summary)
	if f.WDL != "" {
		fmt.Fprintf(b, " Logic Apps: `%s`.", f.WDL)
	}
	b.WriteString("\n\n")
	if len(f.Examples) == 0 {
		return
	}
	b.WriteString("```\n")
	for _, e := range f.Examples {
		fmt.Fprintf(b, "%s\n  → %s\n", e.Source, e.Result)
	}
	b.WriteString("```\n\n")
}

// cell is a text as it stands in a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
