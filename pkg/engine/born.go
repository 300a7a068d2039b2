package engine

import (
	"errors"
	"fmt"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// born makes the machine of a run that has no records yet and whose start
// waits in its inbox. Messages for a run that was never started are taken out
// of the log: its start was refused.
func (r *run) born() error {
	start, err := r.startMessage()
	if err != nil {
		return err
	}
	r.summary.Kind, r.summary.StartedAt = kindRun, r.e.clock.Now()
	r.summary.Workflow, r.summary.Version, r.summary.Digest = start.Workflow, start.Version, start.Digest
	r.summary.Status = graph.Pending.String()
	if len(r.settled) > 0 || r.e.untried.has(r.id) {
		if err := r.countAttempt(); err != nil {
			return err
		}
	}
	r.flow, err = r.e.defs.compiled(r.e.ctx, start.Digest)
	if err != nil {
		return &stuckError{ReasonCorrupt, fmt.Errorf("load version %s of workflow %s: %w", start.Version, start.Workflow, err)}
	}
	r.machine, r.records, r.inbox = interpreter.New(r.flow), 0, true
	return nil
}

// startMessage returns the start that stands first in the run's inbox. The
// error is ErrNoRun when there is none.
func (r *run) startMessage() (fact.Start, error) {
	var stray []eventlog.MessageID
	for msg, err := range r.e.store.Inbox(r.e.ctx, r.id) {
		if err != nil {
			if errors.Is(err, eventlog.ErrCorrupt) {
				err = &stuckError{ReasonCorrupt, err}
			}
			return fact.Start{}, err
		}
		x, err := fact.DecodeMail(msg.Body)
		if err != nil {
			return fact.Start{}, &stuckError{ReasonCorrupt, err}
		}
		if start, ok := x.(fact.Start); ok {
			return start, nil
		}
		stray = append(stray, msg.ID)
	}
	if len(stray) > 0 && !r.e.opts.Still {
		if err := r.e.store.Append(r.e.ctx, eventlog.Batch{Stream: r.id, Took: stray}); err != nil {
			return fact.Start{}, err
		}
	}
	return fact.Start{}, ErrNoRun
}
