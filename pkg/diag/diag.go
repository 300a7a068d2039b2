// Package diag is what is wrong with a document, and where. A diagnostic
// carries a stable code, a span in the source, what is wrong in the author's
// words and what to do about it. The package only describes and prints
// findings; it reads no files and decides nothing.
package diag

import (
	"cmp"
	"slices"
)

// Code is the stable name of one kind of finding, such as "E204". Codes are
// never reused; each has a page in docs/errors.
type Code string

// Severity says whether a finding stops a document from being accepted.
type Severity uint8

// The severities. Error is the zero value: a finding is an error unless said
// otherwise.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a source text. Line and Col count from 1; Col counts
// characters (runes), Offset counts bytes from 0.
type Pos struct {
	Line   int `json:"line"`
	Col    int `json:"col"`
	Offset int `json:"offset"`
}

// Span is a stretch of a source text: Start is its first byte, End the byte
// behind its last one.
type Span struct {
	File  string `json:"file,omitempty"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// Related is another place that belongs to a finding, such as the first of
// two steps with one id.
type Related struct {
	Span    Span   `json:"span"`
	Message string `json:"message"`
}

// Diagnostic is one finding. Path is the JSON Pointer of the value it is
// about; Hint says what to do and may be empty only where Message already
// does.
type Diagnostic struct {
	Code     Code      `json:"code"`
	Severity Severity  `json:"-"`
	Span     Span      `json:"span"`
	Path     string    `json:"path"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint,omitempty"`
	Related  []Related `json:"related,omitempty"`
}

// List is a set of findings of one or more documents.
type List []Diagnostic

// HasErrors tells whether any finding stops the document from being accepted.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders findings by file, place and code, in place.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Span.File, b.Span.File),
			cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset),
			cmp.Compare(a.Code, b.Code),
		)
	})
}
