package expression

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/internal/spent"
)

// What broke the libraries below us, or libraries that we looked at, and the
// tests that hold it against our bounds:
//
//	input                                     library      test
//	a text doubled by reduce; join, replace   expr         TestLimits
//	nested sums over ranges                   expr         TestLimits
//	a pattern that multiplies, long subjects  expr         TestThreats, TestLimits
//	millions of ( - [ !                       expr         TestThreats here and in pkg/dsl
//	a cyclic value as text                    expr         TestThreats
//	100,000 brackets or dashes, aliases       YAML         TestThreats in pkg/dsl
//	dates, octal numbers, tags, two keys      YAML         TestThreats in pkg/dsl, read_* of its testdata
//	JSON 100,000 deep, members of one name    JSON         TestThreats here and in pkg/dsl
//	a schema that opens a file or a URL       jsonschema   TestThreats here and in pkg/dsl
//	9,000 nested not                          jsonschema   TestThreats here and in pkg/dsl
//	references in a loop, bad patterns        jsonschema   TestThreats
//	loopback in seven spellings, rebinding    net          TestCases of pkg/egress, TestEgress* of pkg/connectors/http
//	a page of the data file that rots         bbolt        TestDamage of pkg/eventlog/boltlog
//
// TestThreats holds inputs that broke the libraries below, or readers like
// ours, against what has to come of them: an error, with little memory. What
// one costs in time BenchmarkThreats tells. The sources of expressions that are
// too large to evaluate are in TestLimits.
func TestThreats(t *testing.T) {
	for name, attempt := range threats() {
		t.Run(name, func(t *testing.T) {
			var err error
			allocated := spent.Memory(func() { err = attempt() })
			if err == nil {
				t.Error("no error")
			}
			if text := fmt.Sprint(err); strings.Contains(text, "root:") || strings.Contains(text, "runtime error") {
				t.Errorf("the error is %s", text)
			}
			if grown := allocated >> 20; grown > 200 {
				t.Errorf("allocated %d MiB", grown)
			}
		})
	}
}

// What it costs to refuse each of the inputs of TestThreats.
func BenchmarkThreats(b *testing.B) {
	all := threats()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if all[name]() == nil {
					b.Fatal("no error")
				}
			}
		})
	}
}

// threats is, by name, what has to end in an error.
func threats() map[string]func() error {
	nest := func(open, inner, end string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	cyclicList := []any{nil}
	cyclicList[0] = cyclicList
	cyclicObject := map[string]any{}
	cyclicObject["self"] = cyclicObject
	evaluate := func(source string, input any) error {
		p, err := Load(source, nil)
		if err != nil {
			return err
		}
		_, err = p.Eval(testEnv{{Root: RootInput}: input})
		return err
	}
	schema := func(text string) error { _, err := CompileSchema([]byte(text)); return err }
	decode := func(text string) error { _, err := DecodeRaw([]byte(text)); return err }
	return map[string]func() error{
		"5,000,000 times (":            func() error { return evaluate(strings.Repeat("(", 5_000_000), nil) },
		"5,000,000 times -":            func() error { return evaluate(strings.Repeat("-", 5_000_000), nil) },
		"5,000,000 times [":            func() error { return evaluate(strings.Repeat("[", 5_000_000), nil) },
		"5,000,000 times !":            func() error { return evaluate(strings.Repeat("!", 5_000_000), nil) },
		"100,000 pairs of parentheses": func() error { return evaluate(nest("(", "1", ")", 100_000), nil) },
		"a cyclic list as text":        func() error { return evaluate("string(input)", cyclicList) },
		"a cyclic object as text":      func() error { return evaluate("string(input)", cyclicObject) },
		"a cyclic object as JSON":      func() error { return evaluate("toJSON(input)", cyclicObject) },
		"a cyclic list as result":      func() error { return evaluate("input", cyclicList) },
		"a cyclic list flattened":      func() error { return evaluate("flatten(input)", cyclicList) },
		"cyclic objects compared":      func() error { return evaluate("input == [input][0]", cyclicObject) },
		"a cyclic object recorded":     func() error { _, err := Encode(cyclicObject); return err },
		"a pattern of 513 characters":  func() error { return evaluate(`"a" matches "`+strings.Repeat("a", 513)+`"`, nil) },
		"a pattern that multiplies":    func() error { return evaluate(`"a" matches "((a{1,100}){1,100}){1,100}"`, nil) },
		"a pattern with look-ahead":    func() error { return evaluate(`"a" matches "(?=a)a"`, nil) },

		"JSON 100,000 deep":          func() error { return decode(nest("[", "", "]", 100_000)) },
		"JSON objects 100,000 deep":  func() error { return decode(nest(`{"a":`, "1", "}", 100_000)) },
		"JSON 10,000,000 open":       func() error { return decode(strings.Repeat("[", 10_000_000)) },
		"JSON with something behind": func() error { return decode(`{} {}`) },
		"JSON with NUL":              func() error { return decode("\"a\x00b\"") },
		"fromJSON() of deep JSON":    func() error { return evaluate("fromJSON(input)", nest("[", "", "]", 100_000)) },
		"a schema that opens a file": func() error { return schema(`{"$ref":"file:///etc/passwd"}`) },
		"a schema that opens a URL":  func() error { return schema(`{"$ref":"https://example.com/schema"}`) },
		"a file behind $dynamicRef":  func() error { return schema(`{"$dynamicRef":"file:///etc/passwd"}`) },
		"a file behind $id":          func() error { return schema(`{"$id":"file:///etc/","$ref":"passwd"}`) },
		"a file as metaschema":       func() error { return schema(`{"$schema":"file:///etc/passwd"}`) },
		"9,000 nested not":           func() error { return schema(nest(`{"not":`, "{}", "}", 9_000)) },
		"65 nested not":              func() error { return schema(nest(`{"not":`, "{}", "}", 65)) },
		"a schema of 65 KiB":         func() error { return schema(`{"title":"` + strings.Repeat("x", 65<<10) + `"}`) },
		"references that multiply":   func() error { return schema(doubling(40)) },
		"a bad pattern in a schema":  func() error { return schema(`{"pattern":"("}`) },
		"look-ahead in a schema":     func() error { return schema(`{"pattern":"(?=a)"}`) },
		"a huge repeat in a schema":  func() error { return schema(`{"pattern":"a{1,1000000}"}`) },
		"a long pattern in a schema": func() error { return schema(`{"pattern":"` + strings.Repeat("a", 513) + `"}`) },
		"a reference that is a loop": func() error { return violated(`{"$ref":"#"}`, 1) },
		"references in a loop": func() error {
			return violated(`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`, 1)
		},
		"a value deeper than a schema":  func() error { return violated(`{"type":"array","items":{"$ref":"#"}}`, cyclicList) },
		"a text of 1 MiB and a pattern": func() error { return violated(`{"pattern":"^(a{1,10}){1,10}b$"}`, strings.Repeat("a", 1<<20)) },
	}
}

// violated holds a value against a schema; nil means that it fits.
func violated(text string, x any) error {
	s, err := CompileSchema([]byte(text))
	if err != nil {
		return err
	}
	if violations := s.Validate(x); len(violations) > 0 {
		return fmt.Errorf("%s: %s", violations[0].Path, violations[0].Message)
	}
	return nil
}

// doubling is a schema each of whose n definitions refers twice to the next.
func doubling(n int) string {
	var defs []string
	for i := range n {
		defs = append(defs, fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1))
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s,"d%d":{"type":"null"}}}`, strings.Join(defs, ","), n)
}
