package sim

import "fmt"

// number returns an expression that is an integer at a place.
func (g *generator) number(at place, deep int) string {
	leaves := []string{itoa(g.n(7)), "input.n"}
	if !at.concurrent && !at.beside {
		leaves = append(leaves, "vars.a", "vars.b")
	}
	if at.index {
		leaves = append(leaves, "index")
	}
	if at.item != "" {
		leaves = append(leaves, at.item)
	}
	for _, s := range at.sees {
		leaves = append(leaves, s.expr)
	}
	if g.many && g.chance(60) {
		return "len(vars.many) % 9"
	}
	if deep <= 0 || g.chance(35) {
		return one(g.dice, leaves...)
	}
	a, b := g.number(at, deep-1), g.number(at, deep-1)
	if len(at.ids) > 0 && g.chance(12) {
		return fmt.Sprintf("(steps.%s.status == %q ? %s : %s)", one(g.dice, at.ids...), one(g.dice, "succeeded", "failed", "skipped"), a, b)
	}
	switch g.n(6) {
	case 0:
		return fmt.Sprintf("(%s + %s) %% 1000", a, b)
	case 1:
		return fmt.Sprintf("%s - %s", a, "("+b+")")
	case 2:
		return fmt.Sprintf("(%s) * 2 %% 97", a)
	case 3:
		return fmt.Sprintf("max(%s, %s)", a, b)
	case 4:
		return fmt.Sprintf("(%s ? %s : %s)", g.compare(a, b), a, b)
	default:
		return fmt.Sprintf("len(string(%s))", a)
	}
}

func (g *generator) compare(a, b string) string {
	return fmt.Sprintf("%s %s %s", a, one(g.dice, "<", ">", "==", "!=", "<=", ">="), "("+b+")")
}

// truth returns an expression that is true or false.
func (g *generator) truth(at place) string {
	t := g.compare(g.number(at, 1), g.number(at, 1))
	if at.err != "" && g.chance(30) {
		return one(g.dice, at.err+` == "Refused"`, at.err+` != "Planned"`)
	}
	if g.chance(15) {
		return "not (" + t + ")"
	}
	return t
}

// text returns a text with an expression in it.
func (g *generator) text(at place) string {
	if at.err != "" && g.chance(40) {
		return "after ${ " + at.err + ` ?? "nothing" }`
	}
	return one(g.dice, "value ${ ", "at ${ input.tier }: ${ ") + g.number(at, 1) + " }"
}

// value returns a whole value in ${ }.
func (g *generator) value(at place) string { return "${ " + g.number(at, 2) + " }" }

// failing returns an integer expression that fails when it runs.
func (g *generator) failing(at place) string {
	return one(g.dice,
		"${ "+g.number(at, 1)+" / (input.n - input.n) }",
		"${ fromJSON(\"no JSON\").n }",
		"${ input.items[99] + 1 }",
	)
}
