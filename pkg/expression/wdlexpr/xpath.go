package wdlexpr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// maxPath is how many characters a path may have.
const maxPath = 4096

func callXPath(m *machine, a []Value) (Value, error) {
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
	program, err := compilePath(path)
	if err != nil {
		return nil, wantsf(2, "be a path of XPath 1.0: %v", err)
	}
	doc.setOrder(0)
	value, err := program(&pathContext{m: m, node: doc, root: doc, place: 1, size: 1})
	if err != nil {
		return nil, err
	}
	if nodes, ok := value.([]*xmlNode); ok {
		return m.nodeValues(nodes)
	}
	return value, nil
}

// nodeValues returns the nodes of a result: texts as strings, all others as
// XML.
func (m *machine) nodeValues(nodes []*xmlNode) (Value, error) {
	list := make([]Value, len(nodes))
	size := 0
	for i, n := range nodes {
		text := ""
		if n.isText() {
			text = n.pathText()
			list[i] = text
		} else {
			text = xmlString(n)
			list[i] = wrap(xmlType, []byte(text))
		}
		if size += len(text); size > MaxText {
			return nil, errText
		}
		if err := m.chargeText(len(text)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// pathText is the text of a node as XPath has it: texts that touch are one.
func (n *xmlNode) pathText() string {
	var b strings.Builder
	if !n.isText() {
		n.text(&b)
		return b.String()
	}
	for _, sibling := range n.parent.children[n.place:] {
		if !sibling.isText() {
			break
		}
		b.WriteString(sibling.value)
	}
	return b.String()
}

// pathContext is what a part of a path is evaluated against: a node, and its
// place among so many.
type pathContext struct {
	m           *machine
	node, root  *xmlNode
	place, size int
}

var errPathNodes = errors.New("the path needs nodes where it has another value")

// nodes evaluates a part that must yield nodes.
func (c *pathContext) nodes(code pathCode) ([]*xmlNode, error) {
	x, err := code(c)
	if err != nil {
		return nil, err
	}
	nodes, ok := x.([]*xmlNode)
	if !ok {
		return nil, errPathNodes
	}
	return nodes, nil
}

func (c *pathContext) number(code pathCode) (float64, error) {
	x, err := code(c)
	if err != nil {
		return 0, err
	}
	return c.numberOf(x)
}

func (c *pathContext) text(code pathCode) (string, error) {
	x, err := code(c)
	if err != nil {
		return "", err
	}
	return c.textOf(x)
}

func (c *pathContext) truth(code pathCode) (bool, error) {
	x, err := code(c)
	return truthOf(x), err
}

// filter returns the nodes for which a predicate holds: a number means the
// place.
func (c *pathContext) filter(nodes []*xmlNode, predicate pathCode) ([]*xmlNode, error) {
	kept := []*xmlNode{}
	for i, n := range nodes {
		if err := c.m.charge(1); err != nil {
			return nil, err
		}
		own := &pathContext{m: c.m, node: n, root: c.root, place: i + 1, size: len(nodes)}
		x, err := predicate(own)
		if err != nil {
			return nil, err
		}
		holds := truthOf(x)
		if place, ok := x.(float64); ok {
			holds = place == float64(i+1)
		}
		if holds {
			kept = append(kept, n)
		}
	}
	return kept, nil
}

// textOf is the text of a value: of nodes that of the first one.
func (c *pathContext) textOf(x pathValue) (string, error) {
	switch v := x.(type) {
	case string:
		return v, nil
	case float64:
		return pathNumberText(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case []*xmlNode:
		if len(v) == 0 {
			return "", nil
		}
		text := v[0].pathText()
		return text, c.m.chargeText(len(text))
	}
	panic(fmt.Sprintf("wdlexpr: unhandled %T", x))
}

// pathNumberText writes a number without an exponent.
func pathNumberText(f float64) string {
	switch {
	case f == 0:
		return "0"
	case math.IsNaN(f) || math.IsInf(f, 0):
		return floatText(f)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// numberOf is the number of a value.
func (c *pathContext) numberOf(x pathValue) (float64, error) {
	switch v := x.(type) {
	case float64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	}
	text, err := c.textOf(x)
	return pathNumberOf(text), err
}

// pathNumberOf reads a number: digits and a point with at most a minus in
// front; anything else is none.
func pathNumberOf(text string) float64 {
	s := strings.Trim(text, " \t\r\n")
	digits := strings.TrimPrefix(s, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return math.NaN()
	}
	return floatOf(s)
}

// truthOf tells whether a value is true: a number that is not 0, a text that
// is not empty, any node.
func truthOf(x pathValue) bool {
	switch v := x.(type) {
	case bool:
		return v
	case float64:
		return v != 0 && !math.IsNaN(v)
	case string:
		return v != ""
	case []*xmlNode:
		return len(v) > 0
	}
	return false
}
