package connectors

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schemer is a type that knows the JSON Schema of what its UnmarshalJSON
// reads; null comes to UnmarshalJSON like any other value.
type Schemer interface{ JSONSchema() json.RawMessage }

type kind uint8

const (
	kindAny kind = iota
	kindBool
	kindInteger
	kindNumber
	kindString
	kindList
	kindObject
	kindMap
	kindOwn // a Schemer
)

// shape is the form of a Go type as JSON: the one source of the schema and of
// the checks before decoding, so the two cannot differ.
type shape struct {
	kind     kind
	doc      string
	secret   bool
	format   string
	enum     []string
	fallback json.RawMessage // the default
	min, max *float64
	pattern  *regexp.Regexp
	says     string   // what pattern means, for people
	elem     *shape   // of a list or map
	members  []member // of an object, as declared
	goType   reflect.Type
}

type member struct {
	name     string
	required bool
	shape    *shape
}

func (s *shape) member(name string) (member, bool) {
	i := slices.IndexFunc(s.members, func(m member) bool { return m.name == name })
	if i < 0 {
		return member{}, false
	}
	return s.members[i], true
}

type direction bool

const (
	forInput  direction = false
	forOutput direction = true
)

var (
	rawType     = reflect.TypeFor[json.RawMessage]()
	timeType    = reflect.TypeFor[time.Time]()
	secretType  = reflect.TypeFor[Secret]()
	schemerType = reflect.TypeFor[Schemer]()
	textType    = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// maxDepth bounds the nesting of Go types, which only a recursive one passes.
const maxDepth = 16

// shapeOf reflects a type. It panics on one that has no form in JSON: that is
// a mistake of the program.
func shapeOf(t reflect.Type, d direction) *shape { return reflectShape(t, d, maxDepth) }

func reflectShape(t reflect.Type, d direction, depth int) *shape {
	if depth == 0 {
		panic(fmt.Sprintf("connectors: %s is nested too deeply", t))
	}
	s := &shape{goType: t}
	switch {
	case t == rawType:
		return s
	case t == secretType:
		s.kind, s.secret = kindString, true
		return s
	case t == timeType:
		s.kind, s.format = kindString, "date-time"
		return s
	case t.Implements(schemerType):
		s.kind = kindOwn
		return s
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textType):
		panic(fmt.Sprintf("connectors: %s reads text in its own way: give it a JSONSchema method", t))
	}
	switch t.Kind() {
	case reflect.Interface:
		return s
	case reflect.Pointer:
		return reflectShape(t.Elem(), d, depth-1)
	case reflect.Bool:
		s.kind = kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.kind = kindInteger
	case reflect.Float32, reflect.Float64:
		s.kind = kindNumber
	case reflect.String:
		s.kind = kindString
	case reflect.Slice:
		s.kind, s.elem = kindList, reflectShape(t.Elem(), d, depth-1)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			panic(fmt.Sprintf("connectors: %s has keys that are not text", t))
		}
		s.kind, s.elem = kindMap, reflectShape(t.Elem(), d, depth-1)
	case reflect.Struct:
		s.kind = kindObject
		s.addFields(t, d, depth)
	default:
		panic(fmt.Sprintf("connectors: %s has no form in JSON", t))
	}
	return s
}

func (s *shape) addFields(t reflect.Type, d direction, depth int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			s.addFields(f.Type, d, depth-1)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			panic(fmt.Sprintf("connectors: %s.%s has no json tag", t, f.Name))
		}
		if _, ok := s.member(name); ok {
			panic(fmt.Sprintf("connectors: %s has %s twice", t, name))
		}
		m := member{name: name, shape: reflectShape(f.Type, d, depth-1)}
		if d == forOutput {
			m.required = !slices.Contains(strings.Split(options, ","), "omitempty")
		} else {
			m.required = f.Tag.Get("required") == "true"
		}
		m.shape.readTags(t, f)
		s.members = append(s.members, m)
	}
}

func (s *shape) readTags(t reflect.Type, f reflect.StructField) {
	where := t.String() + "." + f.Name
	s.doc = f.Tag.Get("doc")
	if e := f.Tag.Get("enum"); e != "" {
		s.enum = strings.Split(e, ",")
	}
	if p := f.Tag.Get("pattern"); p != "" {
		s.pattern = regexp.MustCompile(p)
		if s.says = f.Tag.Get("says"); s.says == "" {
			panic("connectors: " + where + " has a pattern, and nothing that says what it means")
		}
	}
	s.min, s.max = bound(where, f.Tag.Get("min")), bound(where, f.Tag.Get("max"))
	text, ok := f.Tag.Lookup("default")
	if !ok {
		return
	}
	s.fallback = json.RawMessage(text)
	if s.kind == kindString || !json.Valid(s.fallback) {
		s.fallback, _ = json.Marshal(text)
	}
	if _, problems := s.accept(s.fallback, sealedRefused); len(problems) > 0 {
		panic(fmt.Sprintf("connectors: the default of %s %s", where, problems[0]))
	}
}

func bound(where, text string) *float64 {
	if text == "" {
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("connectors: a bound of %s is not a number: %s", where, text))
	}
	return &n
}
