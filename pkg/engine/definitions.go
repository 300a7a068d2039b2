package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// ErrRouteTaken means that another workflow has an http trigger of that method and path.
var ErrRouteTaken = errors.New("another workflow has this route")

// definitionsStream is the stream of the book of definitions.
const definitionsStream = "book/definitions"

// maxCompiled is how many compiled workflows are kept; runs in memory keep
// theirs beyond that.
const maxCompiled = 256

// definitions is the book of accepted definitions and what was compiled of it.
type definitions struct {
	store      eventlog.Store
	catalog    *catalog
	generation atomic.Uint64

	mu      sync.RWMutex // held for writing while a deploy is under way
	book    *books.Definitions
	records uint64

	flowsMu sync.RWMutex
	flows   map[string]*graph.Workflow // by digest
	order   []string                   // of flows, oldest first
	loading sync.Mutex                 // one document is compiled at a time

	calleesMu sync.Mutex
	callees   map[string]knownCallee // by the workflow's name; at most one each
}

func openDefinitions(ctx context.Context, store eventlog.Store, c *catalog) (*definitions, error) {
	d := &definitions{store: store, catalog: c, flows: make(map[string]*graph.Workflow)}
	return d, d.read(ctx)
}

// read folds the book from the log.
func (d *definitions) read(ctx context.Context) error {
	book, records := books.NewDefinitions(), uint64(0)
	for rec, err := range d.store.Read(ctx, definitionsStream, 0) {
		if err != nil {
			return err
		}
		events, err := fact.DecodeTurn(rec.Data, books.DefinitionFacts)
		if err != nil {
			return fmt.Errorf("record %d: %w", rec.Seq, err)
		}
		for _, e := range events {
			if err := book.Apply(e); err != nil {
				return err
			}
		}
		records = rec.Seq
	}
	d.book, d.records = book, records
	return nil
}

// Validate returns all findings about a document, as Deploy would.
func (e *Engine) Validate(file string, src []byte) diag.List {
	_, diags := e.judge(e.ctx, file, src)
	return diags
}

// Deploy accepts a document as a version of its workflow and makes it the one
// that new runs take. The same document again is the same definition. The
// error is an *InvalidError, or wraps ErrVersionTaken or ErrRouteTaken; the
// findings are returned in any case, they may hold warnings.
func (e *Engine) Deploy(ctx context.Context, file string, src []byte) (Definition, diag.List, error) {
	if err := e.ready(); err != nil {
		return Definition{}, nil, err
	}
	wf, diags := e.judge(ctx, file, src)
	if wf == nil || diags.HasErrors() {
		return Definition{}, diags, &InvalidError{diags}
	}
	if no := e.unknownLimit(file, src, wf); len(no) > 0 {
		diags = append(diags, no...)
		return Definition{}, diags, &InvalidError{diags}
	}
	document, payloads := expression.Pack(wf.Document)
	if err := e.appendErr(e.putPayloads(payloads)); err != nil {
		return Definition{}, diags, err
	}
	def, told, err := e.activate(ctx, wf, document)
	if err == nil {
		err = e.heard(ctx, told)
	}
	return def, diags, err
}

// activate records a definition and tells its triggers, in one commit.
func (e *Engine) activate(ctx context.Context, wf *graph.Workflow, document expression.Value) (Definition, []eventlog.Message, error) {
	d := e.defs
	d.mu.Lock()
	defer d.mu.Unlock()
	was, _ := d.book.Active(wf.Name)
	turn := d.book.Decide(e.clock.Now(), books.Deploy{
		Workflow: wf.Name, Version: wf.Version, Digest: wf.Digest, Document: document, Triggers: triggersOf(wf), Timed: timedOf(wf),
	})
	if len(turn.Refused) > 0 {
		return Definition{}, nil, refusedDeploy(turn.Refused[0])
	}
	var told []eventlog.Message
	if len(turn.Events) > 0 {
		told = tellTriggers(was.Timed, timedOf(wf), turn.Events[len(turn.Events)-1].Seq)
		if err := e.appendErr(d.append(ctx, turn, told)); err != nil {
			return Definition{}, nil, err
		}
		d.generation.Add(1)
		for _, m := range told {
			e.notify(m.ID.Receiver)
		}
		e.log.Info("workflow deployed", "workflow", wf.Name, "version", wf.Version)
	}
	d.keep(wf)
	def, _ := d.book.Version(wf.Name, wf.Version)
	out, err := e.definition(def, false)
	return out, told, err
}

// heard returns once triggers have taken what they were told, and the book of
// events what they told it: an event that comes after a deployment starts what
// was deployed.
func (e *Engine) heard(ctx context.Context, told []eventlog.Message) error {
	for _, m := range told {
		if err := e.shelf.ask(ctx, m.ID.Receiver, func(bookMachine) {}); err != nil {
			return err
		}
	}
	if len(told) == 0 {
		return nil
	}
	return e.shelf.ask(ctx, interpreter.EventsBook, func(bookMachine) {})
}

func refusedDeploy(r fact.Refusal) error {
	if r.Code == books.RouteTaken {
		return fmt.Errorf("%w: %s", ErrRouteTaken, r.Why)
	}
	return fmt.Errorf("%w: %s", ErrVersionTaken, r.Why)
}

// append writes a turn of the book. When it was not written the book is read
// again. The caller holds the lock.
func (d *definitions) append(ctx context.Context, turn fact.Turn, told []eventlog.Message) error {
	ctx = context.WithoutCancel(ctx)
	err := d.store.Append(ctx, eventlog.Batch{
		Stream: definitionsStream, After: d.records, Record: fact.EncodeTurn(turn.Events),
		At: turn.Events[len(turn.Events)-1].Time, Send: told,
		Summary: &eventlog.Summary{Stream: definitionsStream, Kind: kindBook, Ended: true},
	})
	if err == nil {
		d.records++
		return nil
	}
	if again := d.read(ctx); again != nil && !errors.Is(again, eventlog.ErrClosed) {
		return errors.Join(err, again)
	}
	return err
}

// tellTriggers returns what the books of triggers, and that of events, hear of
// another version being active.
func tellTriggers(was, is []fact.TriggerSet, seq uint64) []eventlog.Message {
	var all []eventlog.Message
	tell := func(set fact.TriggerSet) {
		stream := triggerStream(set.Workflow, set.ID)
		sender := definitionsStream + "/" + stream
		all = append(all, eventlog.Message{
			ID: eventlog.MessageID{Sender: sender, Seq: seq, Receiver: stream}, Body: fact.EncodeMail(set),
		}, eventlog.Message{
			ID:   eventlog.MessageID{Sender: sender, Seq: seq, Receiver: interpreter.EventsBook},
			Body: fact.EncodeMail(fact.Subscribed{Trigger: stream, Type: set.Event}),
		})
	}
	for _, old := range was {
		if !slices.ContainsFunc(is, func(t fact.TriggerSet) bool { return t.ID == old.ID }) {
			tell(fact.TriggerSet{Workflow: old.Workflow, ID: old.ID})
		}
	}
	for _, set := range is {
		tell(set)
	}
	return all
}

func triggersOf(wf *graph.Workflow) []books.Trigger {
	var all []books.Trigger
	for _, t := range wf.Triggers {
		if t.HTTP == nil {
			continue
		}
		all = append(all, books.Trigger{
			ID: t.ID, Method: t.HTTP.Method, Path: t.HTTP.Path, Respond: t.HTTP.Respond, Deadline: t.HTTP.Deadline,
		})
	}
	return all
}

// Definitions returns all accepted definitions without their documents, by
// workflow and from the newest to the oldest.
func (e *Engine) Definitions(_ context.Context) ([]Definition, error) {
	e.defs.mu.RLock()
	defer e.defs.mu.RUnlock()
	all := []Definition{}
	for _, def := range e.defs.book.All() {
		out, err := e.definition(def, false)
		if err != nil {
			return nil, err
		}
		all = append(all, out)
	}
	return all, nil
}

// Definition returns one version of a workflow with its document; an empty
// version means the active one. The error is ErrNoWorkflow when there is none.
func (e *Engine) Definition(_ context.Context, workflow, version string) (Definition, error) {
	def, err := e.defs.find(workflow, version)
	if err != nil {
		return Definition{}, err
	}
	return e.definition(def, true)
}

// Workflow returns the compiled version of a workflow; an empty version means
// the active one. The error is ErrNoWorkflow when there is none.
func (e *Engine) Workflow(ctx context.Context, workflow, version string) (*graph.Workflow, error) {
	def, err := e.defs.find(workflow, version)
	if err != nil {
		return nil, err
	}
	return e.defs.compiled(ctx, def.Digest)
}

func (d *definitions) find(workflow, version string) (books.Definition, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	def, ok := d.book.Active(workflow)
	if version != "" {
		def, ok = d.book.Version(workflow, version)
	}
	if !ok {
		return books.Definition{}, ErrNoWorkflow
	}
	return def, nil
}

func (e *Engine) definition(d books.Definition, document bool) (Definition, error) {
	out := Definition{
		Workflow: d.Workflow, Version: d.Version, Digest: d.Digest, DeployedAt: d.DeployedAt, Active: d.Active,
		Triggers: []TriggerInfo{},
	}
	for _, t := range d.Triggers {
		out.Triggers = append(out.Triggers, TriggerInfo(t))
	}
	if document {
		raw, err := e.whole(d.Document)
		if err != nil {
			return Definition{}, fmt.Errorf("read version %s of workflow %s: %w", d.Version, d.Workflow, err)
		}
		out.Document = raw
	}
	return out, nil
}

// Route is an http trigger of an active definition.
type Route struct {
	Workflow, Version string
	Trigger           TriggerInfo
}

// Routes returns the http triggers of the active definitions, by workflow.
func (e *Engine) Routes() []Route {
	e.defs.mu.RLock()
	defer e.defs.mu.RUnlock()
	var all []Route
	for _, def := range e.defs.book.Actives() {
		for _, t := range def.Triggers {
			all = append(all, Route{def.Workflow, def.Version, TriggerInfo(t)})
		}
	}
	return all
}

// Generation changes whenever Routes does.
func (e *Engine) Generation() uint64 { return e.defs.generation.Load() }

// compiled returns the workflow of a digest, which a run may have been started
// with long ago.
func (d *definitions) compiled(ctx context.Context, digest string) (*graph.Workflow, error) {
	if wf := d.kept(digest); wf != nil {
		return wf, nil
	}
	d.loading.Lock()
	defer d.loading.Unlock()
	if wf := d.kept(digest); wf != nil {
		return wf, nil
	}
	d.mu.RLock()
	def, ok := d.book.Digest(digest)
	d.mu.RUnlock()
	if !ok {
		return nil, fmt.Errorf("no definition has the digest %s", digest)
	}
	document, err := wholeOf(ctx, d.store, def.Document)
	if err != nil {
		return nil, err
	}
	wf, err := dsl.Load(document, d.catalog)
	if err != nil {
		return nil, err
	}
	d.keep(wf)
	return wf, nil
}

func (d *definitions) kept(digest string) *graph.Workflow {
	d.flowsMu.RLock()
	defer d.flowsMu.RUnlock()
	return d.flows[digest]
}

func (d *definitions) keep(wf *graph.Workflow) {
	d.flowsMu.Lock()
	defer d.flowsMu.Unlock()
	if d.flows[wf.Digest] != nil {
		return
	}
	if len(d.order) == maxCompiled {
		delete(d.flows, d.order[0])
		d.order = append(d.order[:0], d.order[1:]...)
	}
	d.flows[wf.Digest] = wf
	d.order = append(d.order, wf.Digest)
}
