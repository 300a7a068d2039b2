package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// auditStream is the stream of the book of what was dropped.
const auditStream = "book/audit"

// audit is that book. It is read when it is needed first.
type audit struct {
	e *Engine

	mu      sync.Mutex
	book    *books.Audit // nil: not read
	records uint64
}

// Dropping is an entry of the audit: runs that were dropped for good.
type Dropping struct {
	ID uint64
	At time.Time
	By string
	// Filter is which runs were meant, as JSON.
	Filter  json.RawMessage
	EndedAt time.Time // zero: it goes on, or the engine ended before it did
	Runs    int       // dropped
	Kept    int       // meant, and kept because of a caller or a child
	Error   string    // why it was cut off; empty: it was not
}

// Droppings returns the newest entries of the audit, newest first, at most so
// many. There are books.MaxAudited of them.
func (e *Engine) Droppings(ctx context.Context, limit int) ([]Dropping, error) {
	e.audit.mu.Lock()
	defer e.audit.mu.Unlock()
	if err := e.audit.load(ctx); err != nil {
		return nil, err
	}
	entries := e.audit.book.Entries()
	all := make([]Dropping, min(limit, len(entries)))
	for i := range all {
		x := entries[i]
		filter, err := json.Marshal(x.Filter)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the audit: %w", x.ID, err)
		}
		all[i] = Dropping{
			ID: x.ID, At: x.At, By: x.By, Filter: filter, EndedAt: x.EndedAt, Runs: x.Runs, Kept: x.Kept, Error: x.Error,
		}
	}
	return all, nil
}

// load reads the book unless it is in memory. The caller holds the lock.
func (a *audit) load(ctx context.Context) error {
	if a.book != nil {
		return nil
	}
	book, records := books.NewAudit(), uint64(0)
	for rec, err := range a.e.store.Read(ctx, auditStream, 0) {
		if err != nil {
			return fmt.Errorf("read the audit: %w", err)
		}
		events, err := fact.DecodeTurn(rec.Data, books.AuditFacts)
		if err != nil {
			return fmt.Errorf("read the audit: record %d: %w", rec.Seq, err)
		}
		for _, ev := range events {
			if err := book.Apply(ev); err != nil {
				return fmt.Errorf("read the audit: record %d: %w", rec.Seq, err)
			}
		}
		records = rec.Seq
	}
	a.book, a.records = book, records
	return nil
}

// record writes an entry, or the end of one, and returns its number.
func (a *audit) record(ctx context.Context, f fact.Fact) (id uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.load(ctx); err != nil {
		return 0, err
	}
	ev := a.book.Record(a.e.clock.Now(), f)
	err = a.e.store.Append(context.WithoutCancel(ctx), eventlog.Batch{
		Stream: auditStream, After: a.records, Record: fact.EncodeTurn([]fact.Event{ev}), At: ev.Time,
		Summary: &eventlog.Summary{Stream: auditStream, Kind: kindBook, Ended: true},
	})
	if err != nil {
		a.book = nil // it has gone ahead of the log
		return 0, a.e.appendErr(err)
	}
	a.records++
	return ev.Seq, nil
}

// announce notes that runs are about to go, before the first of them does.
func (p *purge) announce(ctx context.Context) error {
	if p.noted != 0 {
		return nil
	}
	filter, err := json.Marshal(p.asked())
	if err == nil {
		p.noted, err = p.e.audit.record(ctx, &books.DropBegan{By: p.filter.By, Filter: expression.Raw(filter)})
	}
	return err
}

// conclude notes what came of it. What cannot be noted is logged: the runs are
// gone, and that they were about to go is in the audit.
func (p *purge) conclude(ctx context.Context, err error) {
	if p.noted == 0 {
		return
	}
	f := &books.DropEnded{Began: p.noted, Runs: p.done.Runs, Kept: p.done.KeptFamily}
	if err != nil {
		f.Error = clip(err.Error(), maxName)
	}
	if _, err := p.e.audit.record(ctx, f); err != nil && !errors.Is(err, ErrStopping) {
		p.e.log.Warn("end of a purge not noted", "purge", p.noted, "error", err)
	}
}

// asked is the filter of a purge as the audit shows it.
func (p *purge) asked() map[string]any {
	f, out := &p.filter, map[string]any{}
	set := func(name string, value any, there bool) {
		if there {
			out[name] = value
		}
	}
	set("runs", f.Runs, len(f.Runs) > 0)
	set("workflow", f.Workflow, f.Workflow != "")
	set("version", f.Version, f.Version != "")
	set("status", f.Statuses, len(f.Statuses) > 0)
	set("endedBefore", f.EndedBefore.UTC(), !f.EndedBefore.IsZero())
	set("error", f.Error, f.Error != "")
	set("attributes", f.Attributes, len(f.Attributes) > 0)
	switch {
	case p.ages != nil:
		return map[string]any{"ages": agesOf(p.ages)}
	case len(out) == 0:
		return map[string]any{"all": true}
	}
	return out
}

// agesOf is how long runs are kept, as rules.
func agesOf(r *config.Retention) map[string]string {
	out := map[string]string{}
	for _, workflow := range slices.Concat([]string{""}, slices.Sorted(maps.Keys(r.Workflows))) {
		for _, status := range config.RetentionStatuses {
			name := status
			if workflow != "" {
				if name = workflow + "/" + status; r.Age(workflow, status) == r.Age("", status) {
					continue
				}
			}
			out[name] = "never"
			if age := r.Age(workflow, status); age != config.Never {
				out[name] = expression.FormatDuration(age)
			}
		}
	}
	return out
}
