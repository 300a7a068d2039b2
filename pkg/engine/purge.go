package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/eventlog"
)

// ErrNoPurge means that the store cannot drop runs.
var ErrNoPurge = errors.New("this store keeps all runs")

// PurgeFilter says which runs are dropped: those that ended and to which all of
// it applies. The zero value means all that ended.
type PurgeFilter struct {
	Runs              []string // no others than these
	Workflow, Version string
	Statuses          []string
	EndedBefore       time.Time // zero: whenever
	Error             string    // the code of the error that they ended with
	Attributes        map[string]string
	// By is who asks for it, for the audit.
	By string
	// DryRun counts and drops nothing.
	DryRun bool
	// Cursor goes on where the last call stopped.
	Cursor string
	// Limit is how many runs one call drops or counts at most; 0: 5,000.
	Limit int
}

// Purged is what a purge did, or would have done.
type Purged struct {
	Runs int
	// KeptFamily is runs that stay although the filter lets them through: the
	// one that called them is open, or one that they called.
	KeptFamily int
	// Cursor goes on from here; empty: nothing is left.
	Cursor string
}

// The bounds of one call and of one step of it.
const (
	maxPurge  = 5000
	purgeLook = 200_000 // runs that one call looks at
	purgeStep = 100     // runs that are dropped in one go
	purgeRest = 10 * time.Millisecond
)

// Purge drops runs that ended, with all they recorded; what they did to others
// stays done. Runs that go on, sleep or are stuck stay, and so does a run whose
// caller, or one of whose children, is open. It is bounded: call it with the
// cursor it returned until there is none. What it dropped is dropped for good;
// one that was cut off is done again. Droppings has an entry of it before the
// first run goes.
//
// The name of a run that is gone is free: a start with its idempotency key is a
// new run.
func (e *Engine) Purge(ctx context.Context, f PurgeFilter) (Purged, error) {
	if err := e.ready(); err != nil && !f.DryRun && !e.opts.Still {
		return Purged{}, err
	}
	p, err := e.newPurge(ctx)
	if err != nil {
		return Purged{}, err
	}
	p.filter, p.dry = f, f.DryRun
	p.limit = cmp.Or(f.Limit, maxPurge)
	err = p.run(ctx)
	p.conclude(ctx, err)
	if p.done.Runs > 0 && !f.DryRun {
		e.log.Info("runs purged", "runs", p.done.Runs, "workflow", f.Workflow, "version", f.Version,
			"statuses", strings.Join(f.Statuses, ","), "endedBefore", f.EndedBefore, "named", len(f.Runs))
	}
	return p.done, err
}

// purge is one purge at work.
type purge struct {
	e      *Engine
	store  eventlog.Purger
	filter PurgeFilter
	ages   *config.Retention // drops by age instead
	now    time.Time
	dry    bool
	limit  int
	rest   func(context.Context) error // between two steps; nil: none

	parents map[string]bool // of runs that are open
	next    []string        // to be dropped
	noted   uint64          // its entry in the audit; 0: there is none yet
	done    Purged
}

func (e *Engine) newPurge(ctx context.Context) (*purge, error) {
	store, ok := e.store.(eventlog.Purger)
	if !ok {
		return nil, ErrNoPurge
	}
	p := &purge{e: e, store: store, now: e.clock.Now(), parents: map[string]bool{}}
	for s, err := range e.store.List(ctx, eventlog.Filter{Kind: kindRun, Open: true}) {
		if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
			return nil, fmt.Errorf("list the open runs: %w", err)
		}
		if parent := parentOf(s); err == nil && parent != "" {
			p.parents[parent] = true
		}
	}
	return p, nil
}

// parentOf returns the run that called a run, empty when none did.
func parentOf(s eventlog.Summary) string {
	for _, k := range s.Keys {
		if parent, ok := strings.CutPrefix(k, parentKey); ok && isRunID(parent) {
			return parent
		}
	}
	return ""
}

// run looks at runs, oldest first, until the limit is reached or none is left.
func (p *purge) run(ctx context.Context) error {
	if len(p.filter.Runs) > 0 {
		return p.named(ctx)
	}
	looked, cursor := 0, p.filter.Cursor
	for {
		n := 0
		f := eventlog.Filter{
			Kind: kindRun, Workflow: p.filter.Workflow, Statuses: p.filter.Statuses, Before: cursor, Oldest: true, Limit: 1000,
		}
		for s, err := range p.e.store.List(ctx, f) {
			if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
				return fmt.Errorf("list the runs: %w", err)
			}
			n++
			cursor = s.Stream
			if err != nil || !isRunID(s.Stream) {
				continue
			}
			if err := p.consider(ctx, s); err != nil {
				return err
			}
			if p.done.Runs+len(p.next) >= p.limit {
				break
			}
		}
		looked += n
		switch full := p.done.Runs+len(p.next) >= p.limit; {
		case !full && n < 1000:
			return p.flush(ctx)
		case full || looked >= purgeLook:
			p.done.Cursor = cursor
			return p.flush(ctx)
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
	}
}

// named considers the runs that the filter names.
func (p *purge) named(ctx context.Context) error {
	seen := map[string]bool{}
	for _, run := range p.filter.Runs {
		if !isRunID(run) || seen[run] {
			continue
		}
		seen[run] = true
		s, ok, err := p.e.store.Head(ctx, run)
		switch {
		case err != nil:
			return fmt.Errorf("read the head of run %s: %w", run, err)
		case !ok || s.Kind != kindRun,
			p.filter.Workflow != "" && s.Workflow != p.filter.Workflow,
			len(p.filter.Statuses) > 0 && !slices.Contains(p.filter.Statuses, s.Status):
			continue
		}
		if err := p.consider(ctx, s); err != nil {
			return err
		}
	}
	return p.flush(ctx)
}

// consider drops a run if it is to go.
func (p *purge) consider(ctx context.Context, s eventlog.Summary) error {
	if !p.goes(s) {
		return nil
	}
	kept, err := p.family(ctx, s)
	switch {
	case err != nil:
		return err
	case kept:
		p.done.KeptFamily++
		return nil
	}
	if p.next = append(p.next, s.Stream); len(p.next) < purgeStep {
		return nil
	}
	return p.flush(ctx)
}

// goes tells whether a run is one of those that are dropped.
func (p *purge) goes(s eventlog.Summary) bool {
	f := &p.filter
	switch {
	case s.Open() || !slices.Contains(config.RetentionStatuses, s.Status) || s.EndedAt.IsZero():
		return false
	case p.ages != nil:
		age := p.ages.Age(s.Workflow, s.Status)
		return age != config.Never && p.now.Sub(s.EndedAt) >= age
	case f.Version != "" && s.Version != f.Version,
		f.Error != "" && s.Error != f.Error,
		!f.EndedBefore.IsZero() && !s.EndedAt.Before(f.EndedBefore):
		return false
	}
	for name, value := range f.Attributes {
		if !slices.Contains(s.Attributes, eventlog.Attribute{Name: name, Value: value}) {
			return false
		}
	}
	return true
}

// family tells whether somebody may still ask for a run: the run that called
// it, or one that it called.
func (p *purge) family(ctx context.Context, s eventlog.Summary) (kept bool, err error) {
	if p.parents[s.Stream] {
		return true, nil
	}
	parent := parentOf(s)
	if parent == "" {
		return false, nil
	}
	head, ok, err := p.e.store.Head(ctx, parent)
	if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
		return false, fmt.Errorf("read the head of run %s: %w", parent, err)
	}
	return err != nil || ok && head.Open(), nil
}

// flush drops what was considered so far.
func (p *purge) flush(ctx context.Context) error {
	runs := p.next
	p.next = nil
	if p.dry || len(runs) == 0 {
		p.done.Runs += len(runs)
		return nil
	}
	if err := p.announce(ctx); err != nil {
		return err
	}
	err := p.store.Purge(ctx, runs...)
	if errors.Is(err, eventlog.ErrOpen) { // a message came for one of them
		for _, run := range runs {
			if err = p.store.Purge(ctx, run); err == nil {
				p.dropped(run)
			} else if !errors.Is(err, eventlog.ErrOpen) {
				return p.e.appendErr(err)
			}
		}
		return p.pause(ctx)
	}
	if err != nil {
		return p.e.appendErr(err)
	}
	p.dropped(runs...)
	return p.pause(ctx)
}

// dropped forgets runs that are gone.
func (p *purge) dropped(runs ...string) {
	p.done.Runs += len(runs)
	for _, run := range runs {
		p.e.views.drop(run)
	}
}

func (p *purge) pause(ctx context.Context) error {
	if p.rest == nil {
		return ctx.Err()
	}
	return p.rest(ctx)
}
