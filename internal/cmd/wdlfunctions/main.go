// Command wdlfunctions writes docs/reference/logic-apps-functions.md, the
// reference of the functions that expressions of Logic Apps can call, from the
// library itself. go generate runs it.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

func main() {
	out := flag.String("out", "docs/reference/logic-apps-functions.md", "file to write")
	flag.Parse()
	if err := os.WriteFile(*out, page(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "wdlfunctions:", err)
		os.Exit(1)
	}
}

const head = `# Functions of Logic Apps

What expressions in definitions of Azure Logic Apps can call, and what a workflow of the engine's own language writes in its place. This page is generated from the library by
` + "`make generate`" + `; the examples are evaluated by the tests. ` + "`engine eval --wdl 'STRING'`" + ` shows the value of any string.

- A string is text; ` + "`@x`" + ` is an expression whose value keeps its type, ` + "`text @{x}`" + ` a text with expressions; ` + "`@@`" + ` in front, and ` + "`@@{`" + `, stand for themselves.
- Names of functions, properties, actions, variables and parameters have no case; of two properties the one of exactly that name comes first.
- ` + "`?`" + ` in front of an access forgives null and what is missing, for that access alone. ` + "`['a/b']`" + ` goes down step by step unless there is such a property.
- Texts show booleans as ` + "`True`" + ` and ` + "`False`" + `, null as nothing, floats as short as they can be, decimals with their zeros.
- Bounds: %d characters for an expression, %d expressions in a string, %d levels, %d steps, %d MiB for a value. What would take more ends with ` + "`ExpressionLimit`" + `.
- Places and lengths in texts count UTF-16 units. Nothing depends on the machine.
- Cultures: %s. A language alone is its first culture, an empty name the invariant culture; where none is named it is en-US.
- Zones have their Windows names, in whatever case and punctuation, or those of the IANA.

`

func page() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, head, wdlexpr.MaxSource, wdlexpr.MaxExpressions, wdlexpr.MaxNesting, wdlexpr.MaxSteps, wdlexpr.MaxText>>20, strings.Join(wdlexpr.Cultures(), ", "))
	byFamily := map[string][]wdlexpr.Function{}
	for _, f := range wdlexpr.Functions() {
		byFamily[f.Family] = append(byFamily[f.Family], f)
	}
	for _, family := range wdlexpr.Families() {
		names := make([]string, len(byFamily[family]))
		for i, f := range byFamily[family] {
			names[i] = fmt.Sprintf("[%s](#%s)", f.Name, strings.ToLower(f.Name))
		}
		fmt.Fprintf(&b, "**%s**: %s\n\n", family, strings.Join(names, " · "))
	}
	for _, family := range wdlexpr.Families() {
		fmt.Fprintf(&b, "## %s\n\n", family)
		if family == "The workflow" {
			fmt.Fprintf(&b, "The examples read this context, in the form of `engine eval --wdl --context FILE`:\n\n```json\n%s\n```\n\n", wdlexpr.ExampleContext)
		}
		for _, f := range byFamily[family] {
			writeFunction(&b, f)
		}
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func writeFunction(b *bytes.Buffer, f wdlexpr.Function) {
	fmt.Fprintf(b, "### %s\n\n`%s`\n\n%s\n\nHere: %s\n\n", f.Name, f.Signature, f.Summary, f.Here)
	if len(f.Examples) == 0 {
		return
	}
	b.WriteString("```\n")
	for _, e := range f.Examples {
		fmt.Fprintf(b, "%s\n  → %s\n", e.Source, e.Result)
	}
	b.WriteString("```\n\n")
}
