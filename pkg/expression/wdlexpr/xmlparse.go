package wdlexpr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/expression"
)

// xmlParser reads XML 1.0. It is strict, resolves name spaces, and knows no
// entities beyond the five that every document has: nothing is ever expanded
// or fetched.
type xmlParser struct {
	src   string
	i     int
	depth int
	m     *machine // pays for the nodes, unless it is nil
}

// parseXML reads a document. White space between elements goes, unless
// xml:space says that it stays; all other stands as it is, ends of lines and
// attributes too, as .NET's XmlDocument has it.
func parseXML(text string) (*xmlNode, error) { return readXML(text, nil) }

// readXML reads a document; m pays for its nodes, unless it is nil.
func readXML(text string, m *machine) (*xmlNode, error) {
	p := &xmlParser{m: m, src: strings.TrimPrefix(text, "\uFEFF")}
	doc := &xmlNode{kind: xmlDocument}
	if err := p.document(doc); err != nil {
		if errors.Is(err, errSteps) {
			return nil, err
		}
		line, col := position(p.src, p.i)
		return nil, fmt.Errorf("the XML is not valid: %w (line %d, position %d)", err, line, col)
	}
	return doc, nil
}

// pay takes the step of a node.
func (p *xmlParser) pay() error { return p.m.chargeIf(1) }

func (p *xmlParser) cut(mark string) bool {
	if strings.HasPrefix(p.src[p.i:], mark) {
		p.i += len(mark)
		return true
	}
	return false
}

func isXMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// space skips white space and tells whether there was any.
func (p *xmlParser) space() bool {
	start := p.i
	for p.i < len(p.src) && isXMLSpace(p.src[p.i]) {
		p.i++
	}
	return p.i > start
}

// until returns what stands in front of mark and goes behind it.
func (p *xmlParser) until(mark string) (string, error) {
	n := strings.Index(p.src[p.i:], mark)
	if n < 0 {
		return "", fmt.Errorf("%s is missing", quote(mark))
	}
	text := p.src[p.i : p.i+n]
	for i, r := range text {
		if !isXMLChar(r) {
			p.i += i
			return "", fmt.Errorf("the character U+%04X is not allowed", r)
		}
	}
	p.i += n + len(mark)
	return text, nil
}

var (
	errNoRoot   = errors.New("Root element is missing")             //nolint:staticcheck // the words by which authors know it
	errRoots    = errors.New("there is More than one root element") //nolint:staticcheck // the words by which authors know it
	errRootText = errors.New("Data at the root level is invalid")   //nolint:staticcheck // the words by which authors know it
	errXMLName  = errors.New("a name is expected")
)

func (p *xmlParser) document(doc *xmlNode) error {
	if strings.HasPrefix(p.src, "<?xml") && len(p.src) > 5 && isXMLSpace(p.src[5]) {
		p.i = 5
		if err := p.declaration(doc); err != nil {
			return err
		}
	}
	for {
		p.space()
		if p.i >= len(p.src) {
			break
		}
		if p.src[p.i] != '<' || p.i == len(p.src)-1 {
			return errRootText
		}
		if err := p.markup(doc, false); err != nil {
			return err
		}
	}
	if doc.root() == nil {
		return errNoRoot
	}
	return nil
}

// declaration reads <?xml …?>: version, encoding, standalone, in that order.
func (p *xmlParser) declaration(doc *xmlNode) error {
	n := &xmlNode{kind: xmlDeclaration, local: "xml"}
	order := []string{"version", "encoding", "standalone"}
	for {
		spaced := p.space()
		if p.cut("?>") {
			break
		}
		name := p.name()
		for len(order) > 0 && order[0] != name && order[0] != "version" {
			order = order[1:]
		}
		if !spaced || len(order) == 0 || order[0] != name {
			return errors.New("the declaration takes version, encoding and standalone, in that order")
		}
		order = order[1:]
		value, err := p.attributeValue()
		if err != nil {
			return err
		}
		switch {
		case name == "version" && value != "1.0":
			return fmt.Errorf("version %s is not supported", quote(value))
		case name == "standalone" && value != "yes" && value != "no", name == "encoding" && !isToken(value):
			return fmt.Errorf("%s is no value of %s", quote(value), name)
		}
		n.setAttribute(&xmlNode{local: name, value: value})
	}
	if len(n.attributes) == 0 {
		return errors.New("the declaration has no version")
	}
	doc.add(n)
	return nil
}

// markup reads what starts with < here. preserve tells that white space stays.
func (p *xmlParser) markup(parent *xmlNode, preserve bool) error {
	if err := p.pay(); err != nil {
		return err
	}
	switch {
	case p.cut("<!--"):
		text, err := p.until("--")
		if err != nil {
			return err
		}
		if !p.cut(">") {
			return errors.New("-- must not stand in a comment")
		}
		parent.add(&xmlNode{kind: xmlComment, value: text})
		return nil
	case p.cut("<?"):
		return p.instruction(parent)
	case parent.kind == xmlDocument && p.cut("<!DOCTYPE"):
		return p.doctype(parent)
	case parent.kind != xmlDocument && p.cut("<![CDATA["):
		text, err := p.until("]]>")
		parent.add(&xmlNode{kind: xmlCDATA, value: text})
		return err
	}
	if parent.kind == xmlDocument && parent.root() != nil {
		return errRoots
	}
	p.i++
	return p.element(parent, preserve)
}

func (p *xmlParser) instruction(parent *xmlNode) error {
	target := p.name()
	if target == "" || strings.EqualFold(target, "xml") {
		return errors.New("the declaration stands at the very start, other instructions have other names")
	}
	p.space()
	text, err := p.until("?>")
	parent.add(&xmlNode{kind: xmlInstruction, local: target, value: text})
	return err
}

// doctypeEnds makes ends of lines of lone returns, as .NET does in a document
// type.
var doctypeEnds = strings.NewReplacer("\r\n", "\r\n", "\r", "\n")

// doctype reads a document type. Its internal subset is kept as text and means
// nothing.
func (p *xmlParser) doctype(doc *xmlNode) error {
	n := &xmlNode{kind: xmlDoctype}
	if doc.root() != nil || !p.space() {
		return errors.New("the document type stands in front of the root element")
	}
	if n.local = p.name(); n.local == "" {
		return errXMLName
	}
	p.space()
	var err error
	switch {
	case p.cut("PUBLIC"):
		p.space()
		if n.public, err = p.quoted(); err == nil {
			p.space()
			n.system, err = p.quoted()
		}
	case p.cut("SYSTEM"):
		p.space()
		n.system, err = p.quoted()
	}
	if err != nil {
		return err
	}
	p.space()
	if p.cut("[") {
		if n.value, err = p.until("]"); err != nil {
			return err
		}
		n.value = doctypeEnds.Replace(n.value)
		p.space()
	}
	if !p.cut(">") {
		return errors.New("the document type is not closed")
	}
	doc.add(n)
	return nil
}

func (p *xmlParser) quoted() (string, error) {
	if p.i < len(p.src) && (p.src[p.i] == '"' || p.src[p.i] == '\'') {
		p.i++
		return p.until(p.src[p.i-1 : p.i])
	}
	return "", errors.New("a value in quotes is expected")
}

// name reads a name, with colons; empty when there is none.
func (p *xmlParser) name() string {
	start := p.i
	for p.i < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[p.i:])
		if r != ':' && !isNamePart(r) {
			break
		}
		p.i += size
	}
	return p.src[start:p.i]
}

// element reads an element behind its <.
func (p *xmlParser) element(parent *xmlNode, preserve bool) error {
	if p.depth++; p.depth > expression.MaxDepth {
		return errDepth
	}
	name := p.name()
	n := &xmlNode{kind: xmlElement}
	parent.add(n)
	if err := n.setName(name); err != nil {
		return err
	}
	if err := p.attributes(n); err != nil {
		return err
	}
	if err := p.resolve(n); err != nil {
		return err
	}
	for _, a := range n.attributes {
		if a.space == xmlSpace && a.local == "space" {
			preserve = a.value == "preserve"
		}
	}
	if p.cut("/>") {
		n.empty = true
		p.depth--
		return nil
	}
	if !p.cut(">") {
		return fmt.Errorf("the tag of %s is not closed", quote(name))
	}
	for !p.cut("</") {
		if p.i >= len(p.src) {
			return fmt.Errorf("the element %s is not closed", quote(name))
		}
		if err := p.content(n, preserve); err != nil {
			return err
		}
	}
	if end := p.name(); end != name {
		return fmt.Errorf("the element %s is closed by %s", quote(name), quote(end))
	}
	p.space()
	if !p.cut(">") {
		return fmt.Errorf("the end of %s is not closed", quote(name))
	}
	p.depth--
	return nil
}

// content reads markup or text inside of an element.
func (p *xmlParser) content(n *xmlNode, preserve bool) error {
	if p.src[p.i] == '<' {
		return p.markup(n, preserve)
	}
	end := strings.IndexByte(p.src[p.i:], '<')
	if end < 0 {
		end = len(p.src) - p.i
	}
	raw := p.src[p.i : p.i+end]
	if strings.Contains(raw, "]]>") {
		return errors.New("]]> must not stand in text")
	}
	text, err := unescapeXML(raw)
	if err != nil {
		return err
	}
	p.i += end
	if preserve || strings.Trim(raw, " \t\r\n") != "" {
		n.add(&xmlNode{kind: xmlText, value: text})
		return p.pay()
	}
	return nil
}

// setName takes a name apart.
func (n *xmlNode) setName(name string) error {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		prefix, local = "", name
	}
	if !isLocalName(local) || ok && !isLocalName(prefix) {
		if name == "" {
			return errXMLName
		}
		return fmt.Errorf("%s is no name", quote(name))
	}
	n.prefix, n.local = prefix, local
	return nil
}

func (p *xmlParser) attributes(n *xmlNode) error {
	seen := map[string]bool{}
	for {
		spaced := p.space()
		if p.i >= len(p.src) || p.src[p.i] == '>' || p.src[p.i] == '/' {
			return nil
		}
		name := p.name()
		a := &xmlNode{}
		if err := a.setName(name); err != nil {
			return err
		}
		if !spaced || seen[name] {
			return fmt.Errorf("the attribute %s is there twice, or no space stands in front of it", quote(name))
		}
		seen[name] = true
		var err error
		if a.value, err = p.attributeValue(); err != nil {
			return err
		}
		n.setAttribute(a)
		if err := p.pay(); err != nil {
			return err
		}
	}
}

// attributeValue reads = and a value in quotes.
func (p *xmlParser) attributeValue() (string, error) {
	p.space()
	if !p.cut("=") {
		return "", errors.New("an attribute has no value")
	}
	p.space()
	raw, err := p.quoted()
	if err != nil {
		return "", err
	}
	if strings.Contains(raw, "<") {
		return "", errors.New("< must not stand in the value of an attribute")
	}
	return unescapeXML(raw)
}

// resolve finds the name spaces of an element and of its attributes.
func (p *xmlParser) resolve(n *xmlNode) error {
	find := func(prefix string) (string, error) {
		space, ok, err := n.lookup(p.m, prefix)
		if err == nil && !ok {
			err = fmt.Errorf("the prefix %s is not declared", quote(prefix))
		}
		return space, err
	}
	var err error
	if n.space, err = find(n.prefix); err != nil {
		return err
	}
	for _, a := range n.attributes {
		switch {
		case a.prefix == "" && a.local == "xmlns":
			a.space = xmlnsSpace
		case a.prefix != "":
			if a.space, err = find(a.prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

// xmlEntities are the entities that every document knows.
var xmlEntities = map[string]string{"amp": "&", "lt": "<", "gt": ">", "quot": `"`, "apos": "'"}

// unescapeXML replaces references to characters.
func unescapeXML(raw string) (string, error) {
	var b strings.Builder
	for rest := raw; ; {
		text, reference, found := strings.Cut(rest, "&")
		for _, r := range text {
			if !isXMLChar(r) {
				return "", fmt.Errorf("the character U+%04X is not allowed", r)
			}
		}
		b.WriteString(text)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(reference, ";")
		if !closed || len(name) > 10 {
			return "", errors.New("& stands alone: write &amp;")
		}
		if value, ok := xmlEntities[name]; ok {
			b.WriteString(value)
		} else if r, ok := charReference(name); ok {
			b.WriteRune(r)
		} else {
			return "", fmt.Errorf("the entity %s is not known", quote("&"+name+";"))
		}
		rest = after
	}
}

// charReference reads #N or #xH.
func charReference(name string) (rune, bool) {
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return rune(n), ok && err == nil && n <= utf8.MaxRune && isXMLChar(rune(n))
}
