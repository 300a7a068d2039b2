package wdlexpr

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the results that the cases have now")

// caseContext is what the cases read that have no context of their own.
func caseContext(t testing.TB) *Context {
	t.Helper()
	return readContext(t, filepath.Join("testdata", "context.json"))
}

// contextOf is what the cases of a file read: the context that stands beside it
// under its name, or else the common one.
func contextOf(t testing.TB, file string) *Context {
	t.Helper()
	own := strings.TrimSuffix(file, ".txt") + ".json"
	if _, err := os.Stat(own); err != nil {
		return caseContext(t)
	}
	return readContext(t, own)
}

func readContext(t testing.TB, file string) *Context {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	x, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewContext(x, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCases holds the values of strings against the files of cases: lines that
// start with > are the string, what follows is its value.
func TestCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			context := contextOf(t, file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, c := range readCases(string(text)) {
				got.WriteString(c.comment)
				if c.source == "" {
					continue
				}
				for line := range strings.SplitSeq(c.source, "\n") {
					got.WriteString("> " + line + "\n")
				}
				got.WriteString(showCase(t, c.source, context) + "\n")
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got.String()); diff != "" {
				t.Errorf("%s (-want +got, rewrite with -update):\n%s", file, diff)
			}
		})
	}
}

// oneCase is what stands in front of a case, and its source.
type oneCase struct{ comment, source string }

func readCases(text string) []oneCase {
	var cases []oneCase
	var c oneCase
	inResult := false
	for line := range strings.Lines(text) {
		source, isSource := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> ")
		switch {
		case isSource && !inResult && c.source != "":
			c.source += "\n" + source
		case isSource:
			c.source, inResult = source, false
		case c.source != "" && strings.TrimSpace(line) != "":
			inResult = true
		default:
			if c.source != "" {
				cases = append(cases, c)
				c = oneCase{}
			}
			inResult = false
			c.comment += line
		}
	}
	return append(cases, c)
}

// showCase is the JSON of a string's value, its failure, or all that is wrong
// with it. A string is evaluated several times and must never differ.
func showCase(t *testing.T, source string, env Env) string {
	t.Helper()
	p, problems := Compile(source)
	if p == nil {
		var lines []string
		for _, problem := range problems {
			line, col := position(source, problem.Offset)
			lines = append(lines, fmt.Sprintf("%s at %d:%d: %s", problem.Code, line, col, problem.Message))
			if problem.Hint != "" {
				lines = append(lines, "  hint: "+problem.Hint)
			}
		}
		return strings.Join(lines, "\n")
	}
	first := ""
	for i := range 5 {
		text := ""
		x, err := p.Eval(env)
		if err == nil {
			var b []byte
			b, err = Encode(x)
			text = string(b)
		}
		if err != nil {
			text = "error: " + err.Error()
		}
		if i > 0 && text != first {
			t.Errorf("%s = %s, then %s", source, first, text)
		}
		first = text
	}
	return first
}

// TestExamples holds the examples of the function reference against what they
// yield, and sees that every function has a case of its own.
func TestExamples(t *testing.T) {
	x, err := Decode([]byte(ExampleContext))
	if err != nil {
		t.Fatal(err)
	}
	context, err := NewContext(x, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var sources strings.Builder
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources.WriteString(strings.ToLower(string(text)))
	}
	for _, f := range Functions() {
		for _, example := range f.Examples {
			got := showCase(t, example.Source, context)
			if _, message, failed := strings.Cut(got, "error: 1:2: "); failed {
				got = "error: " + message
			}
			if got != example.Result {
				t.Errorf("%s = %s, the reference shows %s", example.Source, got, example.Result)
			}
		}
		if !strings.Contains(sources.String(), strings.ToLower(f.Name)+"(") {
			t.Errorf("%s() has no case in testdata", f.Name)
		}
		if len(f.Examples) == 0 {
			t.Errorf("%s() has no example", f.Name)
		}
		if f.Here == "" {
			t.Errorf("%s() has no counterpart", f.Name)
		}
		if f.Summary == "" || !strings.HasSuffix(f.Summary, ".") {
			t.Errorf("%s() has no summary: %q", f.Name, f.Summary)
		}
	}
}

// TestEachFunction finds in the files of cases, for each function, a call that
// has a value and one that fails.
func TestEachFunction(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	values, failures := map[string]int{}, map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		context := contextOf(t, file)
		for _, c := range readCases(string(text)) {
			name, _, ok := strings.Cut(strings.TrimLeft(strings.ToLower(c.source), "@{ "), "(")
			if !ok {
				continue
			}
			if p, _ := Compile(c.source); p != nil {
				if _, err := p.Eval(context); err == nil {
					values[name]++
					continue
				}
			}
			failures[name]++
		}
	}
	for _, f := range Functions() {
		if name := strings.ToLower(f.Name); values[name] == 0 || failures[name] == 0 {
			t.Errorf("%s() has %d cases with a value and %d that fail", f.Name, values[name], failures[name])
		}
	}
}
