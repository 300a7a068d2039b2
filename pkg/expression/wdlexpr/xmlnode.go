package wdlexpr

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// xmlKind is the kind of a node of XML.
type xmlKind uint8

const (
	xmlDocument xmlKind = iota
	xmlElement
	xmlAttribute
	xmlText
	xmlCDATA
	xmlComment
	xmlInstruction
	xmlDeclaration
	xmlDoctype
)

// The name spaces that every document knows.
const (
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
)

// xmlNode is a node of XML: of an element its children and attributes, of an
// instruction its target as local, of a document type its internal subset as
// value.
type xmlNode struct {
	kind                 xmlKind
	prefix, local, space string
	value                string
	public, system       string // of a document type
	parent               *xmlNode
	children, attributes []*xmlNode
	declared             []*xmlNode // of the attributes those that declare name spaces
	above                *xmlNode   // the next one above that declares any
	empty                bool       // written <x/>
	place                int        // among its siblings
	order                int        // in the document, for paths
}

// name is the name with its prefix.
func (n *xmlNode) name() string {
	if n.prefix == "" {
		return n.local
	}
	return n.prefix + ":" + n.local
}

// add puts a child behind all others.
func (n *xmlNode) add(child *xmlNode) {
	child.parent, child.place, child.above = n, len(n.children), n.above
	if len(n.declared) > 0 {
		child.above = n
	}
	n.children = append(n.children, child)
}

// setAttribute puts an attribute behind all others. Those that declare name
// spaces come before n has children.
func (n *xmlNode) setAttribute(a *xmlNode) {
	a.kind, a.parent, a.place = xmlAttribute, n, len(n.attributes)
	n.attributes = append(n.attributes, a)
	if a.prefix == "xmlns" || a.prefix == "" && a.local == "xmlns" {
		n.declared = append(n.declared, a)
	}
}

// root returns the element of a document.
func (n *xmlNode) root() *xmlNode {
	for _, child := range n.children {
		if child.kind == xmlElement {
			return child
		}
	}
	return nil
}

// lookup returns the name space of a prefix at n, and whether it has one. m
// pays for the declarations that are looked at, unless it is nil.
func (n *xmlNode) lookup(m *machine, prefix string) (space string, ok bool, err error) {
	switch prefix {
	case "xml":
		return xmlSpace, true, nil
	case "xmlns":
		return xmlnsSpace, true, nil
	}
	const perStep = 32
	looked := 0
	for e := n; e != nil; e = e.above {
		for _, a := range e.declared {
			looked++
			if prefix == "" && a.prefix == "" || prefix != "" && a.prefix != "" && a.local == prefix {
				return a.value, true, m.chargeIf(looked / perStep)
			}
		}
	}
	return "", prefix == "", m.chargeIf(looked / perStep)
}

// text appends the texts inside of n, as XPath has the value of a node.
func (n *xmlNode) text(b *strings.Builder) {
	switch n.kind {
	case xmlDocument, xmlElement:
		for _, child := range n.children {
			if child.kind == xmlText || child.kind == xmlCDATA || child.kind == xmlElement {
				child.text(b)
			}
		}
	default:
		b.WriteString(n.value)
	}
}

func isNameStart(r rune) bool {
	return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xC0 && r != 0xD7 && r != 0xF7 && unicode.IsLetter(r)
}

func isNamePart(r rune) bool {
	return isNameStart(r) || r >= '0' && r <= '9' || r == '.' || r == '-' || r == 0xB7 || r >= 0x300 && (unicode.IsDigit(r) || unicode.Is(unicode.M, r))
}

// isLocalName tells whether s is a name without a colon.
func isLocalName(s string) bool {
	for i, r := range s {
		if i == 0 && !isNameStart(r) || !isNamePart(r) {
			return false
		}
	}
	return s != ""
}

// isXMLChar tells whether a character may stand in XML.
func isXMLChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}

// encodeXMLName writes characters that a name must not have as _xHHHH_.
func encodeXMLName(name string) string {
	var b strings.Builder
	for i, r := range name {
		legal := isNamePart(r) || r == ':'
		if i == 0 {
			legal = isNameStart(r) || r == ':'
		}
		if r == '_' && isEscapedName(name[i:]) {
			legal = false
		}
		if legal {
			b.WriteRune(r)
			continue
		}
		width := 4
		if r >= 0x10000 {
			width = 8
		}
		b.WriteString("_x" + strings.ToUpper(leftPad(strconv.FormatInt(int64(r), 16), width)) + "_")
	}
	return b.String()
}

func leftPad(s string, width int) string {
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// isEscapedName tells whether s starts with _xHHHH_.
func isEscapedName(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}

// decodeXMLName replaces _xHHHH_ in a name by what it stands for.
func decodeXMLName(name string) string {
	if !strings.Contains(name, "_x") {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		if name[i] == '_' && isEscapedName(name[i:]) {
			n, _ := strconv.ParseUint(name[i+2:i+6], 16, 16)
			b.WriteRune(rune(n))
			i += 7
			continue
		}
		if name[i] == '_' && len(name) >= i+11 && name[i+1] == 'x' && name[i+10] == '_' {
			if n, err := strconv.ParseUint(name[i+2:i+10], 16, 32); err == nil && n <= utf8.MaxRune {
				b.WriteRune(rune(n))
				i += 11
				continue
			}
		}
		b.WriteByte(name[i])
		i++
	}
	return b.String()
}
