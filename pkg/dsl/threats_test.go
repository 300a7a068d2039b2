package dsl_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/internal/spent"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// Documents that broke other readers of YAML and JSON: each is refused with a
// finding at a place in it, and with little memory. What one costs in time
// BenchmarkThreats tells.
func TestThreats(t *testing.T) {
	for _, c := range threats() {
		t.Run(c.name, func(t *testing.T) {
			var l diag.List
			allocated := spent.Memory(func() { l = c.refuse() })
			if !l.HasErrors() {
				t.Fatal("no finding")
			}
			for _, d := range l {
				if d.Span.Start.Line < 1 || d.Span.Start.Offset > len(c.src) || strings.Contains(d.Message, "root:") {
					t.Errorf("%s at %+v: %s", d.Code, d.Span.Start, d.Message)
				}
			}
			if grown := allocated >> 20; grown > 400 {
				t.Errorf("allocated %d MiB", grown)
			}
		})
	}
}

// What it costs to refuse each of the documents of TestThreats.
func BenchmarkThreats(b *testing.B) {
	for _, c := range threats() {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.refuse()
			}
		})
	}
}

// threat is a document that is refused.
type threat struct{ name, file, src string }

// refuse compiles the document and prints what is found.
func (c threat) refuse() diag.List {
	_, l := dsl.Compile(c.file, []byte(c.src), newCatalog())
	diag.Text(l, diag.Source(c.file, []byte(c.src)))
	return l
}

func threats() []threat {
	const head = "workflow: x\nversion: \"1\"\nsteps:\n"
	value := func(text string) string { return head + "  - id: a\n    compose: " + text + "\n" }
	input := func(schema string) string { return "input: " + schema + "\n" + value("1") }
	jsonDoc := func(text string) string {
		return `{"workflow":"x","version":"1","steps":[{"id":"a","compose":` + text + `}]}`
	}
	return []threat{
		{"100,000 brackets in 200 KB", "x.yaml", value(strings.Repeat("[ ", 100_000))},
		{"100,000 dashes in 200 KB", "x.yaml", strings.Repeat("- ", 100_000)},
		{"100,000 braces", "x.yaml", value(strings.Repeat("{a: ", 50_000))},
		{"an anchor that holds itself", "x.yaml", value("&a [*a]")},
		{"an alias of nothing", "x.yaml", value("*nobody")},
		{"aliases that double", "x.yaml", doublingAliases(30) + value("*a30")},
		{"a merge of aliases", "x.yaml", value("{ <<: [*a, *a] }")},
		{"a tag of Python", "x.yaml", value("!!python/object/apply:os.system [\"id\"]")},
		{"a tag of its own", "x.yaml", value("!shell id")},
		{"a date that is none", "x.yaml", strings.Replace(value("1"), `"1"`, "2001-01-01", 1)},
		{"an octal number", "x.yaml", value("014")},
		{"two keys of one name", "x.yaml", value("1") + "workflow: y\n"},
		{"two documents", "x.yaml", value("1") + "---\n" + value("2")},
		{"NUL behind the end", "x.yaml", value("1") + "\x00"},
		{"10 MB of one scalar", "x.yaml", value(strings.Repeat("x", 10<<20))},
		{"10 MB of keys", "x.yaml", value("1") + strings.Repeat("a: 1\n", 2<<20)},
		{"10 MB of comments", "x.yaml", value("1") + strings.Repeat("# x\n", 3<<20)},

		{"JSON 100,000 deep", "x.json", jsonDoc(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000))},
		{"JSON members of one name", "x.json", jsonDoc(`{"a":1,"a":2}`)},
		{"JSON members of one name, escaped", "x.json", jsonDoc(`{"a":1,"\u0061":2}`)},
		{"JSON with something behind", "x.json", jsonDoc("1") + "{}"},
		{"JSON without an end", "x.json", jsonDoc(`"a`)},

		{"a schema that opens a file", "x.yaml", input(`{ $ref: "file:///etc/passwd" }`)},
		{"a schema that opens a URL", "x.yaml", input(`{ $ref: "https://example.com/s" }`)},
		{"a schema out of the folder", "x.yaml", input(`{ $ref: "../../../etc/passwd" }`)},
		{"nested not", "x.yaml", input(strings.Repeat("{ not: ", 200) + "{}" + strings.Repeat(" }", 200))},
		{"a pattern that is none", "x.yaml", input(`{ type: string, pattern: "(" }`)},
		{"a huge repeat", "x.yaml", input(`{ type: string, pattern: "a{1,1000000}" }`)},

		{"an expression of 8,193 characters", "x.yaml", value(`"${ ` + strings.Repeat("1+", 4100) + `1 }"`)},
		{"an expression of 900,000 parentheses", "x.yaml", value(`"${ ` + strings.Repeat("(", 900_000) + ` }"`)},
		{"an expression without an end", "x.yaml", value(`"` + strings.Repeat("${", 100_000) + `"`)},
		{"a text of expressions", "x.yaml", value(`"` + strings.Repeat("${ nope }", 50_000) + `"`)},
		{"a text of 100,000 wrong expressions", "x.yaml", value(`"` + strings.Repeat("${ x }é", 100_000) + `"`)},

		{"100,000 wrong steps", "x.yaml", head + strings.Repeat("- 1\n", 99_000)},
		{"100,000 tags", "x.yaml", head + strings.Repeat("- !x\n", 99_000)},
		{"75,000 unknown keys", "x.yaml", value("1") + numbered(75_000, "    k%d: 1\n")},
		{"90,000 unknown keys at the top", "x.yaml", numbered(90_000, "k%d: 1\n") + value("1")},
		{"50,000 members of one name in one line", "x.json", jsonDoc(`{"a":1` + strings.Repeat(`,"a":1`, 50_000) + "}")},
		{"33,000 steps of one id in one line", "x.json", `{"workflow":"x","version":"1","steps":[` + strings.Repeat(`{"id":"a","wait":"1s"},`, 33_000) + "]}"},
		{"a circle of 250 steps that all wait for all", "x.yaml", head + numbered(250, "- { id: s%d, compose: 1, runAfter: ["+numbered(250, "s%d,")+"] }\n")},
		{"60,000 unknown predecessors", "x.yaml", head + "- { id: a, compose: 1, runAfter: [" + numbered(60_000, "t%d,") + "] }\n"},
		{"7,000 names of steps that are nearly others", "x.yaml", head + numbered(7_000, "- { id: "+strings.Repeat("s", 40)+"%[1]d, compose: 1, runAfter: [x"+strings.Repeat("s", 38)+"%[1]dx] }\n")},
		{"6,000 names of variables that are nearly others", "x.yaml", "variables: {" + numbered(3_000, strings.Repeat("v", 55)+"%d: 1,") + "}\n" + head + numbered(6_000, "- { id: s%[1]d, compose: \"${ vars.x"+strings.Repeat("v", 54)+"%[1]dx }\" }\n")},
	}
}

// doublingAliases is n lists, each of which holds the one before twice.
func doublingAliases(n int) string {
	var b strings.Builder
	b.WriteString("x0: &a0 [1, 1]\n")
	for i := 1; i <= n; i++ {
		before, own := strconv.Itoa(i-1), strconv.Itoa(i)
		b.WriteString("x" + own + ": &a" + own + " [*a" + before + ", *a" + before + "]\n")
	}
	return b.String()
}

// numbered is a format n times, with the numbers from 0.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}
