package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
	"github.com/keelstep/keelstep/pkg/runfile"
)

// ImportOptions says what of a file is taken.
type ImportOptions struct {
	// SkipExisting passes over runs that are here already; else the first of
	// them ends the import.
	SkipExisting bool
	// Open takes runs that have not ended, too: they go on here. Where they come
	// from they must not.
	Open bool
}

// Imported is what an import took.
type Imported struct {
	Runs int
	Open int // of them, how many have not ended and go on here
	// Existing is how many runs were here, NotEnded how many had not ended and
	// were not asked for.
	Existing, NotEnded int
}

// kindImport is the kind of a stream that is being imported: nobody lists it,
// or goes on with it.
const kindImport = "import"

// The bounds of one write of an import.
const (
	importBytes   = 512 << 10
	importRecords = 500
)

// importer is one import at work.
type importer struct {
	e    *Engine
	o    ImportOptions
	line int
	done Imported

	run     *runfile.Run // that is taken; nil: it is passed over
	flow    *graph.Workflow
	machine *interpreter.Machine // nil: of a run that is stuck
	batches []eventlog.Batch
	size    int
	inbox   []eventlog.Message
	staged  bool // something of the run is in the log
}

// Import reads runs that Export wrote, and their definitions, which become
// versions beside the active ones. Runs keep their IDs; each is there whole or
// not at all. The first line that does not hold ends the import with a
// *runfile.Error; the runs before it stay.
//
// A run that has not ended is refused when others keep something of it that
// its own records do not have: a place in a limit, a match of events, a caller
// or a child.
func (e *Engine) Import(ctx context.Context, from io.Reader, o ImportOptions) (Imported, error) {
	if err := e.ready(); err != nil && !e.opts.Still {
		return Imported{}, err
	}
	m := importer{e: e, o: o}
	in := runfile.NewReader(from)
	for {
		l, err := in.Next()
		if errors.Is(err, io.EOF) {
			return m.done, nil
		}
		m.line = l.Number
		if err == nil {
			err = m.take(ctx, &l)
		}
		if err != nil {
			return m.done, errors.Join(err, m.drop(ctx))
		}
	}
}

// take does what a line says.
func (m *importer) take(ctx context.Context, l *runfile.Line) error {
	switch {
	case l.Definition != nil:
		return errors.Join(m.finish(ctx), m.definition(ctx, l.Definition))
	case l.Run != nil:
		if err := m.finish(ctx); err != nil {
			return err
		}
		return m.begin(ctx, l.Run)
	case l.End != nil:
		return m.finish(ctx)
	case m.run == nil: // of a run that is passed over, or the header
		return nil
	case l.Payload != nil:
		return m.e.appendErr(m.e.store.Put(ctx, *l.Payload))
	case l.Turn != nil:
		return m.turn(ctx, l.Turn)
	case l.Message != nil:
		m.inbox = append(m.inbox, eventlog.Message{
			ID:   eventlog.MessageID{Sender: l.Message.Sender, Seq: l.Message.Seq, Receiver: m.run.Run},
			Body: l.Message.Data, Outside: l.Message.Outside,
		})
	}
	return nil
}

// no is the error of a line that is sound and cannot be taken here.
func (m *importer) no(format string, args ...any) error {
	return &runfile.Error{Line: m.line, Why: fmt.Sprintf(format, args...)}
}

// definition keeps a version of a workflow that is not here.
func (m *importer) definition(ctx context.Context, d *runfile.Definition) error {
	e := m.e
	e.defs.mu.RLock()
	_, known := e.defs.book.Digest(d.Digest)
	e.defs.mu.RUnlock()
	if known {
		return nil
	}
	wf, err := dsl.Load(d.Document, e.catalog)
	if err != nil {
		return m.no("version %s of workflow %s cannot be used here: %s", d.Version, d.Workflow, err)
	}
	if wf.Digest != d.Digest || wf.Name != d.Workflow || wf.Version != d.Version {
		return m.no("the document is not version %s of workflow %s; export the runs again", d.Version, d.Workflow)
	}
	document, payloads := expression.Pack(wf.Document)
	if err := e.appendErr(e.putPayloads(payloads)); err != nil {
		return err
	}
	err = e.keepAside(ctx, wf, document)
	if errors.Is(err, ErrVersionTaken) {
		return m.no("%s", err)
	}
	return err
}

// begin looks whether a run is taken.
func (m *importer) begin(ctx context.Context, r *runfile.Run) error {
	if !isRunID(r.Run) {
		return m.no("%q is no ID of a run; export the runs again", r.Run)
	}
	head, ok, err := m.e.store.Head(ctx, r.Run)
	switch {
	case err != nil && !errors.Is(err, eventlog.ErrCorrupt):
		return err
	case ok && head.Kind == kindImport:
		// An import that was cut off left it.
		if err := m.purge(ctx, r.Run); err != nil {
			return err
		}
	case (ok || err != nil) && m.o.SkipExisting:
		m.done.Existing++
		return nil
	case ok || err != nil:
		return m.no("run %s is here already; pass over such runs with --skip-existing", r.Run)
	}
	if !r.Ended && !m.o.Open {
		m.done.NotEnded++
		return nil
	}
	if m.flow, err = m.e.defs.compiled(ctx, r.Digest); err != nil {
		return m.no("version %s of workflow %s is not in the file and not here: %s", r.Version, r.Workflow, err)
	}
	m.run, m.machine = r, interpreter.New(m.flow)
	if stuck(r) {
		m.machine = nil
	}
	m.batches, m.size, m.inbox, m.staged = nil, 0, nil, false
	return nil
}

// stuck reports whether a run's summary says more than its records do.
func stuck(r *runfile.Run) bool { return r.Status == stuckStatus || r.Ended && r.Reason != "" }

// turn takes a record of the run.
func (m *importer) turn(ctx context.Context, t *runfile.Turn) error {
	if m.machine != nil {
		events, err := fact.DecodeTurn(t.Data, interpreter.Facts)
		if err == nil {
			err = guard(func() error {
				for _, ev := range events {
					if err := m.machine.Fold(ev); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			return m.no("record %d of run %s does not fit: %s; export the runs again", t.Record, m.run.Run, err)
		}
	}
	first := t.Record == m.run.Cut+1
	for i := uint64(0); first && i < m.run.Cut; i++ { // what was dropped is dropped here too
		if err := m.add(ctx, eventlog.Batch{After: i, Record: []byte{0}, At: t.At}); err != nil {
			return err
		}
	}
	b := eventlog.Batch{After: t.Record - 1, Record: t.Data, At: t.At}
	if first {
		b.Cut = m.run.Cut
	}
	return m.add(ctx, b)
}

// add puts a record aside and writes those that have come together.
func (m *importer) add(ctx context.Context, b eventlog.Batch) error {
	b.Stream = m.run.Run
	if len(m.batches) == 0 && !m.staged {
		b.Summary = &eventlog.Summary{Stream: m.run.Run, Kind: kindImport, Ended: true}
	}
	m.batches = append(m.batches, b)
	if m.size += len(b.Record); m.size < importBytes && len(m.batches) < importRecords {
		return nil
	}
	return m.flush(ctx)
}

func (m *importer) flush(ctx context.Context) error {
	if len(m.batches) == 0 {
		return nil
	}
	m.staged = true
	err := m.e.appendErr(m.e.store.Append(ctx, m.batches...))
	m.batches, m.size = nil, 0
	return err
}

// finish makes the run at hand one of this engine, with the last of its
// records, and has it go on.
func (m *importer) finish(ctx context.Context) error {
	r := m.run
	if r == nil {
		return nil
	}
	if err := m.fits(); err != nil {
		return err
	}
	sum := r.Summary(kindRun)
	last := len(m.batches) - 1
	if last < 0 { // all of them are in the log
		m.batches = []eventlog.Batch{{Stream: r.Run}}
		last = 0
	}
	m.batches[last].Summary, m.batches[last].Send = &sum, m.inbox
	if err := m.flush(ctx); err != nil {
		return err
	}
	m.run = nil
	m.done.Runs++
	if r.Ended {
		return nil
	}
	m.done.Open++
	if m.e.opts.Still || r.Status == stuckStatus {
		return nil
	}
	sum.Inbox = len(m.inbox)
	if !sleeps(sum, m.e.clock.Now()) {
		m.e.runs.deliver(r.Run, mail{inbox: sum.Inbox > 0})
	} else if !sum.WakeAt.IsZero() {
		m.e.timers.set(r.Run, wake, sum.WakeAt)
	}
	return nil
}

// fits compares a run's line with what its records say.
func (m *importer) fits() error {
	r := m.run
	if m.machine == nil {
		return nil
	}
	id, workflow, version, digest, _ := m.machine.Started()
	if id != r.Run || workflow != r.Workflow || version != r.Version || digest != r.Digest ||
		m.machine.Status().String() != r.Status || m.machine.Ended() != r.Ended {
		return m.no("the records of run %s are of run %s of %s %s, which is %s; export the runs again", r.Run, id, workflow, version, m.machine.Status())
	}
	ties := m.machine.Ties()
	var kept []string
	if ties.Slot {
		kept = append(kept, "a limit counts it")
	}
	if ties.Events {
		kept = append(kept, "it waits, or has waited, for events")
	}
	if ties.Parent != "" {
		kept = append(kept, "run "+ties.Parent+" waits for it")
	}
	if len(ties.Children) > 0 {
		kept = append(kept, "it has called run "+ties.Children[0])
	}
	if len(kept) > 0 {
		return m.no("run %s cannot go on elsewhere: %s; let it end where it is, and export it then", r.Run, strings.Join(kept, ", "))
	}
	return nil
}

// drop takes back what was written of a run that was not finished.
func (m *importer) drop(ctx context.Context) error {
	if m.run == nil || !m.staged {
		return nil
	}
	return m.purge(context.WithoutCancel(ctx), m.run.Run)
}

func (m *importer) purge(ctx context.Context, run string) error {
	store, ok := m.e.store.(eventlog.Purger)
	if !ok {
		return nil
	}
	if err := store.Purge(ctx, run); err != nil {
		return fmt.Errorf("take back what was imported of run %s: %w", run, err)
	}
	return nil
}

// keepAside records a version of a workflow without making it the active one.
func (e *Engine) keepAside(ctx context.Context, wf *graph.Workflow, document expression.Value) error {
	d := e.defs
	d.mu.Lock()
	defer d.mu.Unlock()
	turn := d.book.Decide(e.clock.Now(), books.Deploy{
		Workflow: wf.Name, Version: wf.Version, Digest: wf.Digest, Document: document, Triggers: triggersOf(wf), Timed: timedOf(wf),
		Aside: true,
	})
	if len(turn.Refused) > 0 {
		return refusedDeploy(turn.Refused[0])
	}
	if len(turn.Events) == 0 {
		return nil
	}
	if err := e.appendErr(d.append(ctx, turn, nil)); err != nil {
		return err
	}
	d.keep(wf)
	e.log.Info("workflow kept for imported runs", "workflow", wf.Name, "version", wf.Version)
	return nil
}
