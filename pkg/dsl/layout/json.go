package layout

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

// isJSON tells which reader dsl.Read takes.
func isJSON(file string, text []byte) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".json", ".jsonc", ".hujson":
		return true
	case ".yaml", ".yml":
		return false
	}
	text = bytes.TrimLeft(text, " \t\n")
	return bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("//")) || bytes.HasPrefix(text, []byte("/*"))
}

func readJSON(src *source) (*node, error) {
	v, err := hujson.Parse(src.text)
	if err != nil {
		return nil, fmt.Errorf("read as JSON: %w", err)
	}
	return jsonNode(src, &v), nil
}

func jsonNode(src *source, v *hujson.Value) *node {
	n := &node{start: v.StartOffset, end: v.EndOffset, style: styleJSON}
	n.raw = string(src.text[n.start:n.end])
	switch x := v.Value.(type) {
	case *hujson.Object:
		n.kind = kindMap
		for i := range x.Members {
			k := jsonNode(src, &x.Members[i].Name)
			n.entries = append(n.entries, &entry{key: k, value: jsonNode(src, &x.Members[i].Value), start: k.start})
		}
	case *hujson.Array:
		n.kind = kindList
		for i := range x.Elements {
			item := jsonNode(src, &x.Elements[i])
			n.entries = append(n.entries, &entry{value: item, start: item.start})
		}
	case hujson.Literal:
		n.text = n.raw
		if x.Kind() == '"' {
			n.text = x.String()
		}
	}
	n.bracket = n.kind >= kindList
	n.flow = n.bracket && !strings.Contains(n.raw, "\n")
	return n
}

// jsonComments finds the comments of a JSON text.
func jsonComments(src *source) []comment {
	var out []comment
	text := src.text
	for off := 0; off < len(text); off++ {
		if text[off] == '"' {
			off = quotedEnd(text, off, '"') - 1
		}
		if off+1 >= len(text) || text[off] != '/' {
			continue
		}
		end := src.lineEnd(off)
		if text[off+1] == '*' {
			end = off + 2 + bytes.Index(text[off+2:], []byte("*/")) + 2
		}
		out = append(out, comment{start: off, own: src.leads(off), text: strings.TrimRight(string(text[off:end]), " \t")})
		off = end - 1
	}
	return out
}

// jsonDocument writes the value of a JSON file.
func (w *writer) jsonDocument(root *node) {
	w.jsonValue(root, 0, MaxWidth)
	w.end("")
}

// jsonValue writes v, which starts at column col; indent is that of its line.
func (w *writer) jsonValue(v *node, indent, col int) {
	if line := v.jsonLine(); !v.isCollection() && len(v.foot) == 0 || v.flow && !v.noted && col+utf8.RuneCountInString(line) <= MaxWidth {
		w.out.WriteString(line)
		return
	}
	brackets := "{}"
	if v.kind == kindList {
		brackets = "[]"
	}
	w.out.WriteByte(brackets[0])
	w.end("")
	w.fresh = true
	for i, e := range v.entries {
		tail := e.tail
		w.lines(e.head, indent+2)
		if strings.Contains(tail, "\n") {
			w.lines([]string{tail}, indent+2)
			tail = ""
		}
		w.pad(indent + 2)
		at := indent + 2
		if e.key != nil {
			w.out.WriteString(e.key.raw + ": ")
			at += utf8.RuneCountInString(e.key.raw) + 2
		}
		w.jsonValue(e.value, indent+2, at)
		if i < len(v.entries)-1 {
			w.out.WriteByte(',')
		}
		w.end(tail)
	}
	w.lines(v.foot, indent+2)
	w.pad(indent)
	w.out.WriteByte(brackets[1])
}

// jsonLine returns v on one line.
func (n *node) jsonLine() string {
	if n.flat != "" {
		return n.flat
	}
	var parts []string
	switch n.kind {
	case kindMap:
		for _, e := range n.entries {
			parts = append(parts, e.key.raw+": "+e.value.jsonLine())
		}
		n.flat = "{}"
		if parts != nil {
			n.flat = "{ " + strings.Join(parts, ", ") + " }"
		}
	case kindList:
		for _, e := range n.entries {
			parts = append(parts, e.value.jsonLine())
		}
		n.flat = "[" + strings.Join(parts, ", ") + "]"
	default:
		n.flat = n.raw
	}
	return n.flat
}
