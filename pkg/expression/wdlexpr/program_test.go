package wdlexpr

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression"
)

// plainEnv holds slots as the engine does.
type plainEnv map[expression.Read]any

func (e plainEnv) Read(r expression.Read) (any, error) {
	if lack, ok := e[r].(*expression.Lack); ok {
		return nil, lack
	}
	return e[r], nil
}
func (plainEnv) Now() time.Time { return time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC) }
func (plainEnv) Seed() string   { return "run/step" }

// slots says where the engine holds what expressions read.
func slots(r Ref) (Slot, error) {
	switch r.Kind {
	case RefAction:
		s := Slot{Read: expression.Read{Root: expression.RootSteps, Name: r.Name, Field: "output"}}
		if r.Field == "body" {
			s.Path = []string{"body"}
		}
		return s, nil
	case RefVariable:
		return Slot{Read: expression.Read{Root: expression.RootVars, Name: r.Name}}, nil
	default:
		return Slot{}, errors.New("nobody holds it")
	}
}

// TestExpression evaluates programs behind those of package expression.
func TestExpression(t *testing.T) {
	env := plainEnv{
		{Root: expression.RootSteps, Name: "A", Field: "output"}: map[string]any{"body": map[string]any{"b": []any{1, 2.5, nil}, "A": "x"}},
		{Root: expression.RootVars, Name: "n"}:                   41,
		{Root: expression.RootVars, Name: "huge"}:                json.Number("18446744073709551616"),
		{Root: expression.RootVars, Name: "key"}:                 expression.Sealed{Secret: "KEY"},
		{Root: expression.RootVars, Name: "far"}:                 &expression.Lack{Hashes: make([]expression.Hash, 1)},
	}
	for _, c := range []struct{ source, want string }{
		{"@body('A')", `{"A":"x","b":[1,2.5,null]}`},
		{"@outputs('A')?['body/b'][0]", "1"},
		{"@add(variables('n'), 1)", "42"},
		{"@variables('huge')", "18446744073709551616"},
		{"n is @{variables('n')}", `"n is 41"`},
		{"@decimal('1.50')", "1.50"},
		{"@div(1.0, 0)", `"Infinity"`},
		{"@utcNow('yyyy')", `"2026"`},
		{"literal", `"literal"`},
		{"@variables('key')", "ExpressionError: 1:2: variables(): a secret cannot be read by an expression"},
		{"@body('A').zz", `ExpressionError: 1:11: the property "zz" doesn't exist, available properties are "A", "b"`},
		{"@range(1, 0)", "ExpressionError: 1:2: range() expects its second parameter to be from 1 to 100,000, got 0"},
		{"@variables('far')", "lack of 1"},
	} {
		p, problems := Compile(c.source)
		if p == nil {
			t.Fatal(problems)
		}
		program, err := p.Expression(slots)
		if err != nil {
			t.Fatal(err)
		}
		x, err := program.Eval(env)
		got := ""
		var failed *expression.Error
		var lack *expression.Lack
		switch {
		case errors.As(err, &lack):
			got = "lack of 1"
		case errors.As(err, &failed):
			got = failed.Code + ": " + failed.Message
		default:
			raw, err := expression.Encode(x)
			if err != nil {
				t.Fatal(err)
			}
			got = string(raw)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.source, diff)
		}
	}
}

// counted counts how often it is made a text.
type counted struct{ n *int }

func (c counted) String() string {
	*c.n++
	return "1h"
}

// TestExpressionReadsOnce converts what a reference stands for once, however
// often an expression names it.
func TestExpressionReadsOnce(t *testing.T) {
	p, problems := Compile("@concat(" + strings.Repeat("variables('n')[0], ", 100) + "variables('n')[0])")
	if p == nil {
		t.Fatal(problems)
	}
	program, err := p.Expression(slots)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	x, err := program.Eval(plainEnv{{Root: expression.RootVars, Name: "n"}: []any{counted{&n}}})
	if err != nil || x != strings.Repeat("1h", 101) || n != 1 {
		t.Errorf("%v, %v, converted %d times", x, err, n)
	}
}

// TestExpressionRefused says why a program cannot stand behind one of package
// expression.
func TestExpressionRefused(t *testing.T) {
	for source, want := range map[string]string{
		"@variables(concat('a'))": "constant name",
		"@item()":                 "nobody holds it",
	} {
		p, problems := Compile(source)
		if p == nil {
			t.Fatal(problems)
		}
		if _, err := p.Expression(slots); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// TestExpressionSeed gives each place its own UUIDs.
func TestExpressionSeed(t *testing.T) {
	p, _ := Compile("@guid()")
	program, err := p.Expression(slots)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, place := range []string{"/a", "/b"} {
		x, err := program.At(place).Eval(plainEnv{})
		if err != nil || seen[x] {
			t.Errorf("%s = %v, %v", place, x, err)
		}
		seen[x] = true
	}
}
