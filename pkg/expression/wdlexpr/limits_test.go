package wdlexpr

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/spent"
	"github.com/keelstep/keelstep/pkg/expression"
)

// bigEnv gives a parameter of any size.
func bigEnv(t testing.TB, x Value) *Context {
	t.Helper()
	c, err := NewContext(NewObject([]string{"parameters"}, []Value{NewObject([]string{"p"}, []Value{x})}), time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSourceLimits holds each bound of a source at one less, at it, and at one
// more.
func TestSourceLimits(t *testing.T) {
	call := func(n int) string { return "@concat('" + strings.Repeat("ä", n-len("concat('')")) + "')" }
	nested := func(n int) string {
		return "@" + strings.Repeat("not(", n-1) + "true" + strings.Repeat(")", n-1)
	}
	for _, c := range []struct {
		name   string
		source func(int) string
		bound  int
	}{{"characters", call, MaxSource}, {"nesting", nested, MaxNesting}} {
		for _, n := range []int{c.bound - 1, c.bound, c.bound + 1} {
			p, problems := Compile(c.source(n))
			if (p != nil) != (n <= c.bound) {
				t.Errorf("%s %d: %v", c.name, n, problems)
			}
			if n > c.bound && problems[0].Code != "E415" {
				t.Errorf("%s %d: %v", c.name, n, problems)
			}
		}
	}
	if p, problems := Compile(strings.Repeat("x", 2*MaxSource) + "@{1}"); p == nil {
		t.Errorf("text around an expression counts: %v", problems)
	}
}

// TestDeepSources are refused and never overflow the stack.
func TestDeepSources(t *testing.T) {
	for _, piece := range []string{"(", "concat(", "[", "a[", "?", "@{", "'", "not(", "?.a", "['a']"} {
		for _, front := range []string{"@", "@{", "x@{", "@triggerBody()"} {
			if p, _ := Compile(front + strings.Repeat(piece, 1_000_000/len(piece))); p != nil {
				if _, literal := p.Literal(); !literal && p.form != formText {
					t.Errorf("a million of %q compiles behind %q", piece, front)
				}
			}
		}
	}
}

// TestResultLimits holds what texts and results may have at one less, at it,
// and at one more.
func TestResultLimits(t *testing.T) {
	half := strings.Repeat("x", MaxText/2)
	for _, c := range []struct {
		source string
		more   int // bytes beside two halves at the bound
		quotes int // of the result
	}{
		{"@concat(parameters('p'), parameters('p'), '%s')", 0, 2},
		{"@{parameters('p')}@{parameters('p')}%s", 0, 2},
		{"@join(createArray(parameters('p'), '%s'), parameters('p'))", 0, 2},
		{"@replace('yy%s', 'y', parameters('p'))", 0, 2},
	} {
		for _, n := range []int{-1, 0, 1} {
			p, problems := Compile(fmt.Sprintf(c.source, strings.Repeat("z", 5)))
			if p == nil {
				t.Fatal(problems)
			}
			_, err := p.Eval(bigEnv(t, half[:len(half)-5+n]))
			fits := 2*(len(half)-5+n)+5+c.quotes <= MaxText
			var failed *expression.Error
			if (err == nil) != fits || err != nil && (!errors.As(err, &failed) || failed.Code != expression.CodeExpressionLimit) {
				t.Errorf("%s, %d: %v", c.source, n, err)
			}
		}
	}
}

// huge are sources whose values would be huge, with a parameter p of 1 MiB.
func huge() []string {
	return []string{
		"@concat(" + strings.Repeat("parameters('p'),", 100) + "'')",
		strings.Repeat("@{parameters('p')}", 100),
		"@replace(parameters('p'), 'x', parameters('p'))",
		"@string(createArray(" + strings.Repeat("parameters('p'),", 100) + "''))",
		"@createArray(" + strings.Repeat("parameters('p'),", 100) + "'')",
		"@join(split(parameters('p'), 'x'), parameters('p'))",
		"@uriComponent(" + strings.Repeat("parameters('p'),", 9) + "'€')",
		"@base64(concat(" + strings.Repeat("parameters('p'),", 9) + "''))",
		"@chunk(concat(" + strings.Repeat("parameters('p'),", 9) + "''), 1)",
		"@indexOf(concat(" + strings.Repeat("parameters('p'),", 9) + "''), concat(parameters('p'), 'y'))",
		"@json(concat('[', substring(replace(parameters('p'), 'x', '[[['), 0, 100000), ']'))",
		"@xml(concat(replace(substring(parameters('p'), 0, 5000), 'x', '<a>'), ''))",
		"@xml(json('{\"a\": " + strings.Repeat("[", 900) + strings.Repeat("]", 900) + "}'))",
		"@formatNumber(1, 'N999999999')",
		"@range(1, 99999999)",
		"@utcNow(replace(parameters('p'), 'x', 'MMM '))",
		"@formatTimeSpan('1:00', parameters('p'))",
		"@xpath(xml(concat('<a>', replace(substring(parameters('p'), 0, 50000), 'x', '<b/>'), '</a>')), '//b[count(//b) > 1]')",
	}
}

// TestMemory refuses what would be huge before it is made. How soon
// BenchmarkMemory shows.
func TestMemory(t *testing.T) {
	mib := strings.Repeat("x", 1<<20)
	for _, source := range huge() {
		t.Run(source[:min(len(source), 40)], func(t *testing.T) {
			p, problems := Compile(source)
			if p == nil {
				t.Fatal(problems)
			}
			var err error
			made := spent.Memory(func() { _, err = p.Eval(bigEnv(t, mib)) })
			if err == nil && !strings.HasPrefix(source, "@xml(json") {
				t.Error("it is not refused")
			}
			if made > 256<<20 {
				t.Errorf("it takes %d MiB", made>>20)
			}
		})
	}
}

func BenchmarkMemory(b *testing.B) {
	mib := strings.Repeat("x", 1<<20)
	for _, source := range huge() {
		b.Run(source[:min(len(source), 40)], func(b *testing.B) {
			p, problems := Compile(source)
			if p == nil {
				b.Fatal(problems)
			}
			env := bigEnv(b, mib)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(env); err == nil && !strings.HasPrefix(source, "@xml(json") {
					b.Fatal("it is not refused")
				}
			}
		})
	}
}

// TestLackPasses hands on what is missing as it is.
func TestLackPasses(t *testing.T) {
	p, problems := Compile("a @{concat(if(true, parameters('p'), 1))}")
	if p == nil {
		t.Fatal(problems)
	}
	_, err := p.Eval(lackEnv{})
	var lack *expression.Lack
	if !errors.As(err, &lack) || len(lack.Hashes) != 1 {
		t.Errorf("Eval = %v", err)
	}
}

// lackEnv has no bytes at hand.
type lackEnv struct{ *Context }

func (lackEnv) Value(Ref) (Value, error) {
	return nil, &expression.Lack{Hashes: make([]expression.Hash, 1)}
}

// TestRefs lists what a program reads, once, and whether names are computed.
func TestRefs(t *testing.T) {
	p, problems := Compile("@{body('A')}@{outputs('A')}@{body('A')}@{variables(concat('x'))}@{triggerBody()}@{if(true, 1, item())}")
	if p == nil {
		t.Fatal(problems)
	}
	want := []Ref{{RefAction, "A", "body"}, {RefAction, "A", "outputs"}, {RefTrigger, "", "body"}, {RefItem, "", ""}}
	if fmt.Sprint(p.Refs()) != fmt.Sprint(want) || !p.Dynamic() {
		t.Errorf("Refs = %v, %v, want %v", p.Refs(), p.Dynamic(), want)
	}
}

// TestSeed makes guid() and rand() depend on the seed, the source and the call.
func TestSeed(t *testing.T) {
	seen := map[string]bool{}
	for _, source := range []string{"@guid()", "@concat(guid())", "@last(createArray(guid(), guid()))"} {
		for _, seed := range []string{"a", "b"} {
			p, _ := Compile(source)
			x, err := p.Eval(seededEnv{&Context{}, seed})
			if err != nil {
				t.Fatal(err)
			}
			if seen[x.(string)] {
				t.Errorf("%s with seed %s is not new: %s", source, seed, x)
			}
			seen[x.(string)] = true
		}
	}
}

type seededEnv struct {
	*Context
	seed string
}

func (e seededEnv) Seed() string { return e.seed }
