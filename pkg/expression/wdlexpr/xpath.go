package wdlexpr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/antchfx/xpath"
)

// maxPath is how many characters a path may have.
const maxPath = 4096

func callXPath(m *machine, a []Value) (result Value, err error) {
	e, ok := envelopeOf(a[0])
	if !ok || !e.isXML() {
		return nil, wants(1, "be an XML object", a[0])
	}
	text, err := e.text()
	if err != nil {
		return nil, err
	}
	doc, err := m.parseXML(text)
	if err != nil {
		return nil, err
	}
	path := a[1].(string)
	if len(path) > maxPath {
		return nil, limitf("the path is longer than %d characters", maxPath)
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *xpathLimit:
			err = errSteps
		default:
			err = fmt.Errorf("the path %s cannot be evaluated: %v", quote(path), r)
		}
	}()
	program, err := xpath.Compile(path)
	if err != nil {
		return nil, wantsf(2, "be a path of XPath 1.0: %v", err)
	}
	switch v := program.Evaluate(&navigator{m: m, at: doc, root: doc}).(type) {
	case bool, string, float64:
		return v, nil
	case *xpath.NodeIterator:
		return m.nodes(v)
	}
	return nil, errors.New("the path yields nothing that an expression can hold")
}

// nodes returns the nodes of a result in the order of the document, each once:
// texts as strings, all others as XML.
func (m *machine) nodes(found *xpath.NodeIterator) (Value, error) {
	seen := map[*xmlNode]bool{}
	var nodes []*xmlNode
	for found.MoveNext() {
		nav, ok := found.Current().(*navigator)
		if !ok {
			return nil, errors.New("the path yields a node of another document")
		}
		if !seen[nav.at] {
			seen[nav.at] = true
			nodes = append(nodes, nav.at)
		}
	}
	slices.SortFunc(nodes, documentOrder)
	list := make([]Value, len(nodes))
	size := 0
	for i, n := range nodes {
		if n.kind == xmlText || n.kind == xmlCDATA {
			list[i] = n.value
			continue
		}
		text := xmlString(n)
		if size += len(text); size > MaxText {
			return nil, errText
		}
		if err := m.chargeText(len(text)); err != nil {
			return nil, err
		}
		list[i] = wrap(xmlType, []byte(text))
	}
	return list, nil
}

// documentOrder compares the places of two nodes of one document.
func documentOrder(a, b *xmlNode) int {
	if a == b {
		return 0
	}
	x, y := a.ancestry(), b.ancestry()
	for i := 0; i < len(x) && i < len(y); i++ {
		if x[i] != y[i] {
			if x[i].kind == xmlAttribute != (y[i].kind == xmlAttribute) {
				if x[i].kind == xmlAttribute {
					return -1
				}
				return 1
			}
			return x[i].place - y[i].place
		}
	}
	return len(x) - len(y)
}

// ancestry is the way from the document to a node.
func (n *xmlNode) ancestry() []*xmlNode {
	var way []*xmlNode
	for ; n != nil; n = n.parent {
		way = append(way, n)
	}
	slices.Reverse(way)
	return way
}

// xpathLimit is the panic of a path that takes too many steps.
type xpathLimit struct{}

// navigator shows XML to the evaluation of a path. Every move takes a step.
type navigator struct {
	m        *machine
	at, root *xmlNode
}

var _ xpath.NodeNavigator = (*navigator)(nil)

// move goes to a node, when there is one.
func (n *navigator) move(to *xmlNode) bool {
	if n.m.charge(1) != nil {
		panic(&xpathLimit{})
	}
	if to == nil {
		return false
	}
	n.at = to
	return true
}

// NodeType returns the kind of the node as XPath has it.
func (n *navigator) NodeType() xpath.NodeType {
	switch n.at.kind {
	case xmlDocument:
		return xpath.RootNode
	case xmlAttribute:
		return xpath.AttributeNode
	case xmlText, xmlCDATA:
		return xpath.TextNode
	case xmlComment:
		return xpath.CommentNode
	default:
		return xpath.ElementNode
	}
}

// LocalName returns the name without its prefix.
func (n *navigator) LocalName() string { return n.at.local }

// Prefix returns the prefix of the name.
func (n *navigator) Prefix() string { return n.at.prefix }

// NamespaceURL returns the name space.
func (n *navigator) NamespaceURL() string { return n.at.space }

// Value returns the text of the node.
func (n *navigator) Value() string {
	var b strings.Builder
	n.at.text(&b)
	if n.m.chargeText(b.Len()) != nil {
		panic(&xpathLimit{})
	}
	return b.String()
}

// Copy returns a navigator at the same node.
func (n *navigator) Copy() xpath.NodeNavigator {
	c := *n
	return &c
}

// MoveToRoot goes to the document.
func (n *navigator) MoveToRoot() { n.move(n.root) }

// MoveToParent goes to the parent.
func (n *navigator) MoveToParent() bool { return n.move(n.at.parent) }

// MoveToNextAttribute goes to the first attribute of an element, or to the
// next one of an attribute.
func (n *navigator) MoveToNextAttribute() bool {
	owner, from := n.at, 0
	if n.at.kind == xmlAttribute {
		owner, from = n.at.parent, n.at.place+1
	}
	for _, a := range owner.attributes[min(from, len(owner.attributes)):] {
		if a.space != xmlnsSpace {
			return n.move(a)
		}
	}
	return n.move(nil)
}

// MoveToChild goes to the first child.
func (n *navigator) MoveToChild() bool { return n.sibling(n.at, 0, 1) }

// MoveToFirst goes to the first of the siblings.
func (n *navigator) MoveToFirst() bool {
	return n.at.kind != xmlAttribute && n.sibling(n.at.parent, 0, 1)
}

// MoveToNext goes to the next sibling.
func (n *navigator) MoveToNext() bool {
	return n.at.kind != xmlAttribute && n.sibling(n.at.parent, n.at.place+1, 1)
}

// MoveToPrevious goes to the sibling before.
func (n *navigator) MoveToPrevious() bool {
	return n.at.kind != xmlAttribute && n.sibling(n.at.parent, n.at.place-1, -1)
}

// MoveTo goes to where another navigator is.
func (n *navigator) MoveTo(other xpath.NodeNavigator) bool {
	o, ok := other.(*navigator)
	return ok && n.move(o.at)
}

// sibling goes to the next child of parent that XPath knows, from a place on.
func (n *navigator) sibling(parent *xmlNode, from, step int) bool {
	if parent == nil || n.at.kind == xmlAttribute {
		return n.move(nil)
	}
	for i := from; i >= 0 && i < len(parent.children); i += step {
		child := parent.children[i]
		if child.kind == xmlElement || child.kind == xmlText || child.kind == xmlCDATA || child.kind == xmlComment {
			return n.move(child)
		}
	}
	return n.move(nil)
}
