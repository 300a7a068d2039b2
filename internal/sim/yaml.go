package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// doc is a mapping in the order in which it is written.
type doc []entry

type entry struct {
	key   string
	value any
}

// with returns the mapping with one more entry.
func (d doc) with(key string, value any) doc { return append(d, entry{key, value}) }

// write writes a mapping as YAML, its first line without indentation.
func (d doc) write(b *strings.Builder, indent string) {
	for i, e := range d {
		if i > 0 {
			b.WriteString(indent)
		}
		b.WriteString(e.key)
		b.WriteByte(':')
		writeValue(b, indent+"  ", e.value)
	}
}

// writeValue writes what stands behind a key.
func writeValue(b *strings.Builder, indent string, x any) {
	switch x := x.(type) {
	case doc:
		if flat(x) {
			b.WriteByte(' ')
			writeFlow(b, x)
			b.WriteByte('\n')
			return
		}
		b.WriteString("\n" + indent)
		x.write(b, indent)
	case []doc:
		if len(x) == 0 {
			b.WriteString(" []\n")
			return
		}
		b.WriteByte('\n')
		for _, d := range x {
			b.WriteString(indent + "- ")
			d.write(b, indent+"  ")
		}
	default:
		b.WriteByte(' ')
		writeFlow(b, x)
		b.WriteByte('\n')
	}
}

// flat tells that a mapping has no lists of mappings inside.
func flat(d doc) bool {
	for _, e := range d {
		switch v := e.value.(type) {
		case []doc:
			return false
		case doc:
			if !flat(v) {
				return false
			}
		}
	}
	return true
}

func writeFlow(b *strings.Builder, x any) {
	switch x := x.(type) {
	case doc:
		b.WriteString("{ ")
		for i, e := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(e.key + ": ")
			writeFlow(b, e.value)
		}
		b.WriteString(" }")
	case []string:
		b.WriteByte('[')
		for i, s := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(s)
		}
		b.WriteByte(']')
	case string:
		b.WriteString(strconv.Quote(x))
	case word:
		b.WriteString(string(x))
	case nil:
		b.WriteString("null")
	default:
		fmt.Fprint(b, x)
	}
}

// word is text that is written without quotes.
type word string
