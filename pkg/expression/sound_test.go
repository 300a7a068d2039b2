package expression

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	soundSeed = flag.Uint64("sound.seed", 4711, "of the expressions that are generated")
	soundN    = flag.Int("sound.n", 10_000, "how many expressions are generated")
)

// What the checker accepts holds: expressions are put together of ones that
// were accepted before, and each that is accepted again is evaluated over
// random values of the types that it was judged by. It never fails for want of
// a value or for the type of one, and what it yields is of the type that was
// told. Expressions of which something is not known are left out.
func TestTypesAreSound(t *testing.T) {
	g := newSoundGen(*soundSeed)
	accepted := 0
	for i := range *soundN {
		source := g.next()
		sc := checkScope()
		sc.WarnAny = true
		p, typ, problems := Compile(source, sc)
		if p == nil || len(problems) > 0 || vague(typ, 0) {
			continue
		}
		accepted++
		g.keep(source)
		for range 6 {
			env := g.env(sc)
			x, err := p.Eval(env)
			if why := unsound(x, err, typ); why != "" {
				t.Fatalf("seed %d, expression %d: %s is %s, but %s\nover %v", *soundSeed, i, source, typ, why, env)
			}
		}
	}
	t.Logf("%d of %d expressions are accepted", accepted, *soundN)
	if accepted < *soundN/20 {
		t.Error("too few are accepted")
	}
}

// vague tells that a type says nothing somewhere.
func vague(t *Type, depth int) bool {
	if t.kind() == TypeAny || depth > 20 {
		return true
	}
	for _, f := range t.Fields {
		if vague(f.Type, depth+1) {
			return true
		}
	}
	return (t.Kind == TypeList || t.Open) && t.Elem != nil && vague(t.Elem, depth+1)
}

// What messages say of values of a wrong type. A number may be an integer.
var (
	quoted       = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	wrongType    = regexp.MustCompile(`\bnull\b|\b(got|is) an? |cannot (compare|read|be used)`)
	mayBeInteger = regexp.MustCompile(`(an|two) integers?`)
)

// unsound tells what is wrong with a result, empty when nothing is.
func unsound(x any, err error, typ *Type) string {
	var failed *Error
	if errors.As(err, &failed) {
		if failed.Code == CodeExpressionLimit {
			return ""
		}
		if message := quoted.ReplaceAllString(failed.Message, `""`); wrongType.MatchString(message) && !mayBeInteger.MatchString(message) {
			return "fails: " + failed.Message
		}
		return ""
	}
	if err != nil {
		return "fails: " + err.Error()
	}
	return outside(x, typ, "", 0)
}

// outside tells where a value is not of a type.
func outside(x any, t *Type, at string, depth int) string {
	if t.kind() == TypeAny || depth > 20 {
		return ""
	}
	wrong := fmt.Sprintf("yields %s%s, which is %s", at, describe(x), t)
	ok := false
	switch v := x.(type) {
	case nil:
		ok = t.nullable()
	case bool:
		ok = t.Kind == TypeBool
	case int:
		ok = t.Kind == TypeInt || t.Kind == TypeNumber
	case float64:
		ok = t.Kind == TypeNumber
	case string:
		ok = t.Kind == TypeString && (len(t.Enum) == 0 || slices.Contains(t.Enum, v))
	case Duration:
		ok = t.Kind == TypeDuration
	case time.Time:
		ok = t.Kind == TypeTime
	case Decimal:
		ok = t.Kind == TypeDecimal
	case Sealed:
		ok = t.Kind == TypeSecret
	case []any:
		if ok = t.Kind == TypeList; ok {
			for i, elem := range v {
				if why := outside(elem, t.elem(), fmt.Sprintf("%s[%d] ", at, i), depth+1); why != "" {
					return why
				}
			}
		}
	case map[string]any:
		if ok = t.Kind == TypeObject; ok {
			return outsideFields(v, t, at, depth)
		}
	}
	if ok {
		return ""
	}
	return wrong
}

func outsideFields(v map[string]any, t *Type, at string, depth int) string {
	for _, f := range t.Fields {
		x, there := v[f.Name]
		if !there || x == nil && f.Optional {
			if !f.Optional && !f.Type.nullable() {
				return fmt.Sprintf("%shas no %s", at, f.Name)
			}
			continue
		}
		if why := outside(x, f.Type, at+"."+f.Name+" ", depth+1); why != "" {
			return why
		}
	}
	for _, name := range sortedNames(v) {
		if _, ok := t.field(name); ok {
			continue
		}
		if !t.Open {
			return fmt.Sprintf("%shas a %s that nobody told of", at, name)
		}
		if v[name] == nil {
			continue
		}
		if why := outside(v[name], t.elem(), at+"."+name+" ", depth+1); why != "" {
			return why
		}
	}
	return ""
}

// soundGen puts expressions together.
type soundGen struct {
	r    *rand.Rand
	pool []string
}

var soundAtoms = []string{
	"1", "0", "-3", "2.5", `"gold"`, `"a"`, `""`, "true", "false", "null", "[]", "{}", "[1, 2]", `["a", null]`, `{a: 1, b: "x"}`, "1..4",
	`duration("90s")`, `date("2026-01-31T08:00:00Z")`, `decimal("1.10")`, "now()",
	"input.id", "input.tier", "input.total", "input.count", "input.note", "input.gift", "input.address", "input.address?.city", "input.address?.zip",
	"input.items", "input.items[0]", "input.items[0].sku", "input.query", "input.query.x", "input.point", "input.point[0]", "input.pay", "input.pay.card", "input.pay.kind",
	"steps.a.output", "steps.a.output.id", "steps.a.status", "steps.a.error", "steps.b.output", "steps.b.status", "steps.b.error", "steps.b.output?.total",
	"vars.attempts", "vars.list", "params.limit", "line", "line.qty", "index", "run.id",
}

// soundShapes are what expressions are made of: each % is one of the pool, and
// each @ something over an element.
var soundShapes = []string{
	"(% + %)", "(% - %)", "(% * %)", "(% / %)", "(% %% %)", "(% ** %)", "(-%)", "(not %)",
	"(% == %)", "(% != %)", "(% < %)", "(% >= %)", "(% in %)", "(% contains %)", "(% startsWith %)", "(% matches \"a+\")",
	"(% and %)", "(% or %)", "(% ? % : %)", "(% ?? %)", "(% == null ? % : %)", "(% != null and %)",
	"[%, %]", "{a: %, b: %}", "{(%): %}", "%[0]", "%[-1]", "%[0:1]", "%?.a", "%?.sku", "%.sku", "%.city", "%.output", "%.qty", "(let v = %; v)",
	"(let v = %; v == null ? % : [v])", "(let v = %; v != null and (let v = %; v == %))", "filter(%, # != null)", "find(%, .zip != null)", "filter([input], .note != null)",
	"(% != null ? % : %)", "(% in [%, %] ? % : %)", "(% in % and %)", "(not (% == null or %))", "(% | string())",
	"filter(%, @)", "map(%, @)", "any(%, @)", "all(%, @)", "none(%, @)", "count(%, @)", "sum(%, @)", "find(%, @)", "findIndex(%, @)", "findLast(%, @)", "one(%, @)",
	"sortBy(%, @)", "sortBy(%, @, \"desc\")", "groupBy(%, @)", "reduce(%, [#acc, #], %)", "reduce(%, #acc, %)", "reduce(%, #acc + #, %)", "reduce(%, #, %)",
}

var soundBodies = []string{
	"#", ".sku", ".qty", ".qty > 1", ".sku == \"a\"", "# > 1", "# != null", "# == null", ".sku != null", "len(#)", "[#]", "{a: #}", "#index", "true", "# in [1, 2]", "string(#)",
	"# ?? 0", "# ?? \"\"", "#?.sku", "upper(#)", "# + 1", "not #", "%", "# == %", "[#, %]", ".a", ".b",
}

func newSoundGen(seed uint64) *soundGen {
	return &soundGen{r: rand.New(rand.NewPCG(seed, 1)), pool: slices.Clone(soundAtoms)}
}

// keep makes an expression part of later ones.
func (g *soundGen) keep(source string) {
	if len(source) > 160 {
		return
	}
	if len(g.pool) > 400 {
		g.pool[len(soundAtoms)+g.r.IntN(400-len(soundAtoms))] = source
		return
	}
	g.pool = append(g.pool, source)
}

func (g *soundGen) pick() string { return g.pool[g.r.IntN(len(g.pool))] }

func (g *soundGen) next() string {
	if g.r.IntN(2) == 0 {
		return g.fill(soundShapes[g.r.IntN(len(soundShapes))])
	}
	group := groups[g.r.IntN(len(groups))].functions
	f := group[g.r.IntN(len(group))]
	if f.name == "repeat" || f.name == "padStart" || f.name == "padEnd" {
		return g.pick()
	}
	var args []string
	for _, p := range f.params {
		if p.optional && g.r.IntN(2) == 0 && !p.rest {
			break
		}
		args = append(args, g.pick())
		for p.rest && g.r.IntN(2) == 0 {
			args = append(args, g.pick())
		}
	}
	return f.name + "(" + strings.Join(args, ", ") + ")"
}

func (g *soundGen) fill(shape string) string {
	shape = strings.ReplaceAll(shape, "%%", "‹mod›")
	var b strings.Builder
	for _, ch := range shape {
		switch ch {
		case '%':
			b.WriteString(g.pick())
		case '@':
			b.WriteString(g.fill(soundBodies[g.r.IntN(len(soundBodies))]))
		default:
			b.WriteRune(ch)
		}
	}
	return strings.ReplaceAll(b.String(), "‹mod›", "%")
}

// env draws values for all slots of a scope.
func (g *soundGen) env(sc *Scope) testEnv {
	env := testEnv{{Root: RootInput}: g.draw(sc.Names["input"].Type, 0)}
	field := func(t *Type, name string) Field { f, _ := t.field(name); return f }
	for _, name := range []string{"limit"} {
		env[Read{Root: RootParams, Name: name}] = g.draw(field(sc.Names["params"].Type, name).Type, 0)
	}
	for _, name := range []string{"attempts", "list"} {
		env[Read{Root: RootVars, Name: name}] = g.draw(field(sc.Names["vars"].Type, name).Type, 0)
	}
	for _, name := range []string{"a", "b"} {
		step := field(sc.Names["steps"].Type, name).Type
		status := "succeeded"
		if name == "b" {
			status = []string{"succeeded", "failed", "timedOut", "skipped"}[g.r.IntN(4)]
		}
		env[Read{Root: RootSteps, Name: name, Field: "status"}] = status
		if status == "succeeded" {
			env[Read{Root: RootSteps, Name: name, Field: "output"}] = g.draw(field(step, "output").Type, 0)
		}
		if status == "failed" || status == "timedOut" {
			env[Read{Root: RootSteps, Name: name, Field: "error"}] = g.draw(field(step, "error").Type, 0)
		}
	}
	env[Read{Root: RootLoops, Name: "ship", Field: "item"}] = g.draw(sc.Names["line"].Type, 0)
	env[Read{Root: RootLoops, Name: "ship", Field: "index"}] = g.r.IntN(3)
	env[Read{Root: RootRun, Field: "id"}] = "run-1"
	env[Read{Root: RootRun, Field: "startedAt"}] = "2026-01-31T08:00:00Z"
	return env
}

// draw makes a value of a type.
func (g *soundGen) draw(t *Type, depth int) any {
	if t.nullable() && g.r.IntN(3) == 0 {
		return nil
	}
	switch t.kind() {
	case TypeBool:
		return g.r.IntN(2) == 0
	case TypeInt:
		return g.r.IntN(7) - 2
	case TypeNumber:
		if g.r.IntN(2) == 0 {
			return g.r.IntN(7) - 2
		}
		return float64(g.r.IntN(9)) / 2
	case TypeString:
		if len(t.Enum) > 0 {
			return t.Enum[g.r.IntN(len(t.Enum))]
		}
		return []string{"", "a", "b", "gold", "12", "2026-01-31", "ä"}[g.r.IntN(7)]
	case TypeList:
		list := []any{}
		for range g.r.IntN(4) {
			list = append(list, g.draw(t.elem(), depth+1))
		}
		return list
	case TypeObject:
		m := map[string]any{}
		for _, f := range t.Fields {
			if !f.Optional || g.r.IntN(2) == 0 {
				m[f.Name] = g.draw(f.Type, depth+1)
			}
		}
		if t.Open && g.r.IntN(2) == 0 {
			m["x"] = g.draw(t.elem(), depth+1)
		}
		return m
	default:
		return nil
	}
}
