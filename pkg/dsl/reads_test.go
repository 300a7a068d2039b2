package dsl_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// readForms are the forms of a read, as the table has them.
var readForms = []string{
	"steps.a.output.n + 1", "steps.a.output?.n", "steps.a.output.n ?? 0", "steps.a.status == 'succeeded'",
	"steps.a.status == 'succeeded' ? steps.a.output.n + 1 : 0", "steps.a",
}

// A step is read from everywhere in all forms as the table says. The table is
// made by hand and never rewritten.
func TestReads(t *testing.T) {
	src, err := os.ReadFile("testdata/reads/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for i, line := range strings.Split(string(src), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		head, steps, ok := strings.Cut(line, " | ")
		words := strings.Fields(head)
		if !ok || len(words) <= len(readForms) {
			t.Fatalf("table.txt:%d: no line of the table: %s", i+1, line)
		}
		lines++
		place := strings.Join(words[len(readForms):], " ")
		for k, form := range readForms {
			src := readDocument(place, steps, form)
			got := verdict(t, src)
			if got != words[k] {
				t.Errorf("table.txt:%d: %s, %s: %s, want %s\n%s", i+1, place, form, got, words[k], src)
			}
		}
	}
	if lines < 80 {
		t.Errorf("the table has %d lines only", lines)
	}
}

// readDocument is a workflow of the steps with the form put in.
func readDocument(place, steps, form string) string {
	output := ""
	if strings.HasPrefix(place, "output:") {
		output = "output: VALUE\n"
	}
	doc := fmt.Sprintf(`workflow: x
version: "1"
connections: { http: { connector: http } }
input: { type: object, required: [x, t], properties: { x: { type: boolean }, t: { type: string } } }
steps: [%s]
%s`, steps, output)
	return strings.NewReplacer(
		"{ A", "{ id: a, compose: { n: 1 }", "{ SCOPE", "{ id: a, do: [{ id: in, compose: 1 }], output: { n: 1 }",
		`"[COND]"`, `"[(`+form+`) != null]"`, "COND", `"(`+form+`) != null"`, "VALUE", `"${ `+form+` }"`,
	).Replace(doc)
}

// verdict is + for a document that stands, or the codes of its errors.
func verdict(t *testing.T, src string) string {
	t.Helper()
	_, found := dsl.Compile("x.yaml", []byte(src), newCatalog())
	var codes []string
	for _, d := range found {
		if code := string(d.Code); d.Severity == diag.Error && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		return "+"
	}
	return strings.Join(codes, ",")
}
