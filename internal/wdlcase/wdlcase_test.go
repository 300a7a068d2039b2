package wdlcase

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

// TestCases runs the files of cases in testdata: each case of passed.jsonl
// passes, none of failed.jsonl does.
func TestCases(t *testing.T) {
	for file, want := range map[string]bool{"passed.jsonl": true, "failed.jsonl": false} {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		cases, err := Read(b)
		if err != nil || len(cases) < 10 {
			t.Fatalf("%s: %d cases, %v", file, len(cases), err)
		}
		for i := range cases {
			f := cases[i].Run()
			if (f == nil) != want {
				t.Errorf("%s:%d: %s: %+v", file, cases[i].Line, cases[i].Expr, f)
			}
			if f != nil && (f.Line != cases[i].Line || f.Expr != cases[i].Expr || f.Got == "" || f.Want == "") {
				t.Errorf("%s:%d: the failure lacks something: %+v", file, cases[i].Line, f)
			}
		}
	}
}

// TestRead names the line of what is no case.
func TestRead(t *testing.T) {
	const good = `{"expr": "@add(1, 2)", "expect": 3}`
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"empty lines, ends of Windows, a byte order mark", "\uFEFF" + good + "\r\n\r\n  \r\n" + good, "1 4"},
		{"null is expected", `{"expr": "@null", "expect": null}`, "1"},
		{"members that do not count", `{"expr": "@null", "expect": null, "fn": "x", "note": ["y"]}`, "1"},
		{"a line of 10 MiB", good + "\n" + `{"expr": "@length(item())", "context": {"item": "` + strings.Repeat("x", 10<<20) + `"}, "expect": 10485760}`, "1 2"},
		{"no JSON", good + "\n" + `{"expr": "@a`, "line 2: it is not JSON: unexpected end of JSON input"},
		{"no object", "[1]", "line 1: a case is an object, this is an array"},
		{"another kind", `{"expr": 1, "expect": 1}`, "line 1: expr is a number, which it cannot be"},
		{"nothing is wanted", "\n" + `{"expr": "@a()"}`, "line 2: a case needs expect or error"},
	} {
		cases, err := Read([]byte(c.text))
		var lines []string
		for i := range cases {
			lines = append(lines, string(rune('0'+cases[i].Line)))
			if f := cases[i].Run(); f != nil {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		got := strings.Join(lines, " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestContested reads a list of contested cases, and counts them as passed
// only where they come out otherwise.
func TestContested(t *testing.T) {
	reasons, err := Contested([]byte("\uFEFF# why\r\n\r\na  it is not ours \r\nb nor this\n"))
	if diff := cmp.Diff(map[string]string{"a": "it is not ours", "b": "nor this"}, reasons); diff != "" || err != nil {
		t.Fatalf("Contested: %v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"a", "ok fine\na ", "a\t"} {
		if _, err := Contested([]byte(text)); err == nil || !strings.Contains(err.Error(), "the case a needs a reason") {
			t.Errorf("Contested(%q) = %v", text, err)
		}
	}
	cases, err := Read([]byte(`{"id": "a", "expr": "@1", "expect": 2}
{"id": "b", "expr": "@1", "expect": 1}
{"id": "c", "expr": "@1", "expect": 2}
{"expr": "@1", "expect": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(RunAll(cases, reasons))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"passed":2,"failed":2,"failures":[{"id":"c","line":3,"expr":"@1","got":"1 (integer)","want":"2"},{"line":4,"expr":"@1","got":"1 (integer)","want":"2"}],` +
		`"contested":[{"id":"a","line":1,"expr":"@1","got":"1 (integer)","want":"2","reason":"it is not ours"}]}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("RunAll (-want +got):\n%s", diff)
	}
}

// TestStrings finds each string of a value, names too, in order.
func TestStrings(t *testing.T) {
	x, err := wdlexpr.Decode([]byte(`{"b": ["1", {"a": "2"}, 3, null], "": true}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	Strings(x, func(s string) { got = append(got, s) })
	if diff := cmp.Diff([]string{"b", "1", "a", "2", ""}, got); diff != "" {
		t.Errorf("Strings (-want +got):\n%s", diff)
	}
}

// TestProblem shows where a problem stands.
func TestProblem(t *testing.T) {
	const source = "@concat(\n 'ä', 'b' 'c')"
	_, problems := wdlexpr.Compile(source)
	if len(problems) != 1 {
		t.Fatal(problems)
	}
	if got, want := Problem(source, problems[0]), `2:11: ")" or "," is expected, not "'c'" [E401]`; got != want {
		t.Errorf("Problem = %s, want %s", got, want)
	}
}
