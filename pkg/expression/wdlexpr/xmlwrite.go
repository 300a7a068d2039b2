package wdlexpr

import "strings"

// xmlWriter writes nodes. It declares name spaces that a node uses and that
// nothing above it, in what is written, declares.
type xmlWriter struct {
	b        strings.Builder
	declared [][2]string // prefix and name space
}

// xmlString is the XML of a node.
func xmlString(n *xmlNode) string {
	w := &xmlWriter{declared: [][2]string{{"", ""}, {"xml", xmlSpace}}}
	w.node(n)
	return w.b.String()
}

func (w *xmlWriter) node(n *xmlNode) {
	switch n.kind {
	case xmlDocument:
		for _, child := range n.children {
			w.node(child)
		}
	case xmlElement:
		w.element(n)
	case xmlAttribute:
		w.attribute(n.name(), n.value)
	case xmlText:
		w.b.WriteString(escapeXMLText(n.value))
	case xmlCDATA:
		w.b.WriteString("<![CDATA[" + n.value + "]]>")
	case xmlComment:
		w.b.WriteString("<!--" + n.value + "-->")
	case xmlInstruction:
		w.b.WriteString("<?" + n.local)
		if n.value != "" {
			w.b.WriteString(" " + n.value)
		}
		w.b.WriteString("?>")
	case xmlDeclaration:
		w.b.WriteString("<?xml")
		for _, a := range n.attributes {
			w.b.WriteByte(' ')
			w.attribute(a.local, a.value)
		}
		w.b.WriteString("?>")
	case xmlDoctype:
		w.b.WriteString("<!DOCTYPE " + n.local)
		switch {
		case n.public != "":
			w.b.WriteString(` PUBLIC "` + n.public + `" "` + n.system + `"`)
		case n.system != "":
			w.b.WriteString(` SYSTEM "` + n.system + `"`)
		}
		w.b.WriteString("[" + n.value + "]>")
	}
}

func (w *xmlWriter) element(n *xmlNode) {
	before := len(w.declared)
	for _, a := range n.attributes {
		switch {
		case a.prefix == "" && a.local == "xmlns":
			w.declared = append(w.declared, [2]string{"", a.value})
		case a.prefix == "xmlns":
			w.declared = append(w.declared, [2]string{a.local, a.value})
		}
	}
	w.b.WriteString("<" + n.name())
	var missing [][2]string
	need := func(prefix, space string) {
		if !w.knows(prefix, space) {
			w.declared = append(w.declared, [2]string{prefix, space})
			missing = append(missing, [2]string{prefix, space})
		}
	}
	need(n.prefix, n.space)
	for _, a := range n.attributes {
		w.b.WriteByte(' ')
		w.attribute(a.name(), a.value)
		if a.prefix != "" && a.prefix != "xmlns" {
			need(a.prefix, a.space)
		}
	}
	for _, d := range missing {
		name := "xmlns"
		if d[0] != "" {
			name += ":" + d[0]
		}
		w.b.WriteByte(' ')
		w.attribute(name, d[1])
	}
	if n.empty && len(n.children) == 0 {
		w.b.WriteString(" />")
	} else {
		w.b.WriteByte('>')
		for _, child := range n.children {
			w.node(child)
		}
		w.b.WriteString("</" + n.name() + ">")
	}
	w.declared = w.declared[:before]
}

// knows tells whether a prefix stands for a name space here.
func (w *xmlWriter) knows(prefix, space string) bool {
	for i := len(w.declared) - 1; i >= 0; i-- {
		if w.declared[i][0] == prefix {
			return w.declared[i][1] == space
		}
	}
	return false
}

func (w *xmlWriter) attribute(name, value string) {
	w.b.WriteString(name + `="`)
	w.b.WriteString(xmlAttributeEscapes.Replace(value))
	w.b.WriteByte('"')
}

var (
	xmlTextEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	xmlAttributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#xA;", "\r", "&#xD;")
	xmlValueEscapes     = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
)

func escapeXMLText(s string) string { return xmlTextEscapes.Replace(s) }

// escapeXMLValue escapes a text so that it may stand anywhere in XML.
func escapeXMLValue(s string) string { return xmlValueEscapes.Replace(s) }
