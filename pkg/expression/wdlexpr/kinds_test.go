package wdlexpr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kindSamples are a literal of each kind of value.
var kindSamples = []struct{ kind, source string }{
	{"null", "null"},
	{"boolean", "true"},
	{"integer", "1"},
	{"float", "1.5"},
	{"decimal", "decimal('1.5')"},
	{"string", "'text'"},
	{"array", "createArray(1)"},
	{"object", "json('{}')"},
	{"content", "binary('x')"},
	{"XML", "xml('<a/>')"},
}

// TestKinds writes down which kinds of values each parameter of each function
// takes, found by calling it, and how many arguments there may be: what is
// refused names the function and the argument.
func TestKinds(t *testing.T) {
	env := caseContext(t)
	var got strings.Builder
	for _, family := range families {
		for _, f := range family.functions {
			fmt.Fprintf(&got, "%s\n", f.signature())
			for i, p := range f.params {
				var taken []string
				for _, sample := range kindSamples {
					if err := callWith(t, env, f, i, sample.source); err == nil || !refuses(t, err, f, i, &p) {
						taken = append(taken, sample.kind)
					}
				}
				fmt.Fprintf(&got, "  %s: %s\n", p.name, strings.Join(taken, " "))
			}
		}
	}
	file := filepath.Join("testdata", "kinds.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got, rewrite with -update):\n%s", file, diff)
	}
}

// callWith calls a function with a source as one argument, and others that are
// of the right kind.
func callWith(t *testing.T, env Env, f *function, argument int, source string) error {
	t.Helper()
	args := make([]string, max(argument+1, len(f.params)))
	for i := range args {
		takes := f.param(i).takes
		n := slices.IndexFunc(kindSamples, func(s struct{ kind, source string }) bool {
			return takes == anything || takes&map[string]kinds{"boolean": kindBool, "integer": kindInt, "string": kindString, "array": kindArray, "object": kindObject}[s.kind] != 0
		})
		args[i] = kindSamples[n].source
		switch f.param(i).name { // what must mean something
		case "action":
			args[i] = map[bool]string{true: "'Parts'", false: "'Form'"}[f.name == "multipartBody"]
		case "xml":
			args[i] = "xml('<a/>')"
		}
	}
	args[argument] = source
	p, problems := Compile("@" + f.name + "(" + strings.Join(args, ", ") + ")")
	if p == nil {
		if f.constant && problems[0].Code == "E420" {
			return errors.New(problems[0].Message)
		}
		t.Fatalf("%s: %v", f.name, problems)
	}
	_, err := p.Eval(env)
	return err
}

// refuses tells whether an error is that of an argument of a wrong kind.
func refuses(t *testing.T, err error, f *function, argument int, p *param) bool {
	t.Helper()
	var own *Error
	if !errors.As(err, &own) {
		return f.constant && argument == 0
	}
	say := p.wants
	if say == "" {
		say = wanted[p.takes]
	}
	wrong := own.Argument == argument+1 && strings.Contains(own.Message, "to "+say+", got ")
	if own.Function != f.name && wrong {
		t.Errorf("%s: the error is of %q: %v", f.name, own.Function, err)
	}
	return wrong
}

// TestCounts holds how many arguments each function takes: one less and one
// more are refused when the call is compiled, and the problem names the
// function.
func TestCounts(t *testing.T) {
	for _, family := range families {
		for _, f := range family.functions {
			least, most := 0, len(f.params)
			for _, p := range f.params {
				if !p.optional {
					least++
				}
				if p.rest {
					most = 1 << 20
				}
			}
			for _, n := range []int{least - 1, least, most, most + 1} {
				if n < 0 || n > 100 {
					continue
				}
				source := "@" + f.name + "(" + strings.TrimSuffix(strings.Repeat("'x', ", n), ", ") + ")"
				p, problems := Compile(source)
				if fits := n >= least && n <= most; (p != nil) != fits {
					t.Errorf("%s: %v", source, problems)
				} else if !fits && (problems[0].Code != "E408" || !strings.HasPrefix(problems[0].Message, f.name+"() ") || problems[0].Hint == "") {
					t.Errorf("%s: %+v", source, problems[0])
				}
			}
		}
	}
}
