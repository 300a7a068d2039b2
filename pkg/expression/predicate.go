package expression

import (
	"math/bits"

	"github.com/expr-lang/expr/ast"
)

// What a predicate weighs.
const (
	// beginLoop is what a loop weighs before its first pass.
	beginLoop = 10
	// nodesPerStep is how many nodes of a predicate weigh one step.
	nodesPerStep = 8
)

// pass is the code of a function that takes a predicate: what it does for one
// element of a list.
type pass struct {
	fn     string
	list   code
	weight int
	// Where the element, its place and what was reduced so far are kept; index
	// is negative when nothing reads it.
	elem, index, acc int
	body             code // yields the value for an element
	holds            test // instead of body: whether the condition holds
}

// begin returns the list.
func (p *pass) begin(m *machine) ([]any, error) {
	x, err := p.list(m)
	if err != nil {
		return nil, err
	}
	list, ok := x.([]any)
	if !ok {
		return nil, failf("%s() needs a list, got %s", p.fn, describe(x))
	}
	return list, m.ev.charge(beginLoop)
}

// enter makes element i the one that the predicate sees.
func (p *pass) enter(m *machine, list []any, i int) error {
	m.locals[p.elem] = list[i]
	if p.index >= 0 {
		m.locals[p.index] = i
	}
	return m.ev.charge(p.weight)
}

// at returns what the predicate yields for element i.
func (p *pass) at(m *machine, list []any, i int) (any, error) {
	if err := p.enter(m, list, i); err != nil {
		return nil, err
	}
	return p.body(m)
}

// holdsAt tells whether the condition holds for element i.
func (p *pass) holdsAt(m *machine, list []any, i int) (bool, error) {
	if err := p.enter(m, list, i); err != nil {
		return false, err
	}
	return p.holds(m)
}

// predicate makes the code of a function that takes a predicate.
func (g *generator) predicate(n *ast.BuiltinNode) code {
	if len(n.Arguments) == 0 {
		return g.fail("%s: %w", n.Name, errNoPredicate)
	}
	p := &pass{fn: n.Name, list: g.node(n.Arguments[0]), elem: g.variable(), index: -1}
	body := ast.Node(&ast.PointerNode{})
	if len(n.Arguments) > 1 {
		given, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return g.fail("%s: %w", n.Name, errNoPredicate)
		}
		body = given.Node
	}
	var extra code
	if len(n.Arguments) > 2 {
		extra = g.node(n.Arguments[2])
	}
	p.weight = weightOf(body)
	if n.Name == "reduce" {
		p.acc = g.variable()
	}
	g.loops = append(g.loops, p)
	if isSearch[n.Name] {
		p.holds = g.test(body)
	} else {
		p.body = g.node(body)
	}
	g.loops = g.loops[:len(g.loops)-1]
	return g.loop(p, extra)
}

// isSearch holds the functions whose predicate is a condition.
var isSearch = map[string]bool{
	"all": true, "none": true, "any": true, "one": true, "filter": true, "count": true,
	"find": true, "findIndex": true, "findLast": true, "findLastIndex": true,
}

// loop makes the code of a predicate; extra is its third argument, if any.
func (g *generator) loop(p *pass, extra code) code {
	switch p.fn {
	case "all":
		return p.quantify(false, false)
	case "any":
		return p.quantify(true, true)
	case "none":
		return p.quantify(true, false)
	case "one":
		return func(m *machine) (any, error) {
			n, err := p.count(m, 2)
			return n == 1, err
		}
	case "count":
		return func(m *machine) (any, error) {
			n, err := p.count(m, -1)
			return n, err
		}
	case "find", "findIndex", "findLast", "findLastIndex":
		return p.find
	case "filter":
		return p.filter
	case "map":
		return func(m *machine) (any, error) {
			_, values, err := p.values(m)
			return values, err
		}
	case "reduce":
		return func(m *machine) (any, error) { return p.reduce(m, extra) }
	case "sum":
		return func(m *machine) (any, error) {
			_, values, err := p.values(m)
			if err != nil {
				return nil, err
			}
			return sum(m.ev, []any{values})
		}
	case "groupBy":
		return func(m *machine) (any, error) {
			list, keys, err := p.values(m)
			if err != nil {
				return nil, err
			}
			return groupBy(m.ev, list, keys)
		}
	case "sortBy":
		return func(m *machine) (any, error) { return p.sort(m, extra) }
	}
	return g.fail("function %s is not supported", p.fn)
}

// quantify ends with answer at the first element for which the condition is
// what until says, and with the opposite behind the last one.
func (p *pass) quantify(until, answer bool) code {
	return func(m *machine) (any, error) {
		list, err := p.begin(m)
		if err != nil {
			return nil, err
		}
		for i := range list {
			holds, err := p.holdsAt(m, list, i)
			if err != nil {
				return nil, err
			}
			if holds == until {
				return answer, nil
			}
		}
		return !answer, nil
	}
}

// count returns for how many elements the condition holds; it ends at most of
// them, when most is not negative.
func (p *pass) count(m *machine, most int) (int, error) {
	list, err := p.begin(m)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range list {
		holds, err := p.holdsAt(m, list, i)
		if err != nil {
			return 0, err
		}
		if holds {
			n++
		}
		if n == most {
			break
		}
	}
	return n, nil
}

// find returns the first or last element for which the condition holds, or
// its place.
func (p *pass) find(m *machine) (any, error) {
	list, err := p.begin(m)
	if err != nil {
		return nil, err
	}
	backward := p.fn == "findLast" || p.fn == "findLastIndex"
	for n := range list {
		i := n
		if backward {
			i = len(list) - 1 - n
		}
		holds, err := p.holdsAt(m, list, i)
		switch {
		case err != nil:
			return nil, err
		case !holds:
		case p.fn == "findIndex" || p.fn == "findLastIndex":
			return i, nil
		default:
			return list[i], nil
		}
	}
	return nil, nil
}

func (p *pass) filter(m *machine) (any, error) {
	list, err := p.begin(m)
	if err != nil {
		return nil, err
	}
	kept := make([]any, 0, min(len(list), MaxSteps/p.weight))
	for i, elem := range list {
		holds, err := p.holdsAt(m, list, i)
		if err != nil {
			return nil, err
		}
		if holds {
			kept = append(kept, elem)
		}
	}
	return kept, nil
}

// values returns the list and what the predicate yields for its elements.
func (p *pass) values(m *machine) (list, values []any, err error) {
	if list, err = p.begin(m); err != nil {
		return nil, nil, err
	}
	if len(list) > MaxSteps/p.weight {
		return nil, nil, errSteps
	}
	values = make([]any, len(list))
	for i := range list {
		if values[i], err = p.at(m, list, i); err != nil {
			return nil, nil, err
		}
	}
	return list, values, nil
}

func (p *pass) reduce(m *machine, first code) (any, error) {
	list, err := p.begin(m)
	if err != nil {
		return nil, err
	}
	var acc any
	at := 0
	switch {
	case first != nil:
		if acc, err = first(m); err != nil {
			return nil, err
		}
	case len(list) == 0:
		return nil, failf("reduce() of an empty list needs a first value")
	default:
		acc, at = list[0], 1
	}
	for ; at < len(list); at++ {
		m.locals[p.acc] = acc
		if acc, err = p.at(m, list, at); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

func (p *pass) sort(m *machine, order code) (any, error) {
	list, keys, err := p.values(m)
	if err != nil {
		return nil, err
	}
	args := []any{list, keys}
	if order != nil {
		way, err := order(m)
		if err != nil {
			return nil, err
		}
		args = append(args, way)
	}
	return sortBy(m.ev, args)
}

// sortBy sorts a list by the keys of its elements: a[0] is the list, a[1] the
// keys, a[2] the order.
func sortBy(ev *evaluation, a []any) (any, error) {
	list, keys := a[0].([]any), a[1].([]any)
	sign := 1
	if len(a) == 3 {
		switch a[2] {
		case "asc":
		case "desc":
			sign = -1
		default:
			return nil, failf(`the order is "asc" or "desc", got %s`, describeKey(a[2]))
		}
	}
	return sorted(ev, list, keys, sign)
}

func sorted(ev *evaluation, list, keys []any, sign int) (any, error) {
	if err := ev.charge(1 + len(list)*bits.Len(uint(len(list)))/elementsPerStep); err != nil {
		return nil, err
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	if err := stableSort(ev, order, keys, sign); err != nil {
		return nil, err
	}
	result := make([]any, len(list))
	for i, from := range order {
		result[i] = list[from]
	}
	return result, nil
}

// weightOf returns the steps of one pass of a predicate.
func weightOf(body ast.Node) int {
	c := nodeCounter(0)
	ast.Walk(&body, &c)
	return 1 + int(c)/nodesPerStep
}

type nodeCounter int

// Visit counts a node.
func (c *nodeCounter) Visit(*ast.Node) { *c++ }
