package expression

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// templateOf builds the template of a scalar as a reader of files does.
func templateOf(t *testing.T, text string) *Template {
	t.Helper()
	parts, problem := SplitText(text)
	if problem != nil {
		t.Fatalf("%s: %s", text, problem.Message)
	}
	var templates []*Template
	for _, part := range parts {
		if !part.Expr {
			templates = append(templates, Literal(part.Text))
			continue
		}
		p, err := Load(part.Text, nil)
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, Dynamic(p))
	}
	if len(templates) == 1 {
		return templates[0]
	}
	return Text(templates)
}

// TestTexts shows what may stand in a text and how it is written.
func TestTexts(t *testing.T) {
	env := testEnv{{Root: RootInput}: map[string]any{"id": "o-1", "n": 3, "f": 2.0, "yes": true, "list": []any{1}, "none": nil}, {Root: RootSecrets, Name: "K"}: Sealed{Secret: "K"}}
	for text, want := range map[string]string{
		"plain":                                   `"plain"`,
		"order ${ input.id }!":                    `"order o-1!"`,
		"${ input.n }":                            `3`,
		"${ input.n } ":                           `"3 "`,
		"${ input.f }/${ input.yes }":             `"2/true"`,
		"a $${ b } ${ input.id }":                 `"a ${ b } o-1"`,
		"${ {a: {b: \"}\"}}.a.b }x":               `"}x"`,
		"at ${ now() } for ${ duration(\"1d\") }": `"at 2026-01-31T08:00:00Z for 24h"`,
		"key ${ secrets.K }":                      `{"$sealed":{"args":["key ",{"$sealed":{"secret":"K"}}],"fn":"concat"}}`,
		"x ${ input.list }":                       "ExpressionError: a list cannot stand in a text: write it with toJSON()",
		"x ${ input }":                            "ExpressionError: an object cannot stand in a text: write it with toJSON()",
		"x ${ input.none }":                       "ExpressionError: null cannot stand in a text: give another value with ??",
		"x ${ input.list.a }":                     `ExpressionError: a list has no field "a"`,
		"xyz ${ repeat(\"a\", 10485760 - 2) }":    "ExpressionLimit: a value of the expression is larger than 10 MiB",
	} {
		if got := showResult(templateOf(t, text).Eval(env)); got != want {
			t.Errorf("%q = %s, want %s", text, got, want)
		}
	}
	if typ := templateOf(t, "key ${ secrets.K }").Type(); typ.Kind != TypeString {
		t.Errorf("the type of a text is %v", typ)
	}
}

// TestTemplates shows objects and lists of templates, what they read and which
// types they have.
func TestTemplates(t *testing.T) {
	id := templateOf(t, "${ input.id }")
	object := Object([]string{"id", "two", "list"}, []*Template{id, Literal(2), List([]*Template{id, Literal("x")})})
	got, err := object.Eval(testEnv{{Root: RootInput}: map[string]any{"id": "o-1"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": "o-1", "two": 2, "list": []any{"o-1", "x"}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("Eval differs (-want +got):\n%s", diff)
	}
	if _, ok := object.IsLiteral(); ok {
		t.Error("an object with an expression is a literal")
	}
	if got := fmt.Sprint(object.Reads()); got != "[{0  }]" {
		t.Errorf("Reads = %s", got)
	}
	folded := Object([]string{"a"}, []*Template{List([]*Template{Literal(1)})})
	if x, ok := folded.IsLiteral(); !ok || cmp.Diff(any(map[string]any{"a": []any{1}}), x) != "" {
		t.Errorf("a literal object folds to %v, %v", x, ok)
	}
	if got := showType(folded.Type(), 0); got != "{a: a list of integers}" {
		t.Errorf("Type = %s", got)
	}
	if got := showType(object.Type(), 0); got != "{id: any value, two: an integer, list: a list}" {
		t.Errorf("Type = %s", got)
	}
	var none *Template
	if x, err := none.Eval(testEnv{}); x != nil || err != nil || none.Type().Kind != TypeNull {
		t.Errorf("a nil template = %v, %v", x, err)
	}
}

// TestLacks shows that a template names all missing bytes at once, and that a
// Lack comes through as it is.
func TestLacks(t *testing.T) {
	one, two := HashOf([]byte("1")), HashOf([]byte("2"))
	env := testEnv{
		{Root: RootInput}: &Lack{Hashes: []Hash{one}},
		{Root: RootSteps, Name: "a", Field: "output"}: &Lack{Hashes: []Hash{one, two}},
	}
	object := List([]*Template{templateOf(t, "${ input.id }"), templateOf(t, "x ${ steps.a.output.id }"), templateOf(t, "${ [input, steps.a.output] }")})
	_, err := object.Eval(env)
	var lack *Lack
	if !errors.As(err, &lack) || cmp.Diff([]Hash{one, two}, lack.Hashes) != "" {
		t.Errorf("Eval: %#v, want a Lack of both hashes", err)
	}
	p, _ := Load("input.id", nil)
	if _, err := p.Eval(env); !errors.As(err, &lack) || len(lack.Hashes) != 1 {
		t.Errorf("Eval: %v", err)
	}
	if !strings.Contains(lack.Error(), one.String()) {
		t.Errorf("Error = %s", lack)
	}
}

// TestCalls shows that uuid() differs within one evaluation of a template and
// is the same when it is made again.
func TestCalls(t *testing.T) {
	object := List([]*Template{templateOf(t, "${ uuid() }"), templateOf(t, "${ uuid() }"), templateOf(t, "${ random() }")})
	first, _ := object.Eval(testEnv{})
	again, err := object.Eval(testEnv{})
	if err != nil || cmp.Diff(first, again) != "" {
		t.Errorf("made again: %v, %v, before %v", again, err, first)
	}
	if list := first.([]any); list[0] == list[1] {
		t.Errorf("two calls yield %v", list[0])
	}
}

// TestSplitText shows where expressions in texts begin and end.
func TestSplitText(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"a":                      "text 0 a",
		"${a}":                   "expr 2 a",
		"x ${ a } y ${b}":        "text 0 x |expr 4  a |text 8  y |expr 13 b",
		"$${a}":                  "text 0 ${a}",
		"$$${a}":                 "text 0 $${a}",
		"$ {a} $":                "text 0 $ {a} $",
		"${ {a: 1}.a }":          "expr 2  {a: 1}.a ",
		`${ "}" }`:               `expr 2  "}" `,
		`${ '}' + "\"}" }`:       `expr 2  '}' + "\"}" `,
		"${ `}` }":               "expr 2  `}` ",
		"${ /* } */ 1 }":         "expr 2  /* } */ 1 ",
		"${ 1 // note }":         "expr 2  1 // note ",
		"${ 1 // } note\n + 2 }": "expr 2  1 // } note\n + 2 ",
		"ä${ a }":                "text 0 ä|expr 4  a ",
		"x ${ a":                 "problem 2+2",
		"x ${ \"}":               "problem 2+2",
		"${ {a: 1 }":             "problem 0+2",
		"}":                      "text 0 }",
	} {
		parts, problem := SplitText(text)
		var got []string
		for _, p := range parts {
			kind := "text"
			if p.Expr {
				kind = "expr"
				if text[p.Offset:p.Offset+len(p.Text)] != p.Text {
					t.Errorf("%q: the part %q does not stand at %d", text, p.Text, p.Offset)
				}
			}
			got = append(got, fmt.Sprintf("%s %d %s", kind, p.Offset, p.Text))
		}
		if problem != nil {
			got = []string{fmt.Sprintf("problem %d+%d", problem.Offset, problem.Length)}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("SplitText(%q) = %q, want %q", text, strings.Join(got, "|"), want)
		}
	}
}
