package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
)

// learn returns the facts that hold when the condition n is true, or when it
// is false.
func (c *checker) learn(n ast.Node, truth bool) []fact {
	switch v := n.(type) {
	case *ast.UnaryNode:
		if v.Operator == "!" || v.Operator == "not" {
			return c.learn(v.Node, !truth)
		}
	case *ast.ConditionalNode:
		return c.learnChoice(v, truth)
	case *ast.BinaryNode:
		switch v.Operator {
		case "and", "&&":
			return c.learnBoth(v, truth, true)
		case "or", "||":
			return c.learnBoth(v, truth, false)
		case "==":
			return c.learnEqual(v.Left, v.Right, truth)
		case "!=":
			return c.learnEqual(v.Left, v.Right, !truth)
		case "in":
			if truth {
				return c.learnIn(v.Left, v.Right)
			}
		case "matches", "contains", "startsWith", "endsWith":
			if truth {
				return c.there(v.Left)
			}
		}
	}
	return nil
}

// learnBoth learns from an and, whose sides are both true when it is, or from
// an or, whose sides are both false when it is. Otherwise one of the sides has
// that outcome, so that what both of them tell holds.
func (c *checker) learnBoth(n *ast.BinaryNode, truth, both bool) []fact {
	left, right := c.learn(n.Left, truth), c.learn(n.Right, truth)
	if truth == both {
		return append(left, right...)
	}
	return common(left, right)
}

// learnChoice learns from a ? b : c. Each part is looked at once, so that
// choices in choices stay cheap.
func (c *checker) learnChoice(n *ast.ConditionalNode, truth bool) []fact {
	switch {
	case isBool(n.Exp1, !truth):
		return append(c.learn(n.Cond, false), c.learn(n.Exp2, truth)...)
	case isBool(n.Exp2, !truth):
		return append(c.learn(n.Cond, true), c.learn(n.Exp1, truth)...)
	}
	return common(c.learn(n.Exp1, truth), c.learn(n.Exp2, truth))
}

// common returns the facts that both lists tell.
func common(a, b []fact) []fact {
	return slices.DeleteFunc(a, func(f fact) bool { return !slices.Contains(b, f) })
}

func isBool(n ast.Node, value bool) bool {
	b, ok := n.(*ast.BoolNode)
	return ok && b.Value == value
}

// learnEqual learns from left == right.
func (c *checker) learnEqual(left, right ast.Node, equal bool) []fact {
	if isConstant(left) {
		left, right = right, left
	}
	switch {
	case isNull(right):
		if !equal {
			return c.there(left)
		}
	case !equal:
	case isConstant(right):
		if b, ok := right.(*ast.BoolNode); ok {
			if facts := c.learn(left, b.Value); facts != nil {
				return facts
			}
		}
		left = givenFor(left, right)
		facts := c.there(left)
		if text, ok := right.(*ast.StringNode); ok {
			facts = append(facts, c.learnStatus(left, []string{text.Value})...)
		}
		return facts
	case c.isThere(right):
		return c.there(left)
	case c.isThere(left):
		return c.there(right)
	}
	return nil
}

// givenFor returns the x of x ?? "a" where the whole is another text than "a",
// and any other node as it is.
func givenFor(n, value ast.Node) ast.Node {
	text, ok := value.(*ast.StringNode)
	for ok {
		choice, is := n.(*ast.BinaryNode)
		if !is || choice.Operator != "??" {
			break
		}
		other, is := choice.Right.(*ast.StringNode)
		if !is || other.Value == text.Value {
			break
		}
		n = choice.Left
	}
	return n
}

// isThere tells that n is a chain whose value is certainly not null.
func (c *checker) isThere(n ast.Node) bool {
	if c.key(n) == "" {
		return false
	}
	aside := *c
	aside.problems = nil
	t := aside.value(n)
	return len(aside.problems) == 0 && t.kind() != TypeAny && t.kind() != TypeNull && !t.nullable()
}

// learnIn learns from left in right.
func (c *checker) learnIn(left, right ast.Node) []fact {
	if name, ok := left.(*ast.StringNode); ok {
		if base := c.key(right); base != "" {
			return append(c.there(right), fact{key: memberKey(base, name.Value)})
		}
		return nil
	}
	list, ok := right.(*ast.ArrayNode)
	if !ok {
		return nil
	}
	var texts []string
	for _, elem := range list.Nodes {
		if !isConstant(elem) || isNull(elem) {
			return nil
		}
		if text, ok := elem.(*ast.StringNode); ok {
			texts = append(texts, text.Value)
		}
	}
	facts := c.there(left)
	if len(texts) == len(list.Nodes) {
		facts = append(facts, c.learnStatus(left, texts)...)
	}
	return facts
}

// learnStatus learns from the status of a step what else of it is there.
func (c *checker) learnStatus(n ast.Node, statuses []string) []fact {
	p, ok := pathOf(n, c.isLocal)
	if !ok || p.root != RootSteps || len(p.names) != 2 || p.names[1] != "status" || len(statuses) == 0 {
		return nil
	}
	succeeded, failed := true, true
	for _, status := range statuses {
		succeeded = succeeded && status == "succeeded"
		failed = failed && (status == "failed" || status == "timedOut")
	}
	base := memberKey("steps", p.names[0])
	switch {
	case succeeded:
		return []fact{{key: memberKey(base, "output"), succeeded: true}}
	case failed:
		return []fact{{key: memberKey(base, "error"), notNull: true}}
	}
	return nil
}

// there returns that n and all that it is a member of are not null.
func (c *checker) there(n ast.Node) []fact {
	var facts []fact
	for {
		key := c.key(n)
		if key == "" {
			return facts
		}
		facts = append(facts, fact{key: key, notNull: true})
		for {
			chain, ok := n.(*ast.ChainNode)
			if !ok {
				break
			}
			n = chain.Node
		}
		m, ok := n.(*ast.MemberNode)
		if !ok {
			return facts
		}
		n = m.Node
	}
}
