package layout_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/dsl/layout"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case is a file and how it looks in the standard form; of one that is
// refused, why. ‹cr› stands for a carriage return, ‹tab› for a tab, ‹end› for
// the end of a file without a line break.
func TestFormat(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := a.Files[0]
			src := unescape(in.Data)
			got := shown(in.Name, src)
			if *update {
				a.Files = []txtar.File{in, {Name: "want", Data: []byte(got)}}
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
			check(t, in.Name, src)
		})
	}
}

func unescape(b []byte) []byte {
	s := strings.NewReplacer("‹cr›", "\r", "‹tab›", "\t", "‹bom›", "\ufeff", "‹end›\n", "").Replace(string(b))
	return []byte(s)
}

func shown(file string, src []byte) string {
	out, err := layout.Format(file, src)
	var found diag.List
	switch {
	case errors.As(err, &found):
		return diag.Text(found, diag.Source(file, src))
	case err != nil:
		return err.Error() + "\n"
	}
	return string(out)
}

// check holds what is true of every file: one that can be read has a form;
// the form means the same, has the same findings and is its own form.
func check(t tester, file string, src []byte) {
	t.Helper()
	tree, found := dsl.Read(file, src)
	out, err := layout.Format(file, src)
	if found.HasErrors() {
		var l diag.List
		if !errors.As(err, &l) || out != nil {
			t.Fatalf("a file that cannot be read gives %v and %q", err, out)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	again, found := dsl.Read(file, out)
	if found.HasErrors() {
		t.Fatalf("the form cannot be read:\n%s\n%s", diag.Text(found, diag.Source(file, out)), src)
	}
	if diff := cmp.Diff(string(dsl.Canonical(tree)), string(dsl.Canonical(again))); diff != "" {
		t.Fatalf("the form means something else (-before +after):\n%s\n%s", diff, out)
	}
	twice, err := layout.Format(file, out)
	if err != nil {
		t.Fatalf("the form has no form: %v\n%s", err, out)
	}
	if diff := cmp.Diff(string(out), string(twice)); diff != "" {
		t.Fatalf("the form is not its own form (-once +twice):\n%s\nof:\n%s", diff, src)
	}
	_, was := dsl.Compile(file, src, nil)
	_, is := dsl.Compile(file, out, nil)
	if diff := cmp.Diff(codes(was), codes(is)); diff != "" {
		t.Fatalf("the form has other findings (-before +after):\n%s\n%s", diff, out)
	}
	if bytes.Contains(out, []byte("\r")) && !strings.HasSuffix(file, ".json") || !bytes.HasSuffix(out, []byte("\n")) {
		t.Fatalf("the line ends are wrong: %q", out)
	}
}

func codes(l diag.List) []string {
	var out []string
	for _, d := range l {
		out = append(out, string(d.Code)+" "+d.Path)
	}
	slices.Sort(out)
	return out
}

// What the form would make too large to be read is left alone.
func TestTooLarge(t *testing.T) {
	deep := "a: " + strings.Repeat("[", 40) + strings.Repeat("x, ", 20_000) + strings.Repeat("]", 40) + "\n"
	out, err := layout.Format("x.yaml", []byte(deep))
	if out != nil || err == nil || !strings.Contains(err.Error(), "bytes, more than 1048576") {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// The last look before a text is handed out sees another meaning, a lost
// comment, and a text that cannot be read.
func TestSame(t *testing.T) {
	const src = "a: 1 # one\nb: [x]\n"
	for out, want := range map[string]bool{
		"b: [x]\n# one\na: 1\n":           true,
		"a: 1 # one\nb: [y]\n":            false,
		"a: \"1\" # one\nb: [x]\n":        false,
		"a: 1\nb: [x]\n":                  false,
		"a: 1 # two\nb: [x]\n":            false,
		"a: 1 # one\nb: [x]\n# one\n":     false,
		"a: 1 # one\nb: [x\n":             false,
		"a: 1 # one\nb: [\"x\"] # two\n":  false,
		"a: 1 # one\n\n\n\nb:\n  - 'x'\n": true,
	} {
		if got := layout.Same("x.yaml", []byte(src), []byte(out)); got != want {
			t.Errorf("same as %q: %v, want %v", out, got, want)
		}
	}
}

// tester is what a test and one run of a property have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}
