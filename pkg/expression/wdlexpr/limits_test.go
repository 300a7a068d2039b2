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
	}{
		{"characters", call, MaxSource},
		{"nesting", nested, MaxNesting},
		{"expressions", func(n int) string { return strings.Repeat("@{1}", n) }, MaxExpressions},
	} {
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
	for _, n := range []int{MaxProblems - 1, MaxProblems, MaxProblems + 1} {
		for _, source := range []string{strings.Repeat("@{nope()}", n), "@concat(" + strings.Repeat("nope(), ", n) + "1)", "@" + strings.Repeat("nope(", n) + strings.Repeat(")", n)} {
			if p, problems := Compile(source); p != nil || len(problems) != min(n, MaxProblems) {
				t.Errorf("%d problems: %d are reported", n, len(problems))
			}
		}
	}
}

// TestSteps holds the steps of an evaluation at one less, at the bound, and at
// one more, and texts likewise.
func TestSteps(t *testing.T) {
	for _, n := range []int{MaxSteps - 1, MaxSteps, MaxSteps + 1, -1} {
		if err := (&machine{}).charge(n); (err == nil) != (n >= 0 && n <= MaxSteps) {
			t.Errorf("charge(%d) = %v", n, err)
		}
	}
	for _, n := range []int{MaxText - 1, MaxText, MaxText + 1} {
		if err := (&machine{}).chargeText(n); (err == nil) != (n <= MaxText) {
			t.Errorf("chargeText(%d) = %v", n, err)
		}
	}
	m := &machine{steps: MaxSteps - 1}
	if first, second := m.charge(1), m.charge(1); first != nil || second == nil {
		t.Errorf("the last step: %v, one more: %v", first, second)
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

// huge are sources whose values would be huge, or that work much, with
// parameters p, a text of 1 MiB, l, an array of 100,000 integers, and o, an
// object of 20,000 members. None of them has a value.
func huge() []string {
	many := func(call string, n int) string { return strings.Repeat(call+",", n) }
	p9 := strings.Repeat("parameters('p'),", 9) + "''"
	return []string{
		// texts that are joined, replaced, repeated and escaped
		"@concat(" + many("parameters('p')", 100) + "'')",
		strings.Repeat("@{parameters('p')}", 100),
		"@replace(parameters('p'), 'x', parameters('p'))",
		"@replace(parameters('p'), 'x', '12345678901')",
		"@join(split(parameters('p'), 'x'), parameters('p'))",
		"@join(createArray(" + many("parameters('p')", 100) + "''), '')",
		"@uriComponent(concat(" + many("replace(parameters('p'), 'x', '€')", 2) + "''))",
		"@base64(concat(" + p9 + "))",
		"@dataUri(concat(" + p9 + "))",
		"@encodeXmlValue(replace(parameters('p'), 'x', '<<<<'))",
		"@encodeXmlName(replace(parameters('p'), 'x', '<<'))",
		"@toUpper(concat(" + p9 + ", toLower(concat(" + p9 + ", toUpper(concat(" + p9 + "))))))",
		"@startsWith(concat(" + p9 + "), concat(" + p9 + "))",
		// values as texts
		"@string(createArray(" + many("parameters('p')", 100) + "''))",
		"@string(createArray(" + many("string(createArray(parameters('p'), parameters('p')))", 20) + "''))",
		"@{setProperty(setProperty(json('{}'), 'a', createArray(" + many("parameters('p')", 8) + "1)), 'b', createArray(" + many("parameters('p')", 8) + "1))}",
		"@createArray(" + many("parameters('p')", 100) + "'')",
		"@createArray(" + many("binary(parameters('p'))", 100) + "'')",
		"@createArray(" + many("binary(concat("+p9+"))", 40) + "'')",
		// arrays and objects
		"@range(1, 99999999)",
		"@createArray(" + many("range(1, 100000)", 400) + "1)",
		"@union(createArray(1), " + many("range(1, 100000)", 400) + "range(1, 2))",
		"@intersection(parameters('l'), " + many("parameters('l')", 400) + "parameters('l'))",
		"@chunk(concat(" + p9 + "), 1)",
		"@createArray(" + many("chunk(parameters('l'), 1)", 200) + "1)",
		"@split(parameters('p'), 'x')",
		"@createArray(" + many("reverse(parameters('l'))", 200) + "1)",
		"@createArray(" + many("sort(parameters('l'))", 200) + "1)",
		"@createArray(" + many("setProperty(parameters('o'), 'a', 1)", 200) + "1)",
		"@createArray(" + many("union(parameters('o'), parameters('o'))", 200) + "1)",
		// JSON and XML
		"@json(concat('[', substring(replace(parameters('p'), 'x', '[[['), 0, 100000), ']'))",
		"@json(concat('[', replace(parameters('p'), 'x', '{},'), '1]'))",
		"@json(concat('[', replace(parameters('p'), 'x', '1,1,1,'), '1]'))",
		"@json(concat('{', replace(parameters('p'), 'x', '\"a\":1,'), '\"b\":1}'))",
		"@xml(concat(replace(substring(parameters('p'), 0, 5000), 'x', '<a>'), ''))",
		"@xml(concat('<a>', replace(parameters('p'), 'x', '<b/>c'), '</a>'))",
		"@xml(concat('<a>', replace(parameters('p'), 'x', '<b c=\"\"/>'), '</a>'))",
		"@json(xml(concat('<a>', replace(substring(parameters('p'), 0, 500000), 'x', '<b/>'), '</a>')))",
		"@xpath(xml(concat('<a>', replace(substring(parameters('p'), 0, 50000), 'x', '<b/>'), '</a>')), '//b[count(//b) > 1]')",
		"@xpath(xml(concat('<a>', replace(substring(parameters('p'), 0, 100000), 'x', '<b/>'), '</a>')), '//b = //b[. = 1]')",
		"@xpath(xml(concat(replace(substring(parameters('p'), 0, 900), 'x', '<a>'), parameters('p'), replace(substring(parameters('p'), 0, 900), 'x', '</a>'))), '//*')",
		"@xpath(xml('<a/>'), '" + strings.Repeat("concat(", 99) + "1, 1" + strings.Repeat("), 1)", 98) + ") + " + strings.Repeat("(", 200) + "')",
		// formats
		"@formatNumber(1, 'N999999999')",
		"@formatNumber(1, replace(parameters('p'), 'x', '0'))",
		"@utcNow(replace(parameters('p'), 'x', 'MMM '))",
		"@formatTimeSpan('1:00', parameters('p'))",
		"@guid(parameters('p'))",
		"@addDays(parameters('p'), 1)",
		"@convertFromUtc('2020-01-01', parameters('p'))",
		"@float(concat(replace(parameters('p'), 'x', '1'), 'x'))",
		"@decimal(replace(parameters('p'), 'x', '1'))",
	}
}

// hugeEnv gives the parameters that huge needs.
func hugeEnv(tb testing.TB) *Context {
	tb.Helper()
	list, names := make([]Value, 100_000), make([]string, 20_000)
	for i := range list {
		list[i] = int64(i)
	}
	for i := range names {
		names[i] = fmt.Sprint("n", i)
	}
	parameters := NewObject([]string{"p", "l", "o"}, []Value{strings.Repeat("x", 1<<20), list, NewObject(names, list[:len(names)])})
	c, err := NewContext(NewObject([]string{"parameters"}, []Value{parameters}), time.Unix(0, 0))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// TestMemory refuses what would be huge before it is made: what is allocated
// on the way, all in all, has a bound. How soon BenchmarkMemory shows.
func TestMemory(t *testing.T) {
	env := hugeEnv(t)
	for i, source := range huge() {
		t.Run(fmt.Sprintf("%d %s", i, source[:min(len(source), 40)]), func(t *testing.T) {
			p, problems := Compile(source)
			if p == nil {
				t.Fatal(problems)
			}
			var err error
			made := spent.Memory(func() { _, err = p.Eval(env) })
			if err == nil {
				t.Error("it is not refused")
			}
			if made > 200<<20 {
				t.Errorf("it takes %d MiB", made>>20)
			}
			t.Logf("%d MiB: %v", made>>20, err)
		})
	}
}

func BenchmarkMemory(b *testing.B) {
	env := hugeEnv(b)
	for _, source := range huge() {
		b.Run(source[:min(len(source), 40)], func(b *testing.B) {
			p, problems := Compile(source)
			if p == nil {
				b.Fatal(problems)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(env); err == nil {
					b.Fatal("it is not refused")
				}
			}
		})
	}
}

// TestCompileMemory compiles the longest texts there are in bounds of memory.
func TestCompileMemory(t *testing.T) {
	for _, piece := range []string{"@{1}", "@{item()}", "@{nope()}", "@@{", "a@{1}"} {
		source := strings.Repeat(piece, MaxText/len(piece))
		if made := spent.Memory(func() { Compile(source) }); made > 64<<20 {
			t.Errorf("%d times %q takes %d MiB", MaxText/len(piece), piece, made>>20)
		}
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
