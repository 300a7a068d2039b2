package wdlexpr

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/antchfx/xpath"
)

// otherNavigator shows our nodes to another evaluator of paths.
type otherNavigator struct{ at, root *xmlNode }

var _ xpath.NodeNavigator = (*otherNavigator)(nil)

func (n *otherNavigator) move(to *xmlNode) bool {
	if to != nil {
		n.at = to
	}
	return to != nil
}

func (n *otherNavigator) NodeType() xpath.NodeType {
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

func (n *otherNavigator) LocalName() string         { return n.at.local }
func (n *otherNavigator) Prefix() string            { return n.at.prefix }
func (n *otherNavigator) NamespaceURL() string      { return n.at.space }
func (n *otherNavigator) Value() string             { return n.at.pathText() }
func (n *otherNavigator) Copy() xpath.NodeNavigator { c := *n; return &c }
func (n *otherNavigator) MoveToRoot()               { n.at = n.root }
func (n *otherNavigator) MoveToParent() bool        { return n.move(n.at.parent) }
func (n *otherNavigator) MoveToChild() bool         { return n.child(n.at, 0, 1) }
func (n *otherNavigator) MoveToFirst() bool         { return n.child(n.at.parent, 0, 1) }
func (n *otherNavigator) MoveToNext() bool          { return n.child(n.at.parent, n.at.place+1, 1) }
func (n *otherNavigator) MoveToPrevious() bool      { return n.child(n.at.parent, n.at.place-1, -1) }

func (n *otherNavigator) MoveTo(o xpath.NodeNavigator) bool {
	return n.move(o.(*otherNavigator).at)
}

func (n *otherNavigator) MoveToNextAttribute() bool {
	owner, from := n.at, 0
	if n.at.kind == xmlAttribute {
		owner, from = n.at.parent, n.at.place+1
	}
	if from >= len(owner.attributes) {
		return false
	}
	return n.move(owner.attributes[from])
}

func (n *otherNavigator) child(parent *xmlNode, from, step int) bool {
	if parent == nil || n.at.kind == xmlAttribute {
		return false
	}
	for i := from; i >= 0 && i < len(parent.children); i += step {
		if parent.children[i].inPaths() {
			return n.move(parent.children[i])
		}
	}
	return false
}

// randomPath is a path of what both evaluators take the same way.
func randomPath(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	var b strings.Builder
	for i := range 1 + r.IntN(4) {
		if i > 0 && r.IntN(4) == 0 {
			b.WriteByte('/')
			b.WriteString(pick("..", "parent::*"))
			continue
		}
		b.WriteString(pick("/", "//"))
		b.WriteString(pick("a", "b", "c", "*", "*", "text()", "@n", "@*"))
		if r.IntN(2) == 0 {
			b.WriteString(pick("[1]", "[2]", "[@n]", "[@n='1']", "[@n=2]", "[a]", "[b or c]", "[not(b)]", "[. = 'x']", "[text()]", "[count(*) > 1]", "[contains(., 'y')]", "[string-length(.) < 3]", "[last()]", "[position() > 1]"))
		}
	}
	return b.String()
}

// randomXML is an element with others inside.
func randomXML(r *rand.Rand, depth int) string {
	name := string("abc"[r.IntN(3)])
	attribute := ""
	if r.IntN(2) == 0 {
		attribute = fmt.Sprintf(` n="%d"`, r.IntN(4))
	}
	var inner strings.Builder
	for range r.IntN(4) {
		if depth > 0 && r.IntN(3) > 0 {
			inner.WriteString(randomXML(r, depth-1))
		} else {
			inner.WriteString(string("xyz"[r.IntN(3)]))
		}
	}
	return "<" + name + attribute + ">" + inner.String() + "</" + name + ">"
}

// TestPathsAgree holds paths against another evaluator, on documents made up
// with a seed.
func TestPathsAgree(t *testing.T) {
	const seed = 4711
	r := rand.New(rand.NewPCG(seed, 0))
	for range 5_000 {
		text, path := randomXML(r, 3), randomPath(r)
		doc, err := parseXML(text)
		if err != nil {
			t.Fatal(err)
		}
		doc.setOrder(0)
		code, err := compilePath(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		x, err := code(&pathContext{m: &machine{}, node: doc, root: doc, place: 1, size: 1})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		own := x.([]*xmlNode)
		var other []*xmlNode
		for found := xpath.Select(&otherNavigator{doc, doc}, path); found.MoveNext(); {
			other = append(other, found.Current().(*otherNavigator).at)
		}
		if got, want := describeNodes(own), describeNodes(inOrder(other)); got != want {
			t.Errorf("seed %d: %s of %s = %s, the other has %s", seed, path, text, got, want)
			if t.Failed() {
				return
			}
		}
	}
}

// modelStep is a step of a path as its definition has it: the relation of its
// axis, whether places count backwards, and a predicate.
type modelStep struct {
	axis      string
	name      string
	predicate string
}

func (s modelStep) String() string { return s.axis + "::" + s.name + s.predicate }

// reaches tells whether an axis leads from n to o, by the definition of the
// axis: ancestors, and places in the order of the document.
func reaches(axis string, n, o *xmlNode) bool {
	within := func(inner, outer *xmlNode) bool { // and not the same
		for a := inner.parent; a != nil; a = a.parent {
			if a == outer {
				return true
			}
		}
		return false
	}
	isAttribute := o.kind == xmlAttribute
	switch axis {
	case "attribute":
		return isAttribute && o.parent == n
	case "self":
		return n == o
	case "parent":
		return n.parent == o
	case "ancestor":
		return within(n, o)
	case "ancestor-or-self":
		return n == o || within(n, o)
	case "descendant-or-self":
		return n == o || !isAttribute && within(o, n)
	}
	if isAttribute {
		return false
	}
	switch axis {
	case "child":
		return o.parent == n
	case "descendant":
		return within(o, n)
	case "following":
		return o.order > n.order && !within(o, n)
	case "preceding":
		return o.order < n.order && !within(n, o)
	case "following-sibling":
		return n.kind != xmlAttribute && o.parent == n.parent && o.order > n.order
	case "preceding-sibling":
		return n.kind != xmlAttribute && o.parent == n.parent && o.order < n.order
	}
	panic("unhandled axis " + axis)
}

// model goes a step by its definition: all nodes are tried.
func (s modelStep) model(from, all []*xmlNode) []*xmlNode {
	var found []*xmlNode
	backwards := strings.HasPrefix(s.axis, "preceding") || strings.HasPrefix(s.axis, "ancestor")
	for _, n := range from {
		var own []*xmlNode
		for _, o := range all {
			kind := xmlElement
			if s.axis == "attribute" {
				kind = xmlAttribute
			}
			named := s.name == "node()" || o.kind == kind && (s.name == "*" || s.name == o.local)
			if named && reaches(s.axis, n, o) {
				own = append(own, o)
			}
		}
		for i, o := range own {
			place := i + 1
			if backwards {
				place = len(own) - i
			}
			holds := false
			switch s.predicate {
			case "":
				holds = true
			case "[1]":
				holds = place == 1
			case "[2]":
				holds = place == 2
			case "[last()]":
				holds = place == len(own)
			case "[@n]":
				holds = len(o.attributes) > 0
			case "[a]":
				for _, child := range o.children {
					holds = holds || child.kind == xmlElement && child.local == "a"
				}
			}
			if holds {
				found = append(found, o)
			}
		}
	}
	return inOrder(found)
}

// TestPathsByDefinition holds steps along all axes against their definitions,
// on documents made up with a seed.
func TestPathsByDefinition(t *testing.T) {
	const seed = 4712
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	names := make([]string, 0, len(axes))
	for name := range axes {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 5_000 {
		text := randomXML(r, 3)
		doc, err := parseXML(text)
		if err != nil {
			t.Fatal(err)
		}
		doc.setOrder(0)
		all := []*xmlNode{doc}
		for n := range farBelow(doc) {
			all = append(append(all, n), n.attributes...)
		}
		steps := []modelStep{{"descendant-or-self", "node()", ""}}
		for range 1 + r.IntN(3) {
			steps = append(steps, modelStep{pick(names...), pick("a", "b", "*", "node()", "n"), pick("", "", "[1]", "[2]", "[last()]", "[@n]", "[a]")})
		}
		path, want := "", []*xmlNode{doc}
		for _, s := range steps {
			path += "/" + s.String()
			want = s.model(want, all)
		}
		code, err := compilePath(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		x, err := code(&pathContext{m: &machine{}, node: doc, root: doc, place: 1, size: 1})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got, want := describeNodes(x.([]*xmlNode)), describeNodes(want); got != want {
			t.Fatalf("seed %d: %s of %s = %s, want %s", seed, path, text, got, want)
		}
	}
}

func describeNodes(nodes []*xmlNode) string {
	texts := make([]string, len(nodes))
	for i, n := range nodes {
		texts[i] = fmt.Sprintf("%d:%s", n.order, xmlString(n))
	}
	return strings.Join(texts, " ")
}

// FuzzXPath compiles and evaluates any path: what fails says so in words of
// ours, and a result is the same each time.
func FuzzXPath(f *testing.F) {
	for _, path := range []string{"//a[1]/@n", "sum(//b) div count(//b)", "//a[b = 'x' and position() < 3] | //c", "substring(., 2, 3)", "-(1 + 2) * 3 mod 2", "preceding::node()[last()]"} {
		f.Add(path)
	}
	const text = "<r xml:lang='en'><a n='1'>x<b>1</b></a><!--c--><a n='2'><![CDATA[y]]><b>2</b><b/></a><?p i?></r>"
	f.Fuzz(func(t *testing.T, path string) {
		if len(path) > maxPath {
			return
		}
		code, err := compilePath(path)
		if err != nil {
			return
		}
		doc, err := parseXML(text)
		if err != nil {
			t.Fatal(err)
		}
		doc.setOrder(0)
		var last string
		for i := range 2 {
			m := &machine{}
			x, err := code(&pathContext{m: m, node: doc, root: doc, place: 1, size: 1})
			shown := fmt.Sprint(x, err)
			if nodes, ok := x.([]*xmlNode); ok {
				shown = describeNodes(nodes) + fmt.Sprint(err)
				for i := 1; i < len(nodes); i++ {
					if nodes[i-1].order >= nodes[i].order {
						t.Fatalf("%q: nodes are out of order: %s", path, shown)
					}
				}
			}
			if i > 0 && shown != last {
				t.Fatalf("%q = %s, then %s", path, last, shown)
			}
			last = shown
		}
	})
}
