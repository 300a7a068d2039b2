package wdlexpr

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Object is a JSON object that keeps the order of its members. It is immutable
// and may be shared.
type Object struct {
	names  []string
	values []Value
	places map[string]int // of the names, when there are many
}

// manyMembers is the number of members from which on an object has a table of
// its names.
const manyMembers = 12

// NewObject returns the object with those members, which it takes over. names
// and values are of one length. Of a name that comes twice the last member
// counts, and stands at its own, later place.
func NewObject(names []string, values []Value) *Object {
	if len(names) != len(values) {
		panic("wdlexpr: an object of names and values that differ in number")
	}
	o := &Object{names: names, values: values}
	if len(names) < manyMembers {
		for i := len(names) - 1; i > 0; i-- {
			for j := range i {
				if names[j] == names[i] {
					return o.dedupe()
				}
			}
		}
		return o
	}
	o.places = make(map[string]int, len(names))
	for i, name := range names {
		if _, twice := o.places[name]; twice {
			return o.dedupe()
		}
		o.places[name] = i
	}
	return o
}

// dedupe returns the object without the members that come again later.
func (o *Object) dedupe() *Object {
	last := make(map[string]int, len(o.names))
	for i, name := range o.names {
		last[name] = i
	}
	names, values := make([]string, 0, len(last)), make([]Value, 0, len(last))
	for i, name := range o.names {
		if last[name] == i {
			names, values = append(names, name), append(values, o.values[i])
		}
	}
	return NewObject(names, values)
}

// Len returns the number of members.
func (o *Object) Len() int { return len(o.names) }

// At returns the member at place i.
func (o *Object) At(i int) (string, Value) { return o.names[i], o.values[i] }

// Get returns the member of exactly that name.
func (o *Object) Get(name string) (Value, bool) {
	if i := o.exact(name); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// Find returns the member of that name, or else the first one whose name
// differs in case alone.
func (o *Object) Find(name string) (Value, bool) {
	if i := o.place(name); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// exact returns the place of the member of exactly that name, -1 when there is
// none.
func (o *Object) exact(name string) int {
	if o.places != nil {
		if i, ok := o.places[name]; ok {
			return i
		}
		return -1
	}
	for i, n := range o.names {
		if n == name {
			return i
		}
	}
	return -1
}

// place returns the place of the member that name means, -1 when there is none.
func (o *Object) place(name string) int {
	if i := o.exact(name); i >= 0 {
		return i
	}
	for i, n := range o.names {
		if equalFold(n, name) {
			return i
		}
	}
	return -1
}

// with returns the object with a further member behind all others; drop is the
// place of one to leave out, -1 for none.
func (o *Object) with(drop int, name string, value Value) *Object {
	names, values := o.copy(drop)
	return NewObject(append(names, name), append(values, value))
}

// without returns the object without the member at a place.
func (o *Object) without(drop int) *Object { return NewObject(o.copy(drop)) }

// copy returns the members but for the one at place drop, with room for one.
func (o *Object) copy(drop int) ([]string, []Value) {
	names, values := make([]string, 0, len(o.names)+1), make([]Value, 0, len(o.names)+1)
	for i, name := range o.names {
		if i != drop {
			names, values = append(names, name), append(values, o.values[i])
		}
	}
	return names, values
}

// upper is the upper-case form of one character, by the rules that no language
// changes: the dotless i and the long s keep their own.
func upper(r rune) rune {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' {
			return r - ('a' - 'A')
		}
		return r
	}
	if r == 'ı' || r == 'ſ' {
		return r
	}
	return unicode.ToUpper(r)
}

// lower is the lower-case form of one character, by the rules that no language
// changes.
func lower(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}
	if r == 'İ' {
		return r
	}
	return unicode.ToLower(r)
}

// equalFold tells whether two texts differ in case alone.
func equalFold(a, b string) bool {
	for {
		if a == "" || b == "" {
			return a == b
		}
		x, y := a[0], b[0]
		if x < utf8.RuneSelf && y < utf8.RuneSelf {
			if x != y && upper(rune(x)) != upper(rune(y)) {
				return false
			}
			a, b = a[1:], b[1:]
			continue
		}
		r, n := utf8.DecodeRuneInString(a)
		s, k := utf8.DecodeRuneInString(b)
		if r != s && upper(r) != upper(s) {
			return false
		}
		a, b = a[n:], b[k:]
	}
}

// sorted returns the places of the members in the order of their names.
func (o *Object) sorted() []int {
	places := make([]int, len(o.names))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(i, j int) int { return strings.Compare(o.names[i], o.names[j]) })
	return places
}
