package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// maxHistory is how many events History returns at most.
const maxHistory = 10_000

// History returns at most limit recorded events of a run behind the one with
// number after; 0 means 1,000, and no more than 10,000 come at once.
func (e *Engine) History(ctx context.Context, run string, after uint64, limit int) ([]HistoryEvent, error) {
	switch {
	case limit <= 0:
		limit = 1000
	case limit > maxHistory:
		limit = maxHistory
	}
	reader, err := e.reader(ctx, run, after)
	if err != nil {
		return nil, err
	}
	var events []HistoryEvent
	err = reader.read(ctx, func(ev HistoryEvent) bool {
		events = append(events, ev)
		return len(events) < limit
	})
	return events, err
}

// Watch yields the recorded events of a run behind the one with number after,
// then each further one once it is in the log. It ends behind the run's last
// event, when the run is stuck, when ctx ends or when the engine stops; the
// last two are yielded as errors.
func (e *Engine) Watch(ctx context.Context, run string, after uint64) iter.Seq2[HistoryEvent, error] {
	return func(yield func(HistoryEvent, error) bool) {
		sub := e.subs.add(run, wantsAll)
		defer e.subs.remove(run, sub)
		reader, err := e.reader(ctx, run, after)
		if err != nil {
			yield(HistoryEvent{}, err)
			return
		}
		for {
			// The head is read first: what it calls the end is then in what follows.
			head, _, err := e.store.Head(ctx, run)
			if err != nil {
				yield(HistoryEvent{}, err)
				return
			}
			going := true
			if err := reader.read(ctx, func(ev HistoryEvent) bool { going = yield(ev, nil); return going }); err != nil {
				yield(HistoryEvent{}, err)
				return
			}
			if !going || head.Ended || head.Status == stuckStatus {
				return
			}
			select {
			case <-sub.bell:
			case <-ctx.Done():
				yield(HistoryEvent{}, ctx.Err())
				return
			case <-e.ctx.Done():
				yield(HistoryEvent{}, e.stopped())
				return
			}
		}
	}
}

// historyReader reads the events of a run from the log and knows where it is.
type historyReader struct {
	e       *Engine
	run     string
	record  uint64 // read whole
	after   uint64 // the last event that was yielded
	secured map[string]secure
	blind   bool // which steps are secure is not known
}

func (e *Engine) reader(ctx context.Context, run string, after uint64) (*historyReader, error) {
	if err := e.Err(); err != nil {
		return nil, err
	}
	if !isRunID(run) {
		return nil, ErrNoRun
	}
	head, ok, err := e.store.Head(ctx, run)
	if err != nil && !errors.Is(err, eventlog.ErrCorrupt) {
		return nil, err
	}
	if !ok || head.Kind != kindRun || head.Records == 0 {
		return nil, ErrNoRun
	}
	h := &historyReader{e: e, run: run, after: after}
	wf, err := e.defs.compiled(ctx, head.Digest)
	switch {
	case err == nil:
		h.secured = secureSteps(wf)
	case ctx.Err() != nil || e.ctx.Err() != nil:
		return nil, fmt.Errorf("load version %s of workflow %s: %w", head.Version, head.Workflow, err)
	default: // the run is stuck for that, and what happened is still there
		h.blind = true
	}
	return h, nil
}

// shown returns an event as the history shows it.
func (h *historyReader) shown(ev fact.Event) (HistoryEvent, error) {
	data, err := maskEvent(h.secured, h.blind, fact.ShowFields(ev.Fact))
	if err != nil {
		return HistoryEvent{}, fmt.Errorf("read run %s, event %d: %w", h.run, ev.Seq, err)
	}
	return HistoryEvent{Seq: ev.Seq, Time: ev.Time, Type: fact.NameOf(ev.Fact), Data: data}, nil
}

// read hands what is recorded and was not handed out yet to f until f returns
// false.
func (h *historyReader) read(ctx context.Context, f func(HistoryEvent) bool) error {
	for rec, err := range h.e.store.Read(ctx, h.run, h.record) {
		if err != nil {
			return fmt.Errorf("read run %s: %w", h.run, err)
		}
		events, err := fact.DecodeTurn(rec.Data, interpreter.Facts)
		if err != nil {
			return fmt.Errorf("read run %s, record %d: %w", h.run, rec.Seq, err)
		}
		for _, ev := range events {
			if ev.Seq <= h.after {
				continue
			}
			out, err := h.shown(ev)
			if err != nil {
				return err
			}
			h.after = ev.Seq
			if !f(out) {
				return nil
			}
		}
		h.record = rec.Seq
	}
	return nil
}
