package wdlexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// xmlOfJSON is the document of an object: see jsonOfXML. An object without
// members is a document without anything.
func (m *machine) xmlOfJSON(o *Object) (*xmlNode, error) {
	doc := &xmlNode{kind: xmlDocument}
	return doc, m.addMembers(doc, o, 0)
}

// addMembers adds what the members of an object become to n.
func (m *machine) addMembers(n *xmlNode, o *Object, depth int) error {
	if depth > expression.MaxDepth {
		return errDepth
	}
	if err := m.charge(1 + o.Len()); err != nil {
		return err
	}
	for i, name := range o.names {
		elements := []Value{o.values[i]}
		if list, ok := o.values[i].([]Value); ok {
			elements = list
		}
		for _, value := range elements {
			if err := m.addMember(n, name, value, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

var errXMLAttribute = errors.New("an attribute or an instruction has a value that is no scalar")

// addMember adds what one member becomes.
func (m *machine) addMember(n *xmlNode, name string, value Value, depth int) error {
	if err := m.charge(1); err != nil {
		return err
	}
	switch {
	case name == "":
		return errors.New("a property without a name cannot become XML")
	case name == "?xml":
		return addDeclaration(n, value)
	case strings.EqualFold(name, "!DOCTYPE"):
		return addDoctype(n, value)
	case strings.HasPrefix(name, "@") && len(name) > 1:
		return m.addAttribute(n, name[1:], value)
	}
	text, scalar := xmlScalar(value)
	if strings.HasPrefix(name, "?") {
		if !scalar {
			return errXMLAttribute
		}
		n.add(&xmlNode{kind: xmlInstruction, local: encodeXMLName(name[1:]), value: text})
		return nil
	}
	if kind, ok := map[string]xmlKind{"#text": xmlText, "#cdata-section": xmlCDATA, "#whitespace": xmlText, "#significant-whitespace": xmlText}[name]; ok && scalar {
		if kind == xmlCDATA && strings.Contains(text, "]]>") {
			return errors.New("]]> must not stand in a CDATA section")
		}
		n.add(&xmlNode{kind: kind, value: text})
		return checkXMLText(text)
	}
	return m.addElement(n, name, value, depth)
}

func (m *machine) addElement(n *xmlNode, name string, value Value, depth int) error {
	if n.kind == xmlDocument && n.root() != nil {
		return fmt.Errorf("%w: the object must have a single property, which becomes the root", errRoots)
	}
	e := &xmlNode{kind: xmlElement, empty: true}
	if prefix, local, ok := strings.Cut(name, ":"); ok && prefix != "" && local != "" {
		e.prefix, e.local = encodeXMLName(prefix), encodeXMLName(strings.ReplaceAll(local, ":", "_x003A_"))
	} else {
		e.local = encodeXMLName(name)
	}
	n.add(e)
	switch v := value.(type) {
	case *Object:
		// declarations come first, so that the names below find them
		for i, member := range v.names {
			if strings.HasPrefix(member, "@xmlns") {
				if err := m.addAttribute(e, member[1:], v.values[i]); err != nil {
					return err
				}
			}
		}
		if err := m.setSpace(e, e); err != nil {
			return err
		}
		if err := m.addMembers(e, v, depth+1); err != nil {
			return err
		}
	case []Value:
		if err := m.setSpace(e, e); err != nil {
			return err
		}
		for _, element := range v {
			if err := m.addMember(e, name, element, depth+1); err != nil {
				return err
			}
		}
	default:
		if err := m.setSpace(e, e); err != nil {
			return err
		}
		text, _ := xmlScalar(value)
		if value != nil {
			e.empty = false
		}
		if text != "" {
			e.add(&xmlNode{kind: xmlText, value: text})
		}
		return checkXMLText(text)
	}
	return nil
}

// checkXMLText returns an error when a text has characters that XML does not
// allow.
func checkXMLText(text string) error {
	for _, r := range text {
		if !isXMLChar(r) {
			return fmt.Errorf("the character U+%04X is not allowed in XML", r)
		}
	}
	return nil
}

// xmlScalar is a scalar as XML writes it: booleans in lower case.
func xmlScalar(x Value) (string, bool) {
	switch v := x.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		text := floatText(v)
		return strings.Replace(text, "Infinity", "INF", 1), true
	case Decimal:
		return v.String(), true
	}
	return "", false
}

func (m *machine) addAttribute(n *xmlNode, name string, value Value) error {
	if n.kind == xmlDocument {
		return fmt.Errorf("the property %s would become an attribute of the document", quote("@"+name))
	}
	text, ok := xmlScalar(value)
	if !ok {
		return errXMLAttribute
	}
	if err := checkXMLText(text); err != nil {
		return err
	}
	a := &xmlNode{value: text}
	if prefix, local, ok := strings.Cut(name, ":"); ok && prefix != "" && local != "" {
		a.prefix, a.local = encodeXMLName(prefix), encodeXMLName(strings.ReplaceAll(local, ":", "_x003A_"))
	} else {
		a.local = encodeXMLName(name)
	}
	if a.prefix != "" {
		if err := m.setSpace(a, n); err != nil {
			return err
		}
	} else if a.local == "xmlns" {
		a.space = xmlnsSpace
	}
	if err := m.charge(len(n.attributes) / bytesPerStep); err != nil {
		return err
	}
	for _, own := range n.attributes {
		if own.local == a.local && own.prefix == a.prefix {
			return nil // a declaration that was taken before
		}
	}
	n.setAttribute(a)
	return nil
}

// setSpace gives a node the name space that its prefix stands for at an
// element. A prefix that stands for none goes: XML with it would not be valid.
func (m *machine) setSpace(n, at *xmlNode) error {
	var err error
	if n.space, _, err = at.lookup(m, n.prefix); n.space == "" {
		n.prefix = ""
	}
	return err
}

// addDeclaration adds <?xml …?>.
func addDeclaration(n *xmlNode, value Value) error {
	o, ok := value.(*Object)
	if !ok {
		return errXMLAttribute
	}
	d := &xmlNode{kind: xmlDeclaration, local: "xml"}
	for _, name := range []string{"version", "encoding", "standalone"} {
		x, ok := o.Get("@" + name)
		if !ok {
			continue
		}
		text, ok := xmlScalar(x)
		if !ok {
			return errXMLAttribute
		}
		if name == "version" && text != "1.0" {
			return fmt.Errorf("version %s of XML is not supported", quote(text))
		}
		d.setAttribute(&xmlNode{local: name, value: text})
	}
	n.add(d)
	return nil
}

// addDoctype adds a document type.
func addDoctype(n *xmlNode, value Value) error {
	o, ok := value.(*Object)
	if !ok {
		return errXMLAttribute
	}
	d := &xmlNode{kind: xmlDoctype}
	fields := []*string{&d.local, &d.public, &d.system, &d.value}
	for i, name := range []string{"@name", "@public", "@system", "@internalSubset"} {
		if x, ok := o.Get(name); ok {
			*fields[i], _ = xmlScalar(x)
		}
	}
	if !isLocalName(strings.ReplaceAll(d.local, ":", "_")) || strings.ContainsAny(d.public+d.system, `"<`) || strings.Contains(d.value, "]") {
		return errors.New("the document type is not valid")
	}
	n.add(d)
	return nil
}
