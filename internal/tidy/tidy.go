// Package tidy checks the tree of this module against the rules that its
// architecture rests on: who may import whom, what the pure core may do, how
// long files and functions are, that every package says what it is, that no test
// depends on how fast the machine is, and that no unfinished work or private
// word was left behind. It runs as a test; it
// changes nothing.
package tidy

import (
	"cmp"
	"fmt"
	"slices"
)

// Finding is one place in the tree that breaks a rule. File is relative to
// the root of the module; Line is 0 when the finding concerns a whole file or
// package.
type Finding struct {
	File    string
	Line    int
	Rule    string // import, purity, size, doc, timed, words, generate
	Message string
}

// String returns the finding as file:line: message [rule].
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s [%s]", place, f.Message, f.Rule)
}

// Check returns everything in the module at root that breaks a rule, sorted
// by place. The error is about the tools that Check needs, not about the tree.
func Check(root string) ([]Finding, error) {
	t, err := load(root)
	if err != nil {
		return nil, err
	}
	fs := slices.Concat(t.imports(), t.sizes(), t.docs(), t.directives())
	pure, err := t.purity()
	if err != nil {
		return nil, err
	}
	timed, err := t.timed()
	if err != nil {
		return nil, err
	}
	words, err := privateWords(root)
	if err != nil {
		return nil, err
	}
	fs = slices.Concat(fs, pure, timed, words)
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return fs, nil
}
