package expression

import (
	"errors"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/internal/spent"
)

// tooLarge are sources that would take the machine's memory or hours.
func tooLarge() []string {
	return []string{
		`len(reduce(1..30, #acc + #acc, "aaaaaaaaaaaaaaaa"))`,
		`let r = 1..999; sum(r, sum(r, sum(r, #)))`,
		`let r = 1..999; sum(r, let a = #; sum(r, let b = #; sum(r, let c = #; sum(r, a + b + c + #))))`,
		`let r = 1..9999; all(r, all(r, # > 0))`,
		`let r = 1..9999; count(r, any(r, # < 0))`,
		`1..2000000`,
		`1..9223372036854775807`,
		`-9223372036854775807..9223372036854775807`,
		`replace(input.big, "a", input.big)`,
		`replace(input.big, "", "bbbbbbbbbbbbbbbb")`,
		`repeat(input.big, 11)`,
		`repeat("a", 9223372036854775807)`,
		`join(map(1..100, input.big))`,
		`join(1..1000, input.big)`,
		`split(input.big, "")`,
		`len(map(1..1000, split(input.big, "")))`,
		`input.big matches "(a{1,100}){1,10}b"`,
		`any(1..100, input.big matches "(x+x+)+y")`,
		`(input.big + input.big) matches "a"`,
		`any(1..1000, input.big contains "b")`,
		`any(1..1000, input.big + "a" == "b" + input.big)`,
		`any(1..1000, upper(input.big) == "")`,
		`map(1..1000, input.big)`,
		`{a: map(1..1000, input.big)}`,
		`reduce(1..100, [#acc, #acc], 1)`,
		`toJSON(reduce(1..100, [#acc, #acc], 1))`,
		`string(reduce(1..100, ({a: #acc, b: #acc}), 1))`,
		`flatten(reduce(1..100, [#acc, #acc], 1))`,
		`reduce(1..100, [#acc, #acc], 1) == reduce(1..100, [#acc, #acc], 1)`,
		`reduce(1..100, [#acc, #acc], 1) in [reduce(1..100, [#acc, #acc], 1)]`,
		`uniq([reduce(1..100, [#acc, #acc], 1), reduce(1..100, [#acc, #acc], 1)])`,
		`reduce(1..2000, [#acc], 1)`,
		`toJSON(reduce(1..2000, [#acc], 1))`,
		`flatten(reduce(1..2000, [#acc], 1))`,
		`reduce(1..2000, [#acc], 1) == reduce(1..2000, [#acc], 1)`,
		`reduce(1..1000, concat(#acc, #acc), [1])`,
		`any(1..1000, keys(fromPairs(map(1..10000, [string(#), 1]))) == [])`,
		`map(1..1000, sort(1..100000))`,
		`map(1..1000, reverse(input.list))`,
		`map(1..1000, uniq(input.list))`,
		`any(1..10000, fromJSON(toJSON(input.big)) == 1)`,
		`map(1..10000, base64(input.big))`,
		`map(1..10000, sha256(input.big))`,
		`map(1..10000, urlEncode(input.big))`,
		`map(1..10000, hmacSha256(input.big, input.big))`,
		`groupBy(1..100000, input.big)`,
		`map(1..100000, input.big[0:1])`,
		`map(1..100000, len(input.big))`,
		`map(1..100000, 1 in input.list)`,
		`map(1..100000, input.list == input.list)`,
		`map(1..100000, any([1], true))`,
		`map(1..100000, input[input.big])`,
		`map(1..100000, input.big in input)`,
		`map(1..100000, ({(input.big): 1}))`,
		`any(1..100000, input.big > input.big)`,
		`map(1..1000, padStart("a", 1000000, input.big))`,
		`padEnd("a", 9000000, "ä")`,
		`map(1..1000, zip(input.list, input.list))`,
		`map(1..1000, union(input.list, map(1..1000, [#])))`,
		`union(map(1..3000, [#]), map(3000..6000, [#]))`,
		`difference(map(1..3000, [#]), map(3000..6000, [#]))`,
		`map(1..1000, merge(input, input, {a: #}))` + " | map(put(#, \"b\", map(1..10000, 1)))",
		`map(1..1000, chunk(input.list, 1))`,
		`map(1..100000, htmlEscape(input.big))`,
		`map(1..100000, extract(input.big, "(a{1,100}){1,10}b"))`,
		`map(1..100000, decimal("0." + repeat("3", 198)) / decimal("0." + repeat("7", 190)))`,
		`map(1..100000, round(decimal("0." + repeat("3", 198)), 100))`,
		`any(1..100000, decimal("1.1") * # > decimal(1e9))`,
		`map(1..100000, parseDate("2026-01-05 10:00", "yyyy-MM-dd HH:mm", "Asia/Tokyo"))`,
		`map(1..100000, formatDate(now(), "'"+repeat("a", 98)+"'"))`,
		`map(1..100000, dateDiff(date("0001-01-01"), date("9999-12-31"), "year"))`,
		`map(1..200000, [#, #, #, #, #, #])`,
		`map(1..300000, ({a: #, b: #}))`,
		`map(1..100000, parseUrl("http://a?" + input.big))`,
		`truncate(input.big + input.big, 0) + reduce(1..30, truncate(#acc + #acc, 100000000), input.big)`,
	}
}

func tooLargeEnv() testEnv {
	return testEnv{{Root: RootInput}: map[string]any{"big": strings.Repeat("a", 1<<20), "list": make([]any, 100_000)}}
}

// TestLimits evaluates them: each ends with a limit error, in little memory.
// How soon it ends BenchmarkLimits shows; without the limits it does not end.
func TestLimits(t *testing.T) {
	env := tooLargeEnv()
	for _, source := range tooLarge() {
		t.Run(source, func(t *testing.T) {
			p, err := Load(source, nil)
			if err != nil {
				t.Fatal(err)
			}
			var x any
			allocated := spent.Memory(func() { x, err = p.Eval(env) })
			var failed *Error
			if !errors.As(err, &failed) || failed.Code != CodeExpressionLimit {
				t.Errorf("got %.100v, %v, want a limit error", x, err)
			}
			if grown := allocated >> 20; grown > 512 {
				t.Errorf("allocated %d MiB in all", grown)
			}
		})
	}
}

func BenchmarkLimits(b *testing.B) {
	env := tooLargeEnv()
	for _, source := range tooLarge() {
		b.Run(source, func(b *testing.B) {
			p, err := Load(source, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(env); err == nil {
					b.Fatal("no error")
				}
			}
		})
	}
}

// TestLimitEdges holds each bound at n-1, n and n+1.
func TestLimitEdges(t *testing.T) {
	pad := func(n int) string { return `"` + strings.Repeat("x", n-2) + `"` }
	nest := func(n int) string { return strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }
	pattern := func(n int) string { return `"a" matches "` + strings.Repeat("a", n) + `"` }
	compiles := func(source string) bool { _, err := Load(source, nil); return err == nil }
	evals := func(source string) bool {
		p, err := Load(source, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Eval(testEnv{})
		return err == nil
	}
	sum := func(n int) string { return strings.TrimSuffix(strings.Repeat("1+", n), "+") }
	cases := []struct {
		name   string
		at     int
		source func(n int) string
		ok     func(source string) bool
	}{
		{"source", MaxSource, pad, compiles},
		{"nesting", MaxNesting, nest, compiles},
		{"pattern", MaxPattern, pattern, compiles},
		{"nodes", maxNodes / 2, sum, compiles},
		{"range", MaxSteps, func(n int) string { return "len(1.." + itoa(n) + ") > 0 or true" }, evals},
		{"result", MaxResult - 2, func(n int) string { return `repeat("a", ` + itoa(n) + `)` }, evals},
		{"depth", MaxDepth, func(n int) string { return `reduce(1..` + itoa(n) + `, [#acc], 1)` }, evals},
	}
	for _, c := range cases {
		edge := c.at
		if c.name == "range" {
			// len() of the list takes steps of its own.
			edge = MaxSteps/2 - 1
		}
		for n, want := range map[int]bool{edge - 1: true, edge: true, edge + 1: false} {
			if got := c.ok(c.source(n)); got != want {
				t.Errorf("%s at %d (bound %d): ok = %v, want %v", c.name, n, edge, got, want)
			}
		}
	}
}

func itoa(n int) string { b, _ := Encode(n); return string(b) }

// TestDeepSources gives the compiler sources that overflow a naive parser.
func TestDeepSources(t *testing.T) {
	const n = 3_000_000
	for _, piece := range []string{"(", "[", "{", "-", "!", "not ", "a.", "a?", "f(", "1+", "a?b:", "#", "${", `"`, "a ?? ", "let x=1;"} {
		for _, count := range []int{MaxSource / len(piece), n} {
			source := strings.Repeat(piece, count)
			p, _, problems := Compile(source, nil)
			if p != nil || len(problems) == 0 {
				t.Errorf("%d times %q compiled", count, piece)
				continue
			}
			if first := problems[0]; first.Offset+first.Length > len(source) || first.Length < 1 {
				t.Errorf("%d times %q: the problem stands at %d+%d", count, piece, first.Offset, first.Length)
			}
		}
	}
}
