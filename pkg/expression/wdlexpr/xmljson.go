package wdlexpr

import (
	"slices"
	"strings"
)

// jsonSpace is the name space of attributes that steer the way to JSON.
const jsonSpace = "http://james.newtonking.com/projects/json"

// jsonOfXML is the object of a document: attributes are @name, texts beside
// other nodes #text, nodes of one name that come again an array, an element
// without anything null or "".
func (m *machine) jsonOfXML(doc *xmlNode) (Value, error) {
	o := &objectBuilder{}
	if err := m.groupNodes(o, doc); err != nil {
		return nil, err
	}
	return o.object(), nil
}

// objectBuilder collects the members of an object.
type objectBuilder struct {
	names  []string
	values []Value
}

func (o *objectBuilder) add(name string, value Value) {
	o.names, o.values = append(o.names, name), append(o.values, value)
}

func (o *objectBuilder) object() *Object { return NewObject(o.names, o.values) }

// groupNodes adds the children of n, those of one name together.
func (m *machine) groupNodes(o *objectBuilder, n *xmlNode) error {
	if err := m.charge(1 + len(n.children)/elementsPerStep); err != nil {
		return err
	}
	var names []string
	groups := map[string][]*xmlNode{}
	for _, child := range n.children {
		name := child.jsonName()
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], child)
	}
	for _, name := range names {
		group := groups[name]
		if len(group) == 1 && !group[0].isArray() {
			if group[0].kind == xmlComment {
				continue // a lone comment is nothing
			}
			value, err := m.nodeValue(group[0])
			if err != nil {
				return err
			}
			o.add(name, value)
			continue
		}
		list := []Value{}
		for _, node := range group {
			if node.kind == xmlComment {
				continue
			}
			value, err := m.nodeValue(node)
			if err != nil {
				return err
			}
			list = append(list, value)
		}
		o.add(name, list)
	}
	return nil
}

// isArray tells whether an element says of itself that it is one of an array.
func (n *xmlNode) isArray() bool {
	for _, a := range n.attributes {
		if a.space == jsonSpace && a.local == "Array" {
			return strings.EqualFold(a.value, "true") || a.value == "1"
		}
	}
	return false
}

// jsonName is the name of the member that a node becomes.
func (n *xmlNode) jsonName() string {
	switch n.kind {
	case xmlText:
		return "#text"
	case xmlCDATA:
		return "#cdata-section"
	case xmlComment:
		return "#comment"
	case xmlDeclaration:
		return "?xml"
	case xmlInstruction:
		return "?" + n.local
	case xmlDoctype:
		return "!DOCTYPE"
	case xmlAttribute:
		return "@" + decodeXMLName(n.name())
	default:
		return decodeXMLName(n.name())
	}
}

// nodeValue is the value of the member that a node becomes.
func (m *machine) nodeValue(n *xmlNode) (Value, error) {
	switch n.kind {
	case xmlElement:
		return m.elementValue(n)
	case xmlDeclaration:
		o := &objectBuilder{}
		for _, a := range n.attributes {
			o.add("@"+a.local, a.value)
		}
		return o.object(), nil
	case xmlDoctype:
		o := &objectBuilder{}
		o.add("@name", n.local)
		for _, part := range [][2]string{{"@public", n.public}, {"@system", n.system}, {"@internalSubset", n.value}} {
			if part[1] != "" {
				o.add(part[0], part[1])
			}
		}
		return o.object(), nil
	default:
		return n.value, nil
	}
}

func (m *machine) elementValue(n *xmlNode) (Value, error) {
	plain := !slices.ContainsFunc(n.attributes, func(a *xmlNode) bool { return a.space != jsonSpace })
	switch {
	case plain && len(n.children) == 1 && n.children[0].kind == xmlText:
		return n.children[0].value, nil
	case plain && len(n.children) == 0:
		if n.empty {
			return nil, nil
		}
		return "", nil
	}
	o := &objectBuilder{}
	for _, a := range n.attributes {
		if a.space != jsonSpace && a.value != jsonSpace {
			o.add(a.jsonName(), a.value)
		}
	}
	if err := m.groupNodes(o, n); err != nil {
		return nil, err
	}
	return o.object(), nil
}
