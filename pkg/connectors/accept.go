package connectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// sealing tells whether sealed secrets may stand in place of values.
type sealing bool

const (
	sealedRefused sealing = false
	sealedAllowed sealing = true
)

// accept compares JSON with the shape and returns it with defaults filled in.
// With sealedAllowed a sealed secret is taken as the empty value of its place.
func (s *shape) accept(raw json.RawMessage, mode sealing) (json.RawMessage, []Problem) {
	if len(raw) == 0 {
		raw = json.RawMessage("null")
	}
	if !json.Valid(raw) {
		return nil, []Problem{{Message: "is not JSON"}}
	}
	a := acceptor{mode: mode}
	filled := a.take("", s, bytes.TrimSpace(raw))
	return filled, a.problems
}

// maxProblems bounds how many things wrong with one input are reported.
const maxProblems = 20

type acceptor struct {
	mode     sealing
	problems []Problem
}

func (a *acceptor) wrong(path, format string, args ...any) {
	if len(a.problems) < maxProblems {
		a.problems = append(a.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
}

// emptyValues is what stands for a sealed secret.
var emptyValues = map[kind]string{
	kindBool: "false", kindInteger: "0", kindNumber: "0", kindString: `""`,
	kindList: "[]", kindObject: "{}", kindMap: "{}", kindOwn: "null", // in a list
}

func (a *acceptor) take(path string, s *shape, raw json.RawMessage) json.RawMessage {
	if s.kind == kindAny {
		return raw
	}
	if a.mode == sealedAllowed && isSealed(raw) {
		return json.RawMessage(emptyValues[s.kind])
	}
	switch s.kind {
	case kindOwn:
		a.own(path, s, raw)
	case kindBool:
		if kindName(raw) != "boolean" {
			a.mismatch(path, "true or false", raw)
		}
	case kindInteger, kindNumber:
		a.number(path, s, raw)
	case kindString:
		a.text(path, s, raw)
	case kindList:
		return a.list(path, s, raw)
	case kindMap:
		return a.mapping(path, s, raw)
	case kindObject:
		return a.object(path, s, raw)
	default:
		panic(fmt.Sprintf("connectors: unhandled kind %d", s.kind))
	}
	return raw
}

// sealedOwn tells whether a sealed secret stands where a type reads its own
// text. No empty value is known for it, so it is taken as absent.
func (a *acceptor) sealedOwn(s *shape, raw json.RawMessage) bool {
	return s.kind == kindOwn && a.mode == sealedAllowed && isSealed(raw)
}

func (a *acceptor) mismatch(path, want string, raw json.RawMessage) {
	a.wrong(path, "must be %s, not %s", want, kindName(raw))
}

func (a *acceptor) own(path string, s *shape, raw json.RawMessage) {
	if err := json.Unmarshal(raw, reflect.New(s.goType).Interface()); err != nil {
		a.wrong(path, "%s", err.Error())
	}
}

func (a *acceptor) number(path string, s *shape, raw json.RawMessage) {
	if kindName(raw) != "number" {
		a.mismatch(path, map[kind]string{kindInteger: "an integer", kindNumber: "a number"}[s.kind], raw)
		return
	}
	if err := json.Unmarshal(raw, reflect.New(s.goType).Interface()); err != nil {
		a.wrong(path, "must be %s, not %s", s.numberName(), raw)
		return
	}
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil {
		a.wrong(path, "is out of range: %s", raw)
		return
	}
	a.bounds(path, s, f, "")
}

func (s *shape) numberName() string {
	if s.kind == kindInteger {
		return "an integer within its range"
	}
	return "a number within its range"
}

// bounds checks a number, or how many of something there are.
func (a *acceptor) bounds(path string, s *shape, n float64, of string) {
	verb := "be"
	if of != "" {
		verb, of = "have", " "+of
	}
	if s.min != nil && n < *s.min {
		a.wrong(path, "must %s at least %v%s", verb, *s.min, of)
	}
	if s.max != nil && n > *s.max {
		a.wrong(path, "must %s at most %v%s", verb, *s.max, of)
	}
}

func (a *acceptor) text(path string, s *shape, raw json.RawMessage) {
	var text string
	if kindName(raw) != "string" || json.Unmarshal(raw, &text) != nil {
		a.mismatch(path, "text", raw)
		return
	}
	if len(s.enum) > 0 && !slices.Contains(s.enum, text) {
		a.wrong(path, "must be one of %s, not %q", strings.Join(s.enum, ", "), shorten(text))
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		a.wrong(path, "%s", s.says)
	}
	if s.format == "date-time" {
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			a.wrong(path, "must be a time such as 2026-01-02T15:04:05Z")
		}
	}
	a.bounds(path, s, float64(utf8.RuneCountInString(text)), "characters")
}

func (a *acceptor) list(path string, s *shape, raw json.RawMessage) json.RawMessage {
	var items []json.RawMessage
	if kindName(raw) != "list" || json.Unmarshal(raw, &items) != nil {
		a.mismatch(path, "a list", raw)
		return raw
	}
	a.bounds(path, s, float64(len(items)), "elements")
	changed := false
	for i, item := range items {
		items[i] = a.take(fmt.Sprintf("%s/%d", path, i), s.elem, item)
		changed = changed || !same(item, items[i])
	}
	return rebuilt(raw, items, changed)
}

func (a *acceptor) mapping(path string, s *shape, raw json.RawMessage) json.RawMessage {
	var got map[string]json.RawMessage
	if kindName(raw) != "object" || json.Unmarshal(raw, &got) != nil {
		a.mismatch(path, "an object", raw)
		return raw
	}
	changed := false
	for _, name := range sortedKeys(got) {
		if a.sealedOwn(s.elem, got[name]) {
			delete(got, name)
			changed = true
			continue
		}
		v := a.take(path+"/"+pointer(name), s.elem, got[name])
		changed = changed || !same(got[name], v)
		got[name] = v
	}
	return rebuilt(raw, got, changed)
}

func (a *acceptor) object(path string, s *shape, raw json.RawMessage) json.RawMessage {
	var got map[string]json.RawMessage
	if kindName(raw) != "object" || json.Unmarshal(raw, &got) != nil {
		a.mismatch(path, "an object", raw)
		return raw
	}
	changed, sealed := false, []string(nil)
	for _, name := range sortedKeys(got) {
		m, ok := s.member(name)
		if !ok {
			a.wrong(path+"/"+pointer(name), "is not known here; known are %s", strings.Join(s.names(), ", "))
			continue
		}
		if a.sealedOwn(m.shape, got[name]) {
			delete(got, name)
			changed, sealed = true, append(sealed, name)
			continue
		}
		v := a.take(path+"/"+pointer(name), m.shape, got[name])
		changed = changed || !same(got[name], v)
		got[name] = v
	}
	for _, m := range s.members {
		if _, ok := got[m.name]; ok || slices.Contains(sealed, m.name) {
			continue
		}
		if m.required {
			a.wrong(path, "needs %s", m.name)
		} else if m.shape.fallback != nil {
			got[m.name], changed = m.shape.fallback, true
		}
	}
	return rebuilt(raw, got, changed)
}

func (s *shape) names() []string {
	names := make([]string, len(s.members))
	for i, m := range s.members {
		names[i] = m.name
	}
	if len(names) == 0 {
		return []string{"no members"}
	}
	return names
}

// rebuilt returns raw, or v as JSON when something in it changed.
func rebuilt(raw json.RawMessage, v any, changed bool) json.RawMessage {
	if !changed {
		return raw
	}
	b, err := marshal(v)
	if err != nil {
		panic("connectors: accepted JSON cannot be written: " + err.Error())
	}
	return b
}

func same(a, b json.RawMessage) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// isSealed tells whether raw is a sealed secret: an object whose only member
// is $sealed.
func isSealed(raw json.RawMessage) bool {
	if !bytes.HasPrefix(raw, []byte("{")) || !bytes.Contains(raw, []byte(`"$sealed"`)) {
		return false
	}
	var got map[string]json.RawMessage
	if json.Unmarshal(raw, &got) != nil {
		return false
	}
	_, ok := got["$sealed"]
	return ok && len(got) == 1
}

func kindName(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "list"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}

func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(shorten(name))
}

// shorten keeps texts of messages short.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
