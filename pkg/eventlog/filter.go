package eventlog

import (
	"slices"
	"strings"
)

// Admits reports whether f lets s through. Limit is not looked at.
func (f Filter) Admits(s Summary) bool {
	switch {
	case !strings.HasPrefix(s.Stream, f.Prefix):
		return false
	case f.Kind != "" && f.Kind != s.Kind:
		return false
	case f.Workflow != "" && f.Workflow != s.Workflow:
		return false
	case f.Key != "" && !slices.Contains(s.Keys, f.Key):
		return false
	case len(f.Statuses) > 0 && !slices.Contains(f.Statuses, s.Status):
		return false
	case f.Open && !s.Open():
		return false
	}
	return f.behind(s.Stream)
}

// behind reports whether a stream's name lies behind the cursor.
func (f Filter) behind(stream string) bool {
	if f.Before == "" {
		return true
	}
	if f.Oldest {
		return stream > f.Before
	}
	return stream < f.Before
}

// Open reports whether something is left to do: it has not Ended, or messages
// wait for it.
func (s Summary) Open() bool { return !s.Ended || s.Inbox > 0 }

// Brief returns what recovery asks of every open stream: its name, how many
// records and messages it has, its status, when it wakes, and how often it was
// tried.
func (s Summary) Brief() Summary {
	return Summary{
		Stream: s.Stream, Records: s.Records, Inbox: s.Inbox,
		Status: s.Status, Ended: s.Ended, WakeAt: s.WakeAt, Attempts: s.Attempts,
	}
}

// Clone returns a copy of s that shares nothing with it. Empty lists are nil.
func (s Summary) Clone() Summary {
	s.Keys = append([]string(nil), s.Keys...)
	s.Attributes = append([]Attribute(nil), s.Attributes...)
	return s
}
