package dsl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"github.com/keelstep/keelstep/pkg/diag"
)

// maxSyntaxErrors bounds how often reading goes on behind a syntax error.
const maxSyntaxErrors = 20

// readYAML parses the source into t.root. A syntax error hides the step, or
// the top-level entry, that it stands in; the rest is read.
func (r *reader) readYAML() {
	work := r.tree.Source
	for range maxSyntaxErrors {
		var doc yaml.Node
		err := yaml.Load(work, &doc,
			yaml.WithUniqueKeys(false),
			yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxLoaderDepth), loaderlimits.AliasNone())))
		if err == nil {
			r.convertDocument(&doc)
			return
		}
		at, ok := r.yamlError(err, work)
		if !ok {
			return
		}
		if work, ok = r.hide(work, at); !ok {
			return
		}
	}
}

func (r *reader) convertDocument(doc *yaml.Node) {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		if len(r.tree.gaps) > 0 {
			return // all of it is hidden
		}
		r.add(codeEmptyDocument, 0, 0, "the file is empty", `a workflow starts with "workflow: NAME"`)
		return
	}
	r.tree.root = r.convert(doc.Content[0], 1)
}

// convert builds the node of y and what is below it. It returns a bad null
// for what cannot be used.
func (r *reader) convert(y *yaml.Node, depth int) *node {
	off := r.lines.offset(y.Line, y.Column)
	if !r.room(off, depth) {
		return &node{bad: true, start: off, end: off}
	}
	if y.Kind == yaml.AliasNode {
		return r.convertAlias(y, off, depth)
	}
	n := &node{start: off, end: off}
	content := off
	if y.Anchor != "" {
		r.open[y] = true
		defer delete(r.open, y)
	}
	if src := r.tree.Source; off < len(src) && (src[off] == '&' || src[off] == '!') {
		content = r.properties(n, y, off)
	}
	switch y.Kind {
	case yaml.ScalarNode:
		r.convertScalar(n, y, content)
		n.bad = n.bad || n.kind == kindNull && n.end == n.start && r.tree.gapAt(off) != nil
	case yaml.SequenceNode:
		n.kind = kindList
		r.collection(n, y, content)
		for _, c := range y.Content {
			n.items = append(n.items, r.convert(c, depth+1))
		}
	case yaml.MappingNode:
		n.kind = kindMap
		r.collection(n, y, content)
		r.convertMembers(n, y, depth)
	default:
		n.bad = true
	}
	n.seal()
	return n
}

func (r *reader) collection(n *node, y *yaml.Node, content int) {
	n.start, n.end = content, min(content+1, len(r.tree.Source))
	if y.Style&yaml.FlowStyle != 0 {
		n.style = styleFlow
	}
}

func (r *reader) convertAlias(y *yaml.Node, off, depth int) *node {
	bad := &node{bad: true, start: off, end: off + 1 + len(y.Value)}
	r.aliases++
	switch {
	case y.Alias == nil:
		return bad
	case r.open[y.Alias]:
		r.add(codeAlias, bad.start, bad.end, fmt.Sprintf("the alias \"*%s\" stands inside of what it names", y.Value),
			"write the part out")
		return bad
	case r.aliases > MaxAliases:
		if r.aliases == MaxAliases+1 {
			r.add(codeAlias, bad.start, bad.end, fmt.Sprintf("the file uses more than %d aliases", MaxAliases),
				"write the parts out, or move them into steps of their own")
		}
		return bad
	}
	r.open[y.Alias] = true
	n := r.convert(y.Alias, depth)
	n.alias = span{bad.start, bad.end}
	delete(r.open, y.Alias)
	return n
}

// properties reads the anchor and the tag in front of a value and returns
// where the value itself starts; of an empty one, where they do.
func (r *reader) properties(n *node, y *yaml.Node, off int) int {
	empty := y.Kind == yaml.ScalarNode && y.Value == "" && y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	content := r.propertiesEnd(n, off, y.Kind == yaml.ScalarNode)
	if empty {
		return off
	}
	return content
}

func (r *reader) propertiesEnd(n *node, off int, scalar bool) int {
	src := r.tree.Source
	for off < len(src) {
		switch src[off] {
		case '&':
			off = wordEnd(src, off)
		case '!':
			end := tagEnd(src, off)
			r.tag(n, string(src[off:end]), off, end, scalar)
			off = end
		case '#':
			off = r.lines.lineEnd(r.lines.lineOf(off))
		case ' ', '\t', '\n', '\r':
			off++
		default:
			return off
		}
	}
	return off
}

// tag reports a tag. One of a scalar was mostly meant as part of it, and as a
// negation.
func (r *reader) tag(n *node, tag string, off, end int, scalar bool) {
	n.bad = true
	hint := "leave the tag out; quote a value to make it a text"
	if rest := strings.TrimLeft(tag, "!"); scalar && rest != "" && !strings.HasPrefix(tag, "!!") && rest[0] != '<' {
		hint = fmt.Sprintf("to negate, write \"not %s\"; to mean the text itself, quote it", rest)
	} else if scalar && tag == "!" && blank(r.lineRest(end)) {
		hint = fmt.Sprintf("quote it: %q", tag)
	}
	r.add(codeTag, off, end, fmt.Sprintf("YAML reads \"%s\" as a tag, not as part of the value", tag), hint)
}

// lineRest is what stands behind an offset on its line.
func (r *reader) lineRest(off int) []byte {
	return r.tree.Source[off:max(r.lines.lineEnd(r.lines.lineOf(off)), off)]
}

// tagEnd returns the offset behind the tag that begins at off.
func tagEnd(src []byte, off int) int {
	if off+1 < len(src) && src[off+1] == '<' {
		for i := off; i < len(src) && src[i] != '\n'; i++ {
			if src[i] == '>' {
				return i + 1
			}
		}
	}
	return wordEnd(src, off)
}

func wordEnd(src []byte, off int) int {
	for off < len(src) && !strings.ContainsRune(" \t\r\n,[]{}", rune(src[off])) {
		off++
	}
	return off
}

// convertMembers reads the members of a mapping; a key that stands twice is
// kept once.
func (r *reader) convertMembers(n *node, y *yaml.Node, depth int) {
	seen := make(map[string]*node, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		k := r.convertKey(y.Content[i], depth+1)
		v := r.convert(y.Content[i+1], depth+1)
		if k == nil {
			n.partial = true
			continue
		}
		if v.kind < kindList && v.end == v.start && v.style == stylePlain { // a key without a value
			v.start, v.end = k.start, k.start
		}
		if first := seen[k.text]; first != nil {
			r.duplicate(k, first)
			continue
		}
		seen[k.text] = k
		n.keys = append(n.keys, k)
		n.items = append(n.items, v)
	}
}

func (r *reader) duplicate(k, first *node) {
	if len(r.diags) > maxFindings {
		return
	}
	d := diag.Diagnostic{
		Code: codeDuplicateKey, Span: r.lines.span(k.start, k.end),
		Message: fmt.Sprintf("the key %q stands twice in one mapping", k.text),
		Hint:    "keep one of them",
		Related: []diag.Related{{Span: r.lines.span(first.start, first.end), Message: "the first one is here"}},
	}
	r.diags = append(r.diags, d)
}

// convertKey returns the key's node, nil when it is not usable as one.
func (r *reader) convertKey(y *yaml.Node, depth int) *node {
	if y.Kind == yaml.ScalarNode && y.Style == 0 && y.Value == "<<" {
		off := r.lines.offset(y.Line, y.Column)
		r.add(codeMergeKey, off, off+2, `merge keys ("<<") are not part of the language`, "write the keys out")
		return nil
	}
	k := r.convert(y, depth)
	r.nodes-- // a key is not a value
	switch {
	case k.bad:
		return nil
	case k.kind >= kindList:
		hint := "write a text in front of the colon"
		if k.style == styleFlow && k.kind == kindMap && k.start > 0 && r.tree.Source[k.start-1] == '{' {
			hint = "{{ }} is another language's way: write \"${ … }\", in quotes"
		}
		r.add(codeKeyKind, k.start, k.end, fmt.Sprintf("a key must be a text, not %s", k.kind), hint)
		return nil
	case k.kind == kindNull && k.end == k.start:
		r.add(codeKeyKind, k.start, k.start, "there is no key in front of this colon", "write one, or quote the text that the colon belongs to")
		return nil
	}
	if k.kind != kindString { // true, 200, null as a key is that text
		k.text = string(r.tree.Source[k.start:k.end])
		k.kind, k.value = kindString, k.text
	}
	return k
}

func (r *reader) convertScalar(n *node, y *yaml.Node, content int) {
	n.text = y.Value
	n.kind, n.value = kindString, any(y.Value)
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = styleDouble
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = styleSingle
	case y.Style&yaml.LiteralStyle != 0:
		n.style = styleLiteral
	case y.Style&yaml.FoldedStyle != 0:
		n.style = styleFolded
	default:
		n.style = stylePlain
	}
	n.start = content
	n.end = scalarEnd(r.tree.Source, n)
	if n.style == stylePlain && !n.bad {
		r.resolve(n, y.Tag)
	}
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	yamlNumber = regexp.MustCompile(`^[+-]?(0x[0-9a-fA-F_]+|0o?[0-7_]+|0b[01_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9]+)?|\.[0-9_]+([eE][+-]?[0-9]+)?|\.inf|\.Inf|\.INF)$|^\.(nan|NaN|NAN)$`)
)

// resolve gives a plain scalar its JSON kind.
func (r *reader) resolve(n *node, tag string) {
	switch {
	case n.text == "" || tag == "!!null":
		n.kind, n.value = kindNull, nil
	case tag == "!!bool":
		n.kind, n.value = kindBool, strings.EqualFold(n.text, "true")
	case jsonNumber.MatchString(n.text):
		n.kind, n.value = kindNumber, numberValue(n.text)
		if f, err := strconv.ParseFloat(n.text, 64); err != nil && f != 0 {
			n.bad = true
			r.add(codeSurprise, n.start, n.end, fmt.Sprintf("%s is too large for a number", n.text), "quote it to make it a text")
		}
	case yamlNumber.MatchString(n.text) && tag != "!!str":
		n.bad = true
		r.add(codeSurprise, n.start, n.end, fmt.Sprintf("YAML readers take %s for %s", n.text, meant(n.text)),
			fmt.Sprintf("quote it to make it a text: %q; or write the number as in JSON", n.text))
	case tag == "!!timestamp":
		n.bad = true
		r.add(codeSurprise, n.start, n.end, fmt.Sprintf("YAML readers take %s for a date, not for a text", n.text),
			fmt.Sprintf("quote it: %q", n.text))
	}
}

// meant says what number a YAML reader makes of text that is not a JSON
// number.
func meant(text string) string {
	s := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(s, 0, 64); err == nil {
		return "the number " + strconv.FormatInt(i, 10)
	}
	if f, err := strconv.ParseFloat(strings.TrimPrefix(s, "."), 64); err == nil && f == f && strings.ContainsAny(s, "0123456789") {
		if f, err = strconv.ParseFloat(s, 64); err == nil {
			return "the number " + strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	if strings.Contains(strings.ToLower(s), "inf") {
		return "infinity, which JSON does not have"
	}
	if strings.Contains(strings.ToLower(s), "nan") {
		return "not-a-number, which JSON does not have"
	}
	return "a number"
}
