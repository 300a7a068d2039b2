package engine

import (
	"context"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// LimitStatus is a limit as it stands: of a connection, of the environment
// under a name, or of a workflow.
type LimitStatus struct {
	Kind     string // connection, limit or workflow
	Name     string
	Parallel int           // 0: any number
	Count    int           // calls within Per; 0: any number
	Per      time.Duration // of Count

	Calls        int // under way
	WaitingCalls int
	Runs         int // that hold a slot
	WaitingRuns  int
	Keys         int // of a workflow: those under which a run holds or waits
}

// Limits returns the limits of the environment, then those of the active
// workflows.
func (e *Engine) Limits(ctx context.Context) ([]LimitStatus, error) {
	all := e.calls.status()
	e.defs.mu.RLock()
	actives := e.defs.book.Actives()
	e.defs.mu.RUnlock()
	for _, def := range actives {
		wf, err := e.defs.compiled(ctx, def.Digest)
		if err != nil {
			return nil, err
		}
		c := wf.Concurrency
		if c == nil || c.Named != "" {
			continue
		}
		s := LimitStatus{Kind: "workflow", Name: wf.Name, Parallel: c.Limit}
		err = e.shelf.ask(ctx, interpreter.LimitBook(wf), func(m bookMachine) {
			l := m.(*books.Limit)
			for _, key := range l.Keys() {
				s.Keys++
				s.Runs += len(l.Holders(key))
				s.WaitingRuns += len(l.Waiting(key))
			}
		})
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// status returns the lanes as they stand.
func (d *dispatcher) status() []LimitStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []LimitStatus{}
	for _, l := range d.all[1:] {
		kind, name, _ := strings.Cut(l.name, " ")
		s := LimitStatus{
			Kind: kind, Name: name, Parallel: l.parallel, Count: l.window.rate.Count, Per: l.window.rate.Per,
			Calls: l.taken - len(l.holders), WaitingCalls: l.queue.count, Runs: len(l.holders), WaitingRuns: l.waiting,
		}
		for _, h := range l.holders {
			if h.under != nil {
				s.Calls++
			}
		}
		all = append(all, s)
	}
	return all
}
