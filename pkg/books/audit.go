package books

import (
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// MaxAudited is how many entries of the audit a book has at hand, the newest.
// Those before them stay in its record.
const MaxAudited = 1000

// AuditFacts is the facts of the book of what was dropped.
var AuditFacts = fact.NewFamily("audit",
	func() fact.Fact { return new(DropBegan) },
	func() fact.Fact { return new(DropEnded) },
)

// DropBegan tells that runs are about to be dropped for good: who asked for it,
// and which runs the filter means. It is in the log before the first one goes.
type DropBegan struct {
	By     string
	Filter expression.Value
}

// DropEnded tells what came of it. Began is the number of its DropBegan.
type DropEnded struct {
	Began      uint64
	Runs, Kept int
	Error      string // why it was cut off; empty: it was not
}

// Kind returns the fact's number.
func (*DropBegan) Kind() fact.Kind { return 1 }

// Kind returns the fact's number.
func (*DropEnded) Kind() fact.Kind { return 2 }

// Name returns the fact's name.
func (*DropBegan) Name() string { return "DropBegan" }

// Name returns the fact's name.
func (*DropEnded) Name() string { return "DropEnded" }

// Fields carries the fact.
func (f *DropBegan) Fields(c *fact.Coder) {
	c.String(1, "by", &f.By)
	c.Value(2, "filter", &f.Filter)
}

// Fields carries the fact.
func (f *DropEnded) Fields(c *fact.Coder) {
	c.Uint(1, "began", &f.Began)
	c.Int(2, "runs", &f.Runs)
	c.Int(3, "kept", &f.Kept)
	c.String(4, "error", &f.Error)
}

// Audited is one entry: that runs were dropped.
type Audited struct {
	ID         uint64
	At         time.Time
	By         string
	Filter     expression.Value
	EndedAt    time.Time // zero: it goes on, or the engine ended meanwhile
	Runs, Kept int
	Error      string
}

// Audit is the book of what was dropped. One goroutine at a time may use it.
type Audit struct {
	clock   clock
	entries []Audited // oldest first
}

// NewAudit returns the empty book.
func NewAudit() *Audit { return &Audit{} }

// Apply folds one recorded event.
func (a *Audit) Apply(e fact.Event) error {
	if err := a.clock.follows("audit", e); err != nil {
		return err
	}
	switch f := e.Fact.(type) {
	case *DropBegan:
		a.entries = append(a.entries, Audited{ID: e.Seq, At: e.Time, By: f.By, Filter: f.Filter})
		if n := len(a.entries); n >= 2*MaxAudited {
			a.entries = slices.Clone(a.entries[n-MaxAudited:])
		}
	case *DropEnded:
		if i := slices.IndexFunc(a.entries, func(x Audited) bool { return x.ID == f.Began }); i >= 0 {
			x := &a.entries[i]
			x.EndedAt, x.Runs, x.Kept, x.Error = e.Time, f.Runs, f.Kept, f.Error
		}
	default:
		return fmt.Errorf("audit: event %d is a %T", e.Seq, f)
	}
	a.clock.applied(e)
	return nil
}

// Record takes a fact as the next event, which is applied.
func (a *Audit) Record(at time.Time, f fact.Fact) fact.Event {
	e := a.clock.event(at, f)
	if err := a.Apply(e); err != nil {
		panic("books: " + err.Error())
	}
	return e
}

// Entries returns the newest entries, newest first, at most MaxAudited.
func (a *Audit) Entries() []Audited {
	all := slices.Clone(a.entries[max(0, len(a.entries)-MaxAudited):])
	slices.Reverse(all)
	return all
}
