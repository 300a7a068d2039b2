package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
	"github.com/keelstep/keelstep/pkg/runfile"
)

// ExportFilter says which runs are exported: those to which all of it applies.
type ExportFilter struct {
	Workflow string
	Parent   string // the run, or the stream of the trigger, that started them
	Statuses []string
}

// Exported is what an export wrote.
type Exported struct {
	Runs int
	// Left is the runs that could not be read, with the reason.
	Left []LeftRun
}

// LeftRun is a run that an export or an import left out.
type LeftRun struct{ Run, Reason string }

// maxLeft bounds a list of runs that were left out.
const maxLeft = 1000

// exporter is one export at work.
type exporter struct {
	e       *Engine
	out     *runfile.Writer
	written map[string]bool // definitions, by digest
	done    Exported
}

// Export writes the runs that f lets through to w, in the order of their IDs,
// in the form of pkg/runfile: their definitions, payloads, records and the
// messages that wait for them. Values are as the log has them: what is sealed
// stays sealed, and what a step marked secure keeps out of views stands in the
// records. Each run is as it was at one moment; one that moves all the time,
// or cannot be read, is left out and named.
func (e *Engine) Export(ctx context.Context, w io.Writer, source runfile.Source, f ExportFilter) (Exported, error) {
	if err := e.Err(); err != nil {
		return Exported{}, err
	}
	out, err := runfile.NewWriter(w, source)
	if err != nil {
		return Exported{}, err
	}
	x := exporter{e: e, out: out, written: map[string]bool{}}
	filter := eventlog.Filter{Kind: kindRun, Workflow: f.Workflow, Statuses: f.Statuses, Oldest: true}
	if f.Parent != "" {
		filter.Key = parentKey + f.Parent
	}
	for s, err := range e.store.List(ctx, filter) {
		switch {
		case errors.Is(err, eventlog.ErrCorrupt):
			x.left(s.Stream, err)
			continue
		case err != nil:
			return x.done, err
		case !isRunID(s.Stream) || s.Records == 0:
			continue
		}
		if err := x.run(ctx, s.Stream); err != nil {
			return x.done, fmt.Errorf("export run %s: %w", s.Stream, err)
		}
	}
	return x.done, out.End()
}

func (x *exporter) left(run string, why error) {
	if len(x.done.Left) < maxLeft {
		x.done.Left = append(x.done.Left, LeftRun{run, why.Error()})
	}
	x.e.log.Warn("run not exported", "run", run, "error", why)
}

// moment is a run as it was at one moment, but for its records, which stay.
type moment struct {
	head     eventlog.Summary
	document json.RawMessage
	inbox    []eventlog.Message
}

// errMoves: a run was never still.
var errMoves = errors.New("it moves all the time: suspend it, or stop the engine, and export again")

// run writes one run.
func (x *exporter) run(ctx context.Context, id string) error {
	m, err := x.look(ctx, id)
	switch {
	case errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, eventlog.ErrNotFound), errors.Is(err, fact.ErrFormat), errors.Is(err, errMoves):
		x.left(id, err)
		return nil
	case err != nil:
		return err
	}
	if !x.written[m.head.Digest] {
		x.written[m.head.Digest] = true
		d := runfile.Definition{Workflow: m.head.Workflow, Version: m.head.Version, Digest: m.head.Digest, Document: m.document}
		if err := x.out.Definition(d); err != nil {
			return err
		}
	}
	if err := x.out.Run(runfile.RunOf(m.head)); err != nil {
		return err
	}
	if err := x.turns(ctx, m); err != nil {
		return err
	}
	for _, msg := range m.inbox {
		err := x.out.Message(runfile.Message{Sender: msg.ID.Sender, Seq: msg.ID.Seq, Outside: msg.Outside, Data: msg.Body})
		if err != nil {
			return err
		}
	}
	x.done.Runs++
	return nil
}

// look reads a run once, so that nothing is written of one that cannot be
// read, and what waits for it at the moment of its head.
func (x *exporter) look(ctx context.Context, id string) (m moment, err error) {
	for range 5 {
		head, ok, err := x.e.store.Head(ctx, id)
		if err != nil || !ok {
			return m, errors.Join(err, ctx.Err())
		}
		m = moment{head: head}
		if m.document, err = x.document(ctx, head); err != nil {
			return m, err
		}
		for rec, err := range x.e.store.Read(ctx, id, 0) {
			if err != nil {
				return m, err
			}
			if rec.Seq > head.Records {
				break
			}
			if err := x.named(ctx, map[[32]byte]bool{}, rec.Data, func(eventlog.Payload) error { return nil }); err != nil {
				return m, err
			}
		}
		for msg, err := range x.e.store.Inbox(ctx, id) {
			if err != nil {
				return m, err
			}
			m.inbox = append(m.inbox, msg)
		}
		now, ok, err := x.e.store.Head(ctx, id)
		if err != nil {
			return m, err
		}
		if ok && now.Records == head.Records && now.Cut == head.Cut && now.Inbox == len(m.inbox) && head.Inbox == now.Inbox && now.Status == head.Status {
			return m, nil
		}
	}
	return m, errMoves
}

// document returns the definition of a run.
func (x *exporter) document(ctx context.Context, head eventlog.Summary) (json.RawMessage, error) {
	if x.written[head.Digest] {
		return nil, nil
	}
	x.e.defs.mu.RLock()
	def, ok := x.e.defs.book.Digest(head.Digest)
	x.e.defs.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("%w: its definition %s is not there", eventlog.ErrNotFound, head.Digest)
	}
	return wholeOf(ctx, x.e.store, def.Document)
}

// turns writes the records of a run, each behind the payloads that it is the
// first to name.
func (x *exporter) turns(ctx context.Context, m moment) error {
	secured := map[string]secure(nil)
	wf, err := x.e.defs.compiled(ctx, m.head.Digest)
	if err == nil {
		secured = secureSteps(wf)
	}
	shows := historyReader{e: x.e, run: m.head.Stream, secured: secured, blind: err != nil}
	seen := map[[32]byte]bool{}
	for rec, err := range x.e.store.Read(ctx, m.head.Stream, 0) {
		if err != nil {
			return err
		}
		if rec.Seq > m.head.Records {
			break
		}
		if err := x.named(ctx, seen, rec.Data, x.out.Payload); err != nil {
			return err
		}
		facts, err := shows.facts(rec.Data)
		if err != nil {
			return err
		}
		if err := x.out.Turn(runfile.Turn{Record: rec.Seq, At: rec.At.UTC(), Facts: facts, Data: rec.Data}); err != nil {
			return err
		}
	}
	return nil
}

// facts returns what a record says, as the history shows it; nothing when that
// cannot be told.
func (h *historyReader) facts(record []byte) (json.RawMessage, error) {
	events, err := fact.DecodeTurn(record, interpreter.Facts)
	if err != nil {
		return nil, nil //nolint:nilerr // the record itself is what counts
	}
	out := make([]HistoryEvent, 0, len(events))
	for _, ev := range events {
		x, err := h.shown(ev)
		if err != nil {
			return nil, err
		}
		x.Time = x.Time.UTC()
		out = append(out, x)
	}
	return json.Marshal(out)
}

// named hands each payload to f that b names and that was not seen, lists of
// pages with their pages behind them. Bytes that look like the name of one and
// are not are passed over.
func (x *exporter) named(ctx context.Context, seen map[[32]byte]bool, b []byte, f func(eventlog.Payload) error) error {
	for h := range fact.Names(b) {
		if seen[h] {
			continue
		}
		seen[h] = true
		bytes, err := x.e.store.Get(ctx, h)
		if errors.Is(err, eventlog.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := f(eventlog.Payload{Hash: h, Bytes: bytes}); err != nil {
			return err
		}
		if fact.IsPageList(bytes) {
			if err := x.named(ctx, seen, bytes, f); err != nil {
				return err
			}
		}
	}
	return nil
}
