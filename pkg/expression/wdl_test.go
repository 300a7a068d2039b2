package expression

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCounterparts calls each function that Logic Apps documents: it is one of
// ours, or the message says what to write instead; and what it says stands in
// the reference beside a function that exists.
func TestCounterparts(t *testing.T) {
	text, err := os.ReadFile("testdata/wdl/functions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(text)) {
		if useInstead(name) == "" {
			t.Errorf("%s has no counterpart", name)
		}
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			_, _, problems := Compile(spelling+`("a", "b")`, checkScope())
			if IsFunction(spelling) || spelling == "not" {
				continue
			}
			here := useInstead(name)
			if !slices.ContainsFunc(problems, func(p Problem) bool { return strings.Contains(p.Hint, here) }) {
				t.Errorf("%s() is told as %+v, want the hint %q", spelling, problems, here)
			}
		}
	}
	for _, f := range Functions() {
		if f.WDL != "" && useInstead(f.WDL) == "" {
			t.Errorf("%s names %s of Logic Apps, which is not known", f.Name, f.WDL)
		}
	}
}
