package dsl_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/internal/spent"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// Documents made to break a reader are refused with a finding, quickly: each
// is held against a number of bytes that it may allocate, which does not
// depend on the machine as time does.
func TestBombs(t *testing.T) {
	const head = "workflow: x\nversion: \"1\"\nsteps:\n  - id: a\n    compose: "
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	for _, b := range []struct {
		name, file, src string
		code            diag.Code
	}{
		{"laughs", "x.yaml", laughs.String(), "E106"},
		{"scalar", "x.yaml", head + strings.Repeat("x", 10<<20), "E103"},
		{"deep flow", "x.yaml", head + strings.Repeat("[", 10_000), "E104"},
		{"deep flow closed", "x.yaml", head + strings.Repeat("[", 500) + strings.Repeat("]", 500), "E104"},
		{"deep block", "x.yaml", "a:\n" + deepBlock(900), "E104"},
		{"deep dashes", "x.yaml", strings.Repeat("- ", 10_000), "E104"},
		{"deep json", "x.json", strings.Repeat("[", 1_000_000), "E104"},
		{"deep json objects", "x.json", strings.Repeat(`{"a":`, 200_000), "E104"},
		{"json comments", "x.json", strings.Repeat("/**/", 200_000), "E101"},
		{"json strings", "x.json", strings.Repeat(`"`, 1_000_000), "E101"},
		{"nul", "x.yaml", head + "a\x00b", "E102"},
		{"nul json", "x.json", "{\"a\": \"\x00\"}", "E102"},
		{"utf-16", "x.yaml", "\xff\xfea\x00:\x00", "E102"},
		{"utf-8", "x.yaml", head + "\xc3\x28", "E102"},
		{"empty", "x.yaml", "", "E111"},
		{"empty json", "x.json", "", "E101"},
		{"bom only", "x.yaml", "\ufeff", "E111"},
		{"bom json", "x.json", "\ufeff[", "E101"},
		{"errors", "x.yaml", "workflow: x\nversion: \"1\"\nsteps:\n" + strings.Repeat("  - id: a: b\n", 60_000), "E101"},
		{"quotes", "x.yaml", head + strings.Repeat("\"x\" \"", 100_000), "E101"},
		{"keys", "x.yaml", "? " + strings.Repeat("? ", 10_000), "E104"},
		{"100,000 steps", "x.yaml", "workflow: x\nversion: \"1\"\nsteps: [" + strings.Repeat("{},", 100_000) + "]\n", "E105"},
		{"steps of one id", "x.yaml", "workflow: x\nversion: \"1\"\nsteps:\n" + strings.Repeat("- {id: a, wait: 1s}\n", 30_000), "E210"},
		{"steps without verb", "x.json", `{"workflow":"x","version":"1","steps":[` + strings.Repeat(`{"id":"a"},`, 40_000) + "]}", "E205"},
		{"unknown zones", "x.yaml", "workflow: x\nversion: \"1\"\nsteps: []\ntriggers:\n" + strings.Repeat("- {id: a, schedule: {every: 1h, timezone: Europa/Barlin}}\n", 15_000), "E218"},
		{"unknown operations", "x.yaml", "workflow: x\nversion: \"1\"\nsteps:\n" + strings.Repeat("- {id: a, action: htpt.gte, with: {paht: x}}\n", 18_000), "E501"},
		{"attributes", "x.yaml", "workflow: x\nversion: \"1\"\nsteps:\n" + strings.Repeat("- {id: a, wait: 1s, track: {a: run.id, b: \"1\"}}\n", 15_000), "E210"},
		{"one long chain", "x.yaml", "workflow: x\nversion: \"1\"\nsteps:\n- {id: a, fail: x}\n" + strings.Repeat("- {id: b, runAfter: {a: [failed, skipped]}, compose: \"${ steps.a.error.code }\"}\n", 11_000), "E210"},
		{"schemas", "x.yaml", "workflow: x\nversion: \"1\"\nsteps: []\nparameters:\n" + strings.Repeat("  a: {type: object, properties: {a: {$ref: ../x}}}\n", 14_000), "E221"},
		{"broken json", "x.json", `{"steps":[` + strings.Repeat(`{"id":"a" "wait":1},`, 40_000) + "]}", "E101"},
	} {
		t.Run(b.name, func(t *testing.T) {
			var l diag.List
			got := spent.Memory(func() { _, l = dsl.Compile(b.file, []byte(b.src), newCatalog()) })
			checkBomb(t, b.code, l)
			if got > 400<<20 {
				t.Errorf("%d MiB allocated", got>>20)
			}
		})
	}
}

func checkBomb(t *testing.T, code diag.Code, l diag.List) {
	t.Helper()
	for _, d := range l {
		if d.Code == code {
			return
		}
	}
	t.Errorf("no finding %s, but %s", code, diag.Text(l[:min(len(l), 3)], nil))
}

func deepBlock(n int) string {
	var b bytes.Buffer
	for i := 1; i < n; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// The bounds hold at their edge.
func TestLimits(t *testing.T) {
	doc := func(value string) string {
		return "workflow: x\nversion: \"1\"\nsteps: [{ id: a, compose: " + value + " }]\n"
	}
	pad := func(n int) string { return doc("1") + "#" + strings.Repeat("x", n-len(doc("1"))-1) }
	nested := func(n int) string { return doc(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	aliases := func(n int) string {
		return doc("[&a 1" + strings.Repeat(", *a", n) + "]")
	}
	// Values beside the list's elements: the document, workflow, version,
	// steps, the step, id and the list.
	const beside = 7
	values := func(n int) string { return doc("[1" + strings.Repeat(",1", n-beside-1) + "]") }
	for _, c := range []struct {
		name  string
		make  func(int) string
		limit int
		code  diag.Code
	}{
		{"size", pad, dsl.MaxSource, "E103"},
		{"depth", nested, dsl.MaxDepth - 3, "E104"}, // document, steps, step
		{"aliases", aliases, dsl.MaxAliases, "E106"},
		{"values", values, dsl.MaxNodes, "E105"},
	} {
		for _, n := range []int{c.limit - 1, c.limit, c.limit + 1} {
			_, l := dsl.Read("x.yaml", []byte(c.make(n)))
			if got, want := len(l) > 0, n > c.limit; got != want {
				t.Errorf("%s %d of %d: findings %v", c.name, n, c.limit, l)
			}
			if len(l) > 0 && l[0].Code != c.code {
				t.Errorf("%s: got %s, want %s", c.name, l[0].Code, c.code)
			}
		}
	}
}

// The number of findings is bounded, and the last one says that there are
// more.
func TestManyFindings(t *testing.T) {
	var b strings.Builder
	b.WriteString("workflow: x\nversion: \"1\"\nsteps:\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "  - { id: s%d, compose: \"${ nothing }\" }\n", i)
	}
	_, l := dsl.Compile("x.yaml", []byte(b.String()), newCatalog())
	if len(l) != 1000 || !strings.HasPrefix(l[999].Hint, "1 or more further findings") {
		t.Errorf("%d findings, the last %+v", len(l), l[len(l)-1])
	}
	// Warnings do not crowd out an error behind them.
	warnings := strings.ReplaceAll(b.String(), "${ nothing }", "vars.x") + "  - { id: last, compose: \"${ nothing }\" }\n"
	warnings = strings.Replace(warnings, "steps:", "variables: { x: 1 }\nsteps:", 1)
	w, l := dsl.Compile("x.yaml", []byte(warnings), newCatalog())
	if w != nil || len(l) != 1000 || !l.HasErrors() {
		t.Errorf("workflow %v, %d findings, errors %v", w != nil, len(l), l.HasErrors())
	}
}

// longDocument is a workflow of n steps, each of which reads the first one and
// the one before.
func longDocument(n int) []byte {
	var b bytes.Buffer
	b.WriteString("workflow: x\nversion: \"1\"\nsteps:\n  - { id: s0, compose: 1 }\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "  - { id: s%d, compose: \"${ steps.s0.output + steps.s%d.output }\" }\n", i, i-1)
	}
	return b.Bytes()
}
