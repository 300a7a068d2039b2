package wdlexpr

import (
	"cmp"
	"iter"
	"slices"
)

// axis is a way from a node to others: what it finds, whether it goes against
// the order of the document, and whether it finds attributes.
type axis struct {
	from       func(n *xmlNode) iter.Seq[*xmlNode]
	backwards  bool
	attributes bool
}

// axes are the axes of XPath, but for that of name spaces.
var axes = map[string]*axis{
	"child":              {from: below},
	"descendant":         {from: farBelow},
	"descendant-or-self": {from: orSelf(farBelow)},
	"parent":             {from: parentOf},
	"ancestor":           {from: above, backwards: true},
	"ancestor-or-self":   {from: orSelf(above), backwards: true},
	"self":               {from: func(n *xmlNode) iter.Seq[*xmlNode] { return func(yield func(*xmlNode) bool) { yield(n) } }},
	"following-sibling":  {from: rightOf},
	"preceding-sibling":  {from: leftOf, backwards: true},
	"following":          {from: behind},
	"preceding":          {from: inFront, backwards: true},
	"attribute":          {from: attributesOf, attributes: true},
}

// inPaths tells whether a child is a node of its own in XPath: texts that
// touch are one.
func (n *xmlNode) inPaths() bool {
	switch n.kind {
	case xmlElement, xmlComment, xmlInstruction:
		return true
	case xmlText, xmlCDATA:
		return n.place == 0 || !n.parent.children[n.place-1].isText()
	default:
		return false
	}
}

func (n *xmlNode) isText() bool { return n.kind == xmlText || n.kind == xmlCDATA }

func below(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		for _, child := range n.children {
			if child.inPaths() && !yield(child) {
				return
			}
		}
	}
}

func farBelow(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) { n.each(yield) }
}

// each yields what is below n in the order of the document. It returns false
// when that was stopped.
func (n *xmlNode) each(yield func(*xmlNode) bool) bool {
	for child := range below(n) {
		if !yield(child) || !child.each(yield) {
			return false
		}
	}
	return true
}

// eachBack yields n and what is below it from the last to the first.
func (n *xmlNode) eachBack(yield func(*xmlNode) bool) bool {
	for _, child := range slices.Backward(n.children) {
		if child.inPaths() && !child.eachBack(yield) {
			return false
		}
	}
	return yield(n)
}

func orSelf(others func(*xmlNode) iter.Seq[*xmlNode]) func(*xmlNode) iter.Seq[*xmlNode] {
	return func(n *xmlNode) iter.Seq[*xmlNode] {
		return func(yield func(*xmlNode) bool) {
			if yield(n) {
				others(n)(yield)
			}
		}
	}
}

func parentOf(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		if n.parent != nil {
			yield(n.parent)
		}
	}
}

func above(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		for n = n.parent; n != nil && yield(n); n = n.parent {
		}
	}
}

// siblings are the children of n's parent; an attribute has none.
func (n *xmlNode) siblings() []*xmlNode {
	if n.parent == nil || n.kind == xmlAttribute {
		return nil
	}
	return n.parent.children
}

func rightOf(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		all := n.siblings()
		for _, sibling := range all[min(n.place+1, len(all)):] {
			if sibling.inPaths() && !yield(sibling) {
				return
			}
		}
	}
}

func leftOf(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		all := n.siblings()
		for _, sibling := range slices.Backward(all[:min(n.place, len(all))]) {
			if sibling.inPaths() && !yield(sibling) {
				return
			}
		}
	}
}

func behind(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		if n.kind == xmlAttribute {
			if n = n.parent; !n.each(yield) {
				return
			}
		}
		for ; n != nil; n = n.parent {
			for sibling := range rightOf(n) {
				if !yield(sibling) || !sibling.each(yield) {
					return
				}
			}
		}
	}
}

func inFront(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		if n.kind == xmlAttribute {
			n = n.parent
		}
		for ; n != nil; n = n.parent {
			for sibling := range leftOf(n) {
				if !sibling.eachBack(yield) {
					return
				}
			}
		}
	}
}

func attributesOf(n *xmlNode) iter.Seq[*xmlNode] {
	return func(yield func(*xmlNode) bool) {
		for _, a := range n.attributes {
			if a.space != xmlnsSpace && !yield(a) {
				return
			}
		}
	}
}

// setOrder numbers n and all below it in the order of the document, from next
// on. It returns the number behind the last one.
func (n *xmlNode) setOrder(next int) int {
	n.order = next
	next++
	for _, a := range n.attributes {
		a.order = next
		next++
	}
	for _, child := range n.children {
		next = child.setOrder(next)
	}
	return next
}

// inOrder sorts nodes by the order of the document; each stays once.
func inOrder(nodes []*xmlNode) []*xmlNode {
	slices.SortFunc(nodes, func(a, b *xmlNode) int { return cmp.Compare(a.order, b.order) })
	return slices.Compact(nodes)
}

// pathStep is one step of a path.
type pathStep struct {
	axis       *axis
	test       func(*xmlNode) bool
	predicates []pathCode
}

// anyBelow is the step that // stands for.
func anyBelow() *pathStep { return &pathStep{axis: axes["descendant-or-self"], test: anyNode} }

// walk goes the steps from the nodes where a path starts.
func walk(start pathCode, steps []*pathStep) pathCode {
	return func(c *pathContext) (pathValue, error) {
		nodes, err := c.nodes(start)
		for _, step := range steps {
			if err != nil {
				return nil, err
			}
			nodes, err = step.from(c, nodes)
		}
		return nodes, err
	}
}

// from goes one step from each of the nodes.
func (s *pathStep) from(c *pathContext, nodes []*xmlNode) ([]*xmlNode, error) {
	found := []*xmlNode{}
	for _, n := range nodes {
		var own []*xmlNode
		for candidate := range s.axis.from(n) {
			if err := c.m.charge(1); err != nil {
				return nil, err
			}
			if s.test(candidate) {
				own = append(own, candidate)
			}
		}
		for _, predicate := range s.predicates {
			var err error
			if own, err = c.filter(own, predicate); err != nil {
				return nil, err
			}
		}
		found = append(found, own...)
	}
	if len(nodes) == 1 && !s.axis.backwards {
		return found, nil
	}
	return inOrder(found), c.m.charge(len(found) / elementsPerStep)
}
