package books

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// matchIndex is the open matches. Those of one event type that look at the
// same members share a shape; within it they stand by the hash of the values
// that they want there. An event is looked up once for each shape of its type.
type matchIndex struct {
	types map[string]*eventType
	names []string // of types, in the order in which they came
	runs  map[string]*open
	count int
}

// eventType is what waits for events of one type.
type eventType struct {
	shapes   []*shape
	triggers []string
}

// shape is the matches that look at the same members.
type shape struct {
	paths []string
	keys  map[matchKey]*open // the oldest; its prev is the newest
}

// matchKey stands for the values that a match wants.
type matchKey [16]byte

// open is one open match.
type open struct {
	seq        uint64
	run, path  string
	kind       *eventType
	shape      *shape
	key        matchKey
	next, prev *open // of the same key, a ring
	sibling    *open // of the same run
}

func newMatchIndex() matchIndex {
	return matchIndex{types: make(map[string]*eventType), runs: make(map[string]*open)}
}

func (x *matchIndex) kind(name string) *eventType {
	k := x.types[name]
	if k == nil {
		k = &eventType{}
		x.types[name] = k
		x.names = append(x.names, name)
	}
	return k
}

func (k *eventType) shape(paths []string) *shape {
	for _, s := range k.shapes {
		if slices.Equal(s.paths, paths) {
			return s
		}
	}
	s := &shape{paths: paths, keys: make(map[matchKey]*open)}
	k.shapes = append(k.shapes, s)
	return s
}

// paths returns all members that the matches of a type look at.
func (k *eventType) paths() []string {
	var all []string
	for _, s := range k.shapes {
		for _, p := range s.paths {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// add opens a match.
func (x *matchIndex) add(seq uint64, f *MatchAdded) {
	match := slices.Clone(f.Match)
	slices.SortStableFunc(match, func(a, b fact.Match) int { return strings.Compare(a.Path, b.Path) })
	paths := make([]string, len(match))
	for i, m := range match {
		paths[i] = m.Path
	}
	k := x.kind(f.Type)
	s := k.shape(paths)
	key, _ := s.key(match)
	// The strings are cloned: they must not keep the record in memory.
	x.insert(&open{seq: seq, run: strings.Clone(f.Run), path: strings.Clone(f.Path), kind: k, shape: s, key: key})
}

func (x *matchIndex) insert(o *open) {
	if first := o.shape.keys[o.key]; first == nil {
		o.next, o.prev = o, o
		o.shape.keys[o.key] = o
	} else {
		o.next, o.prev = first, first.prev
		o.prev.next, first.prev = o, o
	}
	o.sibling = x.runs[o.run]
	x.runs[o.run] = o
	x.count++
}

// drop closes the match of a run at a path, or all of the run's.
func (x *matchIndex) drop(run, path string) {
	var left *open
	for o := x.runs[run]; o != nil; {
		following := o.sibling
		if path == "" || o.path == path {
			o.shape.remove(o)
			x.count--
		} else {
			o.sibling, left = left, o
		}
		o = following
	}
	if left == nil {
		delete(x.runs, run)
		return
	}
	x.runs[run] = left
}

func (s *shape) remove(o *open) {
	if o.next == o {
		delete(s.keys, o.key)
		return
	}
	o.prev.next, o.next.prev = o.next, o.prev
	if s.keys[o.key] == o {
		s.keys[o.key] = o.next
	}
}

func (x *matchIndex) find(run, path string) *open {
	for o := x.runs[run]; o != nil; o = o.sibling {
		if o.path == path {
			return o
		}
	}
	return nil
}

// subscribed returns the type of the events that a trigger gets.
func (x *matchIndex) subscribed(trigger string) string {
	for _, n := range x.names {
		if slices.Contains(x.types[n].triggers, trigger) {
			return n
		}
	}
	return ""
}

// subscribe has a trigger get the events of one type, or none.
func (x *matchIndex) subscribe(trigger, name string) {
	for _, n := range x.names {
		k := x.types[n]
		k.triggers = slices.DeleteFunc(k.triggers, func(t string) bool { return t == trigger })
	}
	if name != "" {
		k := x.kind(name)
		k.triggers = append(k.triggers, trigger)
	}
}

// matches tells whether somebody waits for an event with these members.
func (x *matchIndex) matches(name string, facets []fact.Match) bool {
	k := x.types[name]
	if k == nil {
		return false
	}
	return slices.ContainsFunc(k.shapes, func(s *shape) bool {
		key, ok := s.key(facets)
		return ok && s.keys[key] != nil
	})
}

// chunk returns the next receivers of an event, at most so many and each run
// once; done tells that nobody is left behind them.
func (x *matchIndex) chunk(j *job, most int) (at int, to []Receiver, done bool) {
	k := x.types[j.event.Type]
	after := j.after
	for at = j.shape; k != nil && at < len(k.shapes); at++ {
		s := k.shapes[at]
		key, ok := s.key(j.facets)
		first := s.keys[key]
		if ok && first != nil {
			inside := make(map[string]bool)
			for o := first; ; o = o.next {
				if o.seq > after && o.seq < j.seq {
					if len(to) == most || inside[o.run] {
						return at, to, false
					}
					inside[o.run] = true
					to = append(to, Receiver{Run: o.run, Path: o.path, seq: o.seq})
				}
				if o.next == first {
					break
				}
			}
		}
		if len(to) > 0 {
			return at, to, at == len(k.shapes)-1
		}
		after = 0
	}
	return at, nil, true
}

// key returns the hash of the values that the shape's members have among
// match; false when one of them is not there.
func (s *shape) key(match []fact.Match) (key matchKey, ok bool) {
	h := sha256.New()
	for _, p := range s.paths {
		i := slices.IndexFunc(match, func(m fact.Match) bool { return m.Path == p })
		if i < 0 {
			return key, false
		}
		sum := valueHash(match[i].Value)
		h.Write(sum[:])
	}
	copy(key[:], h.Sum(nil))
	return key, true
}

// valueHash returns the hash of a value's canonical JSON.
func valueHash(v expression.Value) expression.Hash {
	if r := v.Ref(); r != nil {
		return r.Hash
	}
	raw := v.Inline()
	if x, err := expression.Decode(v, nil); err == nil {
		if b, err := expression.Encode(x); err == nil {
			raw = b
		}
	}
	return expression.HashOf(raw)
}

// facetsOf returns the members of an event that are at hand at the paths.
func facetsOf(e *fact.CloudEvent, paths []string, fetch expression.Fetch) ([]fact.Match, error) {
	var data any
	if !e.Data.IsAbsent() {
		var err error
		if data, err = expression.Decode(e.Data, fetch); err != nil {
			return nil, err
		}
	}
	var all []fact.Match
	for _, p := range paths {
		x, ok := memberOf(e, data, p)
		if !ok {
			continue
		}
		b, err := expression.Encode(x)
		if err != nil {
			continue // a value that cannot be written equals none
		}
		v, _ := expression.Pack(b)
		all = append(all, fact.Match{Path: p, Value: v})
	}
	return all, nil
}

func memberOf(e *fact.CloudEvent, data any, path string) (any, bool) {
	first, rest, deeper := strings.Cut(path, ".")
	switch first {
	case "id":
		return e.ID, !deeper
	case "type":
		return e.Type, !deeper
	case "source":
		return e.Source, !deeper
	case "subject":
		return e.Subject, !deeper
	case "data":
	default:
		return nil, false
	}
	for deeper {
		first, rest, deeper = strings.Cut(rest, ".")
		object, ok := data.(map[string]any)
		if !ok {
			return nil, false
		}
		if data, ok = object[first]; !ok {
			return nil, false
		}
	}
	return data, true
}
