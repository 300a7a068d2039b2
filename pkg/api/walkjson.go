package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// manyMembers is from how many members on an object's names are kept in a map.
const manyMembers = 16

// walk goes through valid JSON, once and without decoding it, and looks for
// what encoding/json lets pass: a member that is named twice, and deep nesting.
type walk struct {
	b     []byte
	i     int
	names [][]byte // of the objects that are open, those of the inmost last
}

// duplicate is a member named twice. Its path is completed on the way out.
type duplicate struct{ path, name string }

func (d *duplicate) Error() string {
	return fmt.Sprintf("the object at %q names the member %s twice; name it once", d.path, quote(d.name))
}

// value walks one value.
func (w *walk) value(depth int) error {
	switch w.next() {
	case '{', '[':
		if depth == maxNesting {
			return tooDeep()
		}
		if w.b[w.i] == '[' {
			return w.list(depth)
		}
		return w.object(depth)
	case '"':
		w.text()
	default: // a number, true, false or null
		for w.i < len(w.b) && !strings.ContainsRune(",]} \t\r\n", rune(w.b[w.i])) {
			w.i++
		}
	}
	return nil
}

func (w *walk) list(depth int) error {
	w.i++
	for n := 0; w.next() != ']'; n++ {
		if err := w.value(depth + 1); err != nil {
			return below(strconv.Itoa(n), err)
		}
		w.comma()
	}
	w.i++
	return nil
}

func (w *walk) object(depth int) error {
	w.i++
	outer := len(w.names)
	var many map[string]bool
	for w.next() != '}' {
		name := w.name()
		if many == nil && len(w.names)-outer == manyMembers {
			many = make(map[string]bool, 4*manyMembers)
			for _, n := range w.names[outer:] {
				many[string(n)] = true
			}
		}
		if many[string(name)] || many == nil && slices.ContainsFunc(w.names[outer:], func(n []byte) bool { return bytes.Equal(n, name) }) {
			return &duplicate{name: string(name)}
		}
		if many != nil {
			many[string(name)] = true
		} else {
			w.names = append(w.names, name)
		}
		w.next()
		w.i++ // the colon
		if err := w.value(depth + 1); err != nil {
			return below(string(name), err)
		}
		w.comma()
	}
	w.i++
	w.names = w.names[:outer]
	return nil
}

// next skips space and returns the byte that follows, which it leaves.
func (w *walk) next() byte {
	for w.b[w.i] == ' ' || w.b[w.i] == '\t' || w.b[w.i] == '\r' || w.b[w.i] == '\n' {
		w.i++
	}
	return w.b[w.i]
}

func (w *walk) comma() {
	if w.next() == ',' {
		w.i++
	}
}

// text walks a string and returns it as it stands, quotes included.
func (w *walk) text() []byte {
	start := w.i
	for w.i++; w.b[w.i] != '"'; w.i++ {
		if w.b[w.i] == '\\' {
			w.i++
		}
	}
	w.i++
	return w.b[start:w.i]
}

// name walks a string and returns what it means.
func (w *walk) name() []byte {
	raw := w.text()
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	var s string
	if json.Unmarshal(raw, &s) != nil { // it is valid
		return raw
	}
	return []byte(s)
}

// below puts a member or index before the path of err.
func below(member string, err error) error {
	if d, ok := err.(*duplicate); ok { //nolint:errorlint // nobody wraps it on the way
		d.path = "/" + pointerEscaper.Replace(member) + d.path
	}
	return err
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")
