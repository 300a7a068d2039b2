package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// TriggerRequest is what came to an http trigger.
type TriggerRequest struct {
	Workflow, Version string // empty: the active one
	Trigger           string
	// Values is what the trigger gives but its body: id, kind, time, headers,
	// query, path and caller.
	Values  map[string]any
	Body    any // decoded
	HasBody bool
	At      time.Time
	// IdempotencyKey makes a repeat find the same runs. Empty: every request
	// is a new one.
	IdempotencyKey string
}

// Reaction is what became of a request. Runs is one entry, or with Split one
// for each element, in order.
type Reaction struct {
	Workflow, Version string
	Split             bool
	Runs              []ReactionRun
}

// ReactionRun is a run that a request started or found.
type ReactionRun struct {
	Started
	Duplicate bool // its dedupe key found the run of an earlier request
	Ignored   bool // the trigger's condition kept it back: there is no run
}

// TriggerError is a request that a trigger refuses. Code is CodeInputInvalid,
// books.RateLimited, books.SplitTooLarge, books.KeysFull or books.Paused.
type TriggerError struct {
	Code, Message string
	RetryAfter    time.Duration // 0: not known
}

func (e *TriggerError) Error() string { return e.Message }

// Request fires an http trigger and returns once what it starts is in the log:
// all of its runs, or none. The error is a *TriggerError, an *InputError, or
// one of Start.
func (e *Engine) Request(ctx context.Context, r TriggerRequest) (Reaction, error) {
	out, err := e.request(ctx, r)
	var no *startRefused
	if errors.As(err, &no) {
		err = &TriggerError{Code: no.code, Message: no.message}
	}
	return out, err
}

func (e *Engine) request(ctx context.Context, r TriggerRequest) (out Reaction, err error) {
	if err := e.Ready(); err != nil {
		return out, err
	}
	def, err := e.defs.find(r.Workflow, r.Version)
	if err != nil {
		return out, err
	}
	wf, err := e.defs.compiled(ctx, def.Digest)
	if err != nil {
		return out, fmt.Errorf("load version %s of workflow %s: %w", def.Version, def.Workflow, err)
	}
	t := triggerOf(wf, r.Trigger)
	if t == nil {
		return out, fmt.Errorf("%w: %s of workflow %s", ErrNoTrigger, r.Trigger, r.Workflow)
	}
	q := &request{e: e, r: &r, wf: wf, t: t, run: func(int) string { return e.ids.next(r.At) }}
	if r.IdempotencyKey != "" {
		q.run = func(number int) string { return keyed(elementKey(r.IdempotencyKey, number)) }
		leave, err := e.asking.enter(ctx, r.IdempotencyKey)
		if err != nil {
			return out, err
		}
		defer leave()
	}
	scope := e.triggerScope(wf, r.Values, r.At, q.run(0)).With(r.Body)
	if q.elements, err = e.elements(t, scope); err != nil {
		return out, err
	}
	out = Reaction{Workflow: def.Workflow, Version: def.Version, Split: t.Policy.SplitOn != nil}
	for _, x := range q.elements {
		run := ReactionRun{Started: q.started(q.run(x.number)), Ignored: x.filtered}
		if x.filtered {
			run.Run = ""
		}
		out.Runs = append(out.Runs, run)
	}
	q.out = &out
	if err := q.takeUp(ctx); err != nil {
		return Reaction{}, err
	}
	return out, nil
}

// elementKey is the idempotency key of the run of one element.
func elementKey(key string, number int) string {
	if number == 0 {
		return key
	}
	return key + "\x00" + strconv.Itoa(number)
}

// request is a request on its way.
type request struct {
	e        *Engine
	r        *TriggerRequest
	wf       *graph.Workflow
	t        *graph.Trigger
	run      func(number int) string // the ID of an element's run
	elements []element
	out      *Reaction
}

func (q *request) started(run string) Started {
	return Started{Run: run, Workflow: q.wf.Name, Version: q.wf.Version, Limited: q.wf.Concurrency != nil}
}

// takeUp starts what the request asks for, unless it did so before.
func (q *request) takeUp(ctx context.Context) error {
	if q.r.IdempotencyKey != "" {
		if found, err := q.repeated(ctx); found || err != nil {
			return err
		}
	}
	starts, err := q.starts()
	switch {
	case err != nil || len(starts) == 0:
		return err
	case keeps(q.t):
		return q.tell(ctx, starts)
	}
	err = q.begin(ctx, &starts[0])
	if !errors.Is(err, eventlog.ErrConflict) {
		return err
	}
	// A start by name with the same key was faster.
	if found, err := q.repeated(ctx); found || err != nil {
		return err
	}
	return err
}

// starts returns the start of each element that the rules let through, with
// its input made and checked.
func (q *request) starts() ([]fact.Start, error) {
	values, err := expression.Encode(q.r.Values)
	if err != nil {
		return nil, err
	}
	var all []fact.Start
	size := 0
	for i, x := range q.elements {
		if x.filtered {
			continue
		}
		s := fact.Start{
			Run: q.out.Runs[i].Run, Workflow: q.wf.Name, Version: q.wf.Version, TriggerID: q.t.ID, Trigger: values,
			WantsAnswer: q.t.HTTP.Respond,
		}
		if q.r.HasBody || x.number > 0 {
			raw, err := expression.Encode(x.scope.Data())
			if err != nil {
				return nil, err
			}
			s.Packed = expression.Raw(raw)
		}
		n, err := q.check(s)
		if err != nil {
			return nil, ofElement(err, x.number)
		}
		size += n
		all = append(all, s)
	}
	if len(q.elements) > 1 {
		return all, fits(q.t.ID, size)
	}
	return all, nil
}

// check makes the input of a start as the book's start will, and returns how
// much the run is told of its trigger.
func (q *request) check(s fact.Start) (int, error) {
	if err := q.e.fire(q.wf, &s); err != nil {
		return 0, err
	}
	raw, err := q.e.startBytes(&s)
	if err != nil {
		return 0, err
	}
	if len(s.Trigger) > MaxInput {
		return 0, tooLarge(q.wf.Name, len(s.Trigger))
	}
	_, err = checkRecorded(q.wf, raw)
	return len(s.Trigger), err
}

// begin starts a run that no book has to know of.
func (q *request) begin(ctx context.Context, s *fact.Start) error {
	payloads, err := q.e.complete(s)
	if err != nil {
		return err
	}
	if err := q.e.appendErr(q.e.putPayloads(payloads)); err != nil {
		return err
	}
	return q.e.begin(ctx, s.Run, q.wf, *s)
}

// tell has the trigger's book take the request.
func (q *request) tell(ctx context.Context, starts []fact.Start) error {
	in := books.Request{
		Version: q.wf.Version, Window: q.t.Policy.Window, Answer: q.t.HTTP.Respond,
		Rate: fact.Rate{Count: q.t.Policy.Rate.Count, Per: q.t.Policy.Rate.Per}, Trigger: expression.Raw(starts[0].Trigger),
	}
	next := 0
	var payloads []expression.Payload
	for _, x := range q.elements {
		if x.filtered {
			continue
		}
		s := starts[next]
		next++
		item := books.RequestItem{Run: s.Run, Key: x.key, Number: x.number}
		if raw := s.Packed.Inline(); raw != nil {
			var stored []expression.Payload
			item.Body, stored = expression.Pack(raw)
			payloads = append(payloads, stored...)
		}
		in.Items = append(in.Items, item)
	}
	if err := q.e.appendErr(q.e.putPayloads(payloads)); err != nil {
		return err
	}
	for {
		turn, err := q.e.shelf.turn(ctx, q.stream(), in)
		if err != nil {
			return q.refused(ctx, err, &in)
		}
		if !q.heard(ctx, turn, &in) {
			return nil
		}
	}
}

func (q *request) stream() string { return triggerStream(q.wf.Name, q.t.ID) }

// heard takes over which elements the book found to be repeats. A run that its
// workflow's limit did not admit came to nothing: a repeat of it is a new
// request, and again is true. In a list it stays the run of its key.
func (q *request) heard(ctx context.Context, turn []fact.Event, in *books.Request) (again bool) {
	repeats := map[string]string{}
	for _, ev := range turn {
		if f, ok := ev.Fact.(*books.FiringSkipped); ok && f.For != "" {
			repeats[f.For] = f.Run
		}
	}
	for i := range in.Items {
		item := &in.Items[i]
		first := repeats[item.Run]
		if first == "" {
			continue
		}
		if q.wf.Concurrency != nil && item.Forget != first && q.cameToNothing(ctx, first) {
			item.Forget, again = first, true
		}
	}
	if again && len(in.Items) == 1 {
		return true
	}
	for i := range q.out.Runs {
		run := &q.out.Runs[i]
		if first := repeats[run.Run]; first != "" {
			run.Started, run.Duplicate = q.started(first), true
		}
	}
	return false
}

func (q *request) cameToNothing(ctx context.Context, run string) bool {
	v, err := q.e.Get(ctx, run)
	return err == nil && Refusal(&v) != nil
}

// refused returns why the book did not take the request.
func (q *request) refused(ctx context.Context, err error, in *books.Request) error {
	var no fact.Refusal
	if !errors.As(err, &no) {
		return err
	}
	t := &TriggerError{Code: no.Code, Message: no.Why}
	if no.Code != books.RateLimited {
		return t
	}
	now := q.e.clock.Now()
	err = q.e.shelf.ask(ctx, q.stream(), func(m bookMachine) {
		if at := m.(*books.Firings).Frees(now, in.Rate, len(in.Items)); !at.IsZero() {
			t.RetryAfter = at.Sub(now)
		}
	})
	return errors.Join(err, t)
}

// repeated finds the runs that the idempotency key was used for before. Once
// one of them is there, nothing else starts: all of them began together.
func (q *request) repeated(ctx context.Context) (bool, error) {
	found := false
	for i := range q.out.Runs {
		run := &q.out.Runs[i]
		if run.Ignored {
			continue
		}
		head, ok, err := q.e.store.Head(ctx, run.Run)
		switch {
		case err != nil:
			return false, fmt.Errorf("read the head of run %s: %w", run.Run, err)
		case !ok || head.Records == 0 && head.Inbox == 0:
			continue
		}
		started, err := q.existing(ctx, run.Run, &q.elements[i])
		if err != nil {
			return false, err
		}
		run.Started, found = started, true
	}
	if !found {
		return false, nil
	}
	return true, q.e.shelf.ask(ctx, q.stream(), func(m bookMachine) {
		for i := range q.out.Runs {
			run := &q.out.Runs[i]
			if run.Existing || run.Ignored {
				continue
			}
			first := m.(*books.Firings).RunOf(q.elements[i].key)
			run.Started, run.Duplicate, run.Ignored = q.started(first), first != "", first == ""
		}
	})
}

// existing returns a run that a key was used for before. The error is
// ErrKeyReused when it was another request.
func (q *request) existing(ctx context.Context, id string, x *element) (Started, error) {
	// A run that is about to begin has begun once it can be looked at.
	if err := q.e.ask(ctx, id, func(*run, error) error { return nil }); err != nil {
		return Started{}, err
	}
	trigger, err := plainJSON(x.scope.Trigger)
	if err != nil {
		return Started{}, err
	}
	return q.e.existing(ctx, id, StartRequest{Workflow: q.wf.Name, TriggerID: q.t.ID, Trigger: trigger})
}

// entered is the idempotency keys whose requests are under way: of two with
// one key, the second waits for the first.
type entered struct {
	mu   sync.Mutex
	keys map[string]chan struct{}
}

// enter waits until no request with that key is under way, and returns what
// ends this one.
func (a *entered) enter(ctx context.Context, key string) (leave func(), err error) {
	done := make(chan struct{})
	for {
		before := a.try(key, done)
		if before == nil {
			return func() { a.leave(key, done) }, nil
		}
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try enters, unless somebody is there: it returns what that one will close.
func (a *entered) try(key string, done chan struct{}) (before chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if before = a.keys[key]; before != nil {
		return before
	}
	if a.keys == nil {
		a.keys = map[string]chan struct{}{}
	}
	a.keys[key] = done
	return nil
}

func (a *entered) leave(key string, done chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, key)
	close(done)
}
