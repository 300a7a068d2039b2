//go:build linux && amd64

package faults_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// cutKind is what a power cut leaves of the writes that no flush has covered.
type cutKind int

const (
	cutNone     cutKind = iota // none of them
	cutAll                     // all of them
	cutSubset                  // some of them
	cutTorn                    // some sectors of each
	cutTornLast                // all, but of the last one some sectors
	cutLast                    // the last one alone
	cutKinds
)

func (k cutKind) String() string {
	return [...]string{"none", "all", "a subset", "torn", "torn last", "last only"}[k]
}

// sector is what a disk writes whole or not at all.
const sector = 512

// moments returns where a power cut finds most to tear: right before a flush
// has succeeded, and right behind it.
func (tr *trace) moments() []int {
	var at []int
	for i, o := range tr.ops {
		if o.kind == opFlush {
			at = append(at, i, i+1)
		}
	}
	return at
}

// cut is one power cut.
type cut struct {
	at      int // how many operations were before it
	kind    cutKind
	noFlush bool // of a disk, or an engine, that flushes nothing
}

func (c cut) String() string { return fmt.Sprintf("cut before operation %d, %s", c.at, c.kind) }

// image returns the file as the cut leaves it.
func (tr *trace) image(r *rand.Rand, c cut) []byte {
	settled := make([]bool, c.at)
	var open []int // writes that no flush has covered
	for i, o := range tr.ops[:c.at] {
		switch o.kind {
		case opWrite, opResize:
			open = append(open, i)
		case opFlush:
			left := open[:0]
			for _, w := range open {
				if w < o.began && !c.noFlush {
					settled[w] = true
				} else {
					left = append(left, w)
				}
			}
			open = left
		case opFailed: // what it was for may never be written: no later flush covers it
			open = nil
		case opLine:
		}
	}
	file := bytes.Clone(tr.base)
	last := -1
	for i, o := range tr.ops[:c.at] {
		if (o.kind == opWrite || o.kind == opResize) && !settled[i] {
			last = i
		}
	}
	for i, o := range tr.ops[:c.at] {
		if o.kind != opWrite && o.kind != opResize {
			continue
		}
		how := cutAll
		if !settled[i] {
			how = c.kind
		}
		file = o.apply(r, file, how, i == last)
	}
	return file
}

// apply does an operation, or what the cut leaves of it.
func (o op) apply(r *rand.Rand, file []byte, how cutKind, last bool) []byte {
	torn := how == cutTorn || how == cutTornLast && last
	switch {
	case how == cutNone, how == cutLast && !last, (how == cutSubset || torn && o.kind == opResize) && r.IntN(2) == 0:
		return file
	case o.kind == opResize:
		return resize(file, o.at)
	case !torn:
		file = resize(file, max(int64(len(file)), o.at+int64(len(o.data))))
		copy(file[o.at:], o.data)
		return file
	}
	for off := 0; off < len(o.data); off += sector {
		if r.IntN(2) == 0 {
			continue
		}
		piece := o.data[off:min(off+sector, len(o.data))]
		at := o.at + int64(off)
		file = resize(file, max(int64(len(file)), at+int64(len(piece))))
		copy(file[at:], piece)
	}
	return file
}

func resize(file []byte, size int64) []byte {
	if size <= int64(len(file)) {
		return file[:size]
	}
	return append(file, make([]byte, size-int64(len(file)))...)
}
