package diag_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/diag"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// at returns the span of the first token in src.
func at(src, token string) diag.Span {
	off := strings.Index(src, token)
	pos := func(off int) diag.Pos {
		line := 1 + strings.Count(src[:off], "\n")
		from := strings.LastIndexByte(src[:off], '\n') + 1
		return diag.Pos{Line: line, Col: 1 + utf8.RuneCountInString(src[from:off]), Offset: off}
	}
	return diag.Span{File: "f.yaml", Start: pos(off), End: pos(off + len(token))}
}

// Places, carets and hints as people see them: tabs, wide characters, long
// lines, tokens over several lines, characters that would steer a terminal.
func TestRender(t *testing.T) {
	long := strings.Repeat("a", 200)
	src := "plain: token here\n" +
		"\ttab:\ttoken2\n" +
		"wide: 日本語 token3 é\n" +
		"combined: e\u0301e\u0301 token4\n" +
		"emoji: 👍 token5\n" +
		"long: " + long + " token6 " + long + "\n" +
		"wholly: " + strings.Repeat("b", 300) + "\n" +
		"over: first\n  second\n" +
		"steer: \x1b[31m\u202e token7\r\n" +
		"end: token8"
	var l diag.List
	for i, token := range []string{"token", "token2", "token3", "token4", "token5", "token6", strings.Repeat("b", 300), "first\n  second", "token7", "token8"} {
		l = append(l, diag.Diagnostic{Code: "E201", Span: at(src, token), Message: fmt.Sprintf("finding %d", i), Hint: "do this"})
	}
	l[0].Severity, l[0].Hint = diag.Warning, ""
	l[1].Related = []diag.Related{{Span: at(src, "plain"), Message: "the first one is here"}}
	l[2].Message = "a message\nover \x1b lines"
	l = append(l,
		diag.Diagnostic{Code: "E101", Span: diag.Span{File: "f.yaml", Start: diag.Pos{Line: 11, Col: 12, Offset: len(src)}, End: diag.Pos{Line: 11, Col: 12, Offset: len(src)}}, Message: "at the end"},
		diag.Diagnostic{Code: "E101", Span: diag.Span{File: "other.yaml", Start: diag.Pos{Line: 1, Col: 1}}, Message: "no source"},
		diag.Diagnostic{Code: "E101", Span: diag.Span{Start: diag.Pos{Line: 1, Col: 1}}, Message: "no file"},
	)
	got := diag.Text(l, diag.Source("f.yaml", []byte(src)))
	const file = "testdata/render.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, line := range strings.Split(got, "\n") {
		if strings.ContainsAny(line, "\x1b\r\u202e") {
			t.Errorf("the line steers a terminal: %q", line)
		}
	}
}

// The caret stands under the first column of the token, whatever is before it.
func TestCaret(t *testing.T) {
	for _, src := range []string{"x", "a x", "\tx", "日x", "\ufeffx", "é x", "\t日\tx"} {
		out := diag.Text(diag.List{{Code: "E101", Span: at(src, "x"), Message: "m"}}, diag.Source("f.yaml", []byte(src)))
		lines := strings.Split(out, "\n")
		width := 0
		for _, r := range lines[1] {
			if r == 'x' {
				break
			}
			width++
			if r == '日' {
				width++
			}
		}
		if caret := strings.IndexByte(lines[2], '^'); caret != width {
			t.Errorf("%q: caret in column %d, token in %d:\n%s", src, caret, width, out)
		}
	}
}

func TestRenderFails(t *testing.T) {
	failure := errors.New("no room")
	if err := diag.Render(failing{failure}, diag.List{{Code: "E101"}}, nil); !errors.Is(err, failure) {
		t.Errorf("Render = %v, want %v", err, failure)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestJSON(t *testing.T) {
	l := diag.List{
		{Code: "E201", Span: at("a b", "b"), Path: "/a", Message: "m", Hint: "h", Related: []diag.Related{{Span: at("a b", "a"), Message: "r"}}},
		{Code: "E423", Severity: diag.Warning, Message: "w"},
	}
	b, err := l.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got[0]["severity"] != "error" || got[1]["severity"] != "warning" || got[0]["path"] != "/a" || got[0]["hint"] != "h" {
		t.Errorf("JSON = %s", b)
	}
	if b, _ := diag.List(nil).JSON(); string(b) != "[]" {
		t.Errorf("JSON of none = %s", b)
	}
}

func TestError(t *testing.T) {
	one := diag.Diagnostic{Code: "E201", Span: at("a b", "b"), Message: "m"}
	warning := diag.Diagnostic{Code: "E423", Severity: diag.Warning, Message: "w"}
	for want, l := range map[string]diag.List{
		"no errors":                        {warning},
		"f.yaml:1:3: m [E201]":             {warning, one},
		"f.yaml:1:3: m [E201], and 1 more": {one, warning, one},
	} {
		if got := l.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

// Codes are unique and in order, and each entry says everything.
func TestTable(t *testing.T) {
	last := diag.Code("")
	for _, e := range diag.Codes() {
		if e.Code <= last {
			t.Errorf("%s stands behind %s", e.Code, last)
		}
		last = e.Code
		if e.Title == "" || e.Explanation == "" || e.Hint == "" {
			t.Errorf("%s is incomplete: %+v", e.Code, e)
		}
		if strings.HasSuffix(e.Title, ".") || !strings.HasSuffix(e.Explanation, ".") || !strings.HasSuffix(e.Hint, ".") {
			t.Errorf("%s: a title has no full stop, an explanation and a hint have one", e.Code)
		}
		if found, ok := diag.Lookup(e.Code); !ok || found != e {
			t.Errorf("Lookup(%s) = %+v", e.Code, found)
		}
	}
	if _, ok := diag.Lookup("E999"); ok {
		t.Error("E999 is found")
	}
}

// A style sets the parts off and changes nothing else.
func TestStyle(t *testing.T) {
	src := []byte("steps:\n  - id: a-b\n")
	at := diag.Span{File: "a.yaml", Start: diag.Pos{Line: 2, Col: 9, Offset: 15}, End: diag.Pos{Line: 2, Col: 12, Offset: 18}}
	l := diag.List{
		{Code: "E209", Span: at, Message: "not a name", Hint: "write a_b", Related: []diag.Related{{Span: at, Message: "here too"}}},
		{Code: "E423", Severity: diag.Warning, Span: at, Message: "odd"},
	}
	in := func(open, shut string) func(string) string {
		return func(s string) string { return open + s + shut }
	}
	var b strings.Builder
	st := diag.Style{Message: in("<", ">"), Warning: in("{", "}"), Quiet: in("(", ")"), Caret: in("|", "|")}
	if err := st.Render(&b, l, diag.Source("a.yaml", src)); err != nil {
		t.Fatal(err)
	}
	want := `a.yaml:2:9: <not a name> ([E209])
      - id: a-b
            |^^^|
a.yaml:2:9: here too
      - id: a-b
            |^^^|
(hint:) write a_b

a.yaml:2:9: {warning: }odd ([E423])
      - id: a-b
            |^^^|
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
	if plain := strings.NewReplacer("<", "", ">", "", "{", "", "}", "", "(", "", ")", "", "|", "").Replace(b.String()); plain != diag.Text(l, diag.Source("a.yaml", src)) {
		t.Errorf("without its marks it differs from the plain text:\n%s", plain)
	}
}
