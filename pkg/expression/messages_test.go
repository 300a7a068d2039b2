package expression

import (
	"slices"
	"strings"
	"testing"
)

// A message never holds a large value: it is recorded with the step that
// failed.
func TestMessagesAreShort(t *testing.T) {
	env := testEnv{{Root: RootInput}: strings.Repeat("1h", 100_000)}
	sources := []string{"{a: 1}[input] + 1", "[1][input]", "input.a", "fromJSON(input)", "input[0]", "1 in input"}
	others := []string{`"a"`, "1", "now()", "[1]", "({a: 1})", `duration("1h")`}
	for _, f := range Functions() {
		for n := range 4 {
			for at := range n + 1 {
				for _, other := range others {
					args := slices.Repeat([]string{other}, n+1)
					args[at] = "input"
					sources = append(sources, f.Name+"("+strings.Join(args, ", ")+")")
				}
			}
		}
	}
	for _, op := range []string{"+", "-", "*", "/", "%", "**", "<", "in", "..", "matches", "contains"} {
		for _, other := range others {
			sources = append(sources, "input "+op+" "+other, other+" "+op+" input")
		}
	}
	failed := 0
	for _, source := range sources {
		p, err := Load(source, nil)
		if err != nil {
			continue
		}
		if _, err := p.Eval(env); err != nil {
			if failed++; len(err.Error()) > 400 {
				t.Errorf("%s: the message has %d bytes", source, len(err.Error()))
			}
		}
	}
	if failed < 100 {
		t.Errorf("only %d fail", failed)
	}
}
