package expression

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seeds are the sources of all cases and examples.
func seeds(f *testing.F) []string {
	f.Helper()
	var sources []string
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if source, ok := strings.CutPrefix(line, "> "); ok {
				sources = append(sources, strings.TrimSuffix(source, "\n"))
			}
		}
	}
	for _, fn := range Functions() {
		for _, example := range fn.Examples {
			sources = append(sources, example.Source)
		}
	}
	return sources
}

// FuzzCompile compiles any source: each problem lies inside of it, and what
// compiles when judged compiles when loaded, with the same reads.
func FuzzCompile(f *testing.F) {
	for _, source := range seeds(f) {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		sc := checkScope()
		p, typ, problems := Compile(source, sc)
		if typ == nil || (p == nil) != hasErrors(problems) {
			t.Fatalf("%q: program %v, type %v, problems %v", source, p, typ, problems)
		}
		for _, found := range problems {
			inside := found.Offset >= 0 && found.Length >= 0 && found.Offset+found.Length <= len(source)
			if !inside || found.Length == 0 && source != "" {
				t.Fatalf("%q: %s at %d+%d", source, found.Code, found.Offset, found.Length)
			}
		}
		if p == nil {
			return
		}
		loaded, err := Load(source, newChecker(source, sc).aliases())
		if err != nil {
			t.Fatalf("%q compiles but does not load: %v", source, err)
		}
		if len(loaded.Reads()) != len(p.Reads()) {
			t.Fatalf("%q reads %v, loaded %v", source, p.Reads(), loaded.Reads())
		}
	})
}

// FuzzEval evaluates any source that loads, twice: the result is the same, can
// be recorded and comes back.
func FuzzEval(f *testing.F) {
	for _, source := range seeds(f) {
		f.Add(source)
	}
	env := testEnv{
		{Root: RootInput}: map[string]any{"id": "x", "total": 1.5, "items": []any{map[string]any{"sku": "a", "qty": 1}}, "none": nil, "max": 1<<63 - 1},
		{Root: RootSteps, Name: "a", Field: "output"}: map[string]any{"total": 3},
		{Root: RootSecrets, Name: "KEY"}:              Sealed{Secret: "KEY"},
	}
	f.Fuzz(func(t *testing.T, source string) {
		p, err := Load(source, evalAliases)
		if err != nil {
			return
		}
		x, err := p.Eval(env)
		y, errAgain := p.Eval(env)
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%q: %v, then %v", source, err, errAgain)
		}
		if err != nil {
			var failed *Error
			if !errors.As(err, &failed) || failed.Source != source || strings.Contains(failed.Message, "runtime error") || strings.Contains(failed.Message, "interface conversion") {
				t.Fatalf("%q: %#v", source, err)
			}
			return
		}
		raw, err := Encode(x)
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		if again, _ := Encode(y); string(again) != string(raw) {
			t.Fatalf("%q = %s, then %s", source, raw, again)
		}
		if _, err := Decode(Raw(raw), nil); err != nil {
			t.Fatalf("%q = %s: %v", source, raw, err)
		}
	})
}
