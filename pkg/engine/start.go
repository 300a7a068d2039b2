package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// ErrNoParameter means that the environment gives a parameter of the workflow no value,
// or one that does not fit its schema.
var ErrNoParameter = errors.New("a parameter has no valid value")

// MaxInput is the size in bytes of the largest input of a run, of what started
// it and of the data of a signal.
const MaxInput = 10 << 20

// Start begins a run and returns once its start is in the log. The error is
// ErrNoWorkflow, an *InputError, ErrKeyReused, or wraps ErrNoParameter or
// ErrNoLimit; ErrStorageFull when the disk is full.
func (e *Engine) Start(ctx context.Context, req StartRequest) (Started, error) {
	if err := e.ready(); err != nil {
		return Started{}, err
	}
	if req.IdempotencyKey == "" {
		return e.start(ctx, e.ids.next(e.clock.Now()), req)
	}
	id := keyed(req.IdempotencyKey)
	for {
		found, err := e.existing(ctx, id, req)
		if err != nil || found.Run != "" {
			return found, err
		}
		found, err = e.start(ctx, id, req)
		if !errors.Is(err, eventlog.ErrConflict) {
			return found, err
		}
		// Another start with this key was faster, or fails just now.
		if err := e.ask(ctx, id, func(_ *run, err error) error { return err }); err != nil &&
			!errors.Is(err, ErrNoRun) && !errors.Is(err, ErrRunStuck) {
			return Started{}, err
		}
	}
}

func (e *Engine) start(ctx context.Context, id string, req StartRequest) (Started, error) {
	if err := e.roomy(); err != nil {
		return Started{}, err
	}
	def, err := e.defs.find(req.Workflow, req.Version)
	if err != nil {
		return Started{}, err
	}
	wf, err := e.defs.compiled(ctx, def.Digest)
	if err != nil {
		return Started{}, fmt.Errorf("load version %s of workflow %s: %w", def.Version, def.Workflow, err)
	}
	if err := e.checkLimit(wf); err != nil {
		return Started{}, err
	}
	in, err := e.startInput(id, def, wf, req)
	if err != nil {
		return Started{}, err
	}
	if err := e.begin(ctx, id, wf, in); err != nil {
		return Started{}, err
	}
	return Started{Run: id, Workflow: def.Workflow, Version: def.Version, Limited: wf.Concurrency != nil}, nil
}

// startInput makes the first input of a run.
func (e *Engine) startInput(id string, def books.Definition, wf *graph.Workflow, req StartRequest) (in interpreter.Start, err error) {
	in = interpreter.Start{
		Run: id, Workflow: def.Workflow, Version: def.Version, Digest: def.Digest,
		TriggerID: req.TriggerID, WantsAnswer: req.WantsAnswer,
	}
	if in.Value, err = checkInput(wf, req.Input); err != nil {
		return in, err
	}
	if req.Trigger != nil {
		if len(req.Trigger) > MaxInput {
			return in, tooLarge(wf.Name, len(req.Trigger))
		}
		if in.Trigger, err = expression.Import(req.Trigger); err != nil {
			return in, fmt.Errorf("what triggered the run is not JSON: %w", err)
		}
	}
	in.Params, err = e.params(wf)
	return in, err
}

// begin makes the run's first turn and waits until it is in the log.
func (e *Engine) begin(ctx context.Context, id string, wf *graph.Workflow, in interpreter.Start) error {
	started := make(chan error, 1)
	r := &run{e: e, id: id, flow: wf, machine: interpreter.New(wf)}
	e.hand(r.machine, in)
	isNew, ok := e.runs.deliverNew(r, mail{in: in, started: started})
	switch {
	case !isNew:
		return eventlog.ErrConflict
	case !ok:
		return e.stopped()
	}
	return e.answered(ctx, started)
}

// hand gives a new machine the stored values that its start names, so that it
// opens its listens in the turn of the start: who hears of that may publish.
func (e *Engine) hand(m *interpreter.Machine, in interpreter.Start) {
	give := func(v expression.Value) {
		if ref := v.Ref(); ref != nil {
			if b, err := e.bytesOf(ref.Hash); err == nil { // else the machine asks for it, and its run is stuck
				m.Provide(ref.Hash, b)
			}
		}
	}
	give(in.Packed)
	for _, p := range in.Params {
		give(p.Value)
	}
}

// existing returns the run that a key was used for before, none when there is
// no such run. A run of another workflow, version or input is ErrKeyReused.
func (e *Engine) existing(ctx context.Context, id string, req StartRequest) (Started, error) {
	head, ok, err := e.store.Head(ctx, id)
	if err != nil {
		return Started{}, fmt.Errorf("read the head of run %s: %w", id, err)
	}
	if !ok || head.Records == 0 {
		return Started{}, nil
	}
	if head.Workflow != req.Workflow || req.TriggerID == "" && req.Version != "" && head.Version != req.Version {
		return Started{}, ErrKeyReused
	}
	wf, err := e.defs.compiled(ctx, head.Digest)
	if err != nil {
		return Started{}, fmt.Errorf("load version %s of workflow %s: %w", head.Version, head.Workflow, err)
	}
	first, err := e.firstEvent(ctx, id, wf)
	if err != nil {
		return Started{}, err
	}
	if err := e.same(wf, first, req); err != nil {
		return Started{}, err
	}
	return Started{
		Run: id, Workflow: head.Workflow, Version: head.Version, Existing: true, Limited: wf.Concurrency != nil,
	}, nil
}

// same returns ErrKeyReused unless a run was started by the same request: by
// its input, or, when a trigger made that, by what was sent to the trigger.
func (e *Engine) same(wf *graph.Workflow, first *interpreter.Machine, req StartRequest) error {
	v := first.View(nil)
	if req.TriggerID != v.TriggerID {
		return ErrKeyReused
	}
	if req.TriggerID != "" {
		return e.sameTrigger(first.Trigger(), req.Trigger)
	}
	had, err := e.whole(v.Input)
	if err != nil {
		return err
	}
	given, err := checkInput(wf, req.Input)
	if err != nil || !bytes.Equal(had, given) {
		return ErrKeyReused
	}
	return nil
}

// sent is what of a trigger the sender decides; all else is made on the way.
var sent = []string{"body", "query", "path", "event", "due"}

func (e *Engine) sameTrigger(was expression.Value, is json.RawMessage) error {
	raw, err := e.whole(was)
	if err != nil {
		return err
	}
	had, err := expression.Decode(expression.Raw(raw), nil)
	if err != nil {
		return err
	}
	given, err := expression.DecodeRaw(is)
	if err != nil {
		return ErrKeyReused
	}
	a, _ := had.(map[string]any)
	b, _ := given.(map[string]any)
	for _, name := range sent {
		x, _ := expression.Encode(a[name])
		y, _ := expression.Encode(b[name])
		if !bytes.Equal(x, y) {
			return ErrKeyReused
		}
	}
	return nil
}

// firstEvent returns the machine of a run as its start left it.
func (e *Engine) firstEvent(ctx context.Context, id string, wf *graph.Workflow) (*interpreter.Machine, error) {
	for rec, err := range e.store.Read(ctx, id, 0) {
		if err != nil {
			return nil, fmt.Errorf("read run %s: %w", id, err)
		}
		events, err := fact.DecodeTurn(rec.Data, interpreter.Facts)
		if err != nil {
			return nil, fmt.Errorf("read run %s: %w", id, err)
		}
		m := interpreter.New(wf)
		if err := guard(func() error { return m.Apply(events[0]) }); err != nil {
			return nil, fmt.Errorf("read run %s: %w", id, err)
		}
		return m, nil
	}
	return nil, ErrNoRun
}

// checkInput returns the recorded form of an input: checked against the
// schema, defaults filled in.
func checkInput(wf *graph.Workflow, raw json.RawMessage) ([]byte, error) {
	if len(raw) > MaxInput {
		return nil, tooLarge(wf.Name, len(raw))
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil, &InputError{wf.Name, []InputProblem{{Message: err.Error()}}}
	}
	return checked(wf, x)
}

// checkRecorded is checkInput for an input that is of the recorded form.
func checkRecorded(wf *graph.Workflow, raw []byte) ([]byte, error) {
	if len(raw) > MaxInput {
		return nil, tooLarge(wf.Name, len(raw))
	}
	x, err := expression.Decode(expression.Raw(raw), nil)
	if err != nil {
		return nil, &InputError{wf.Name, []InputProblem{{Message: err.Error()}}}
	}
	return checked(wf, x)
}

func checked(wf *graph.Workflow, x any) ([]byte, error) {
	if wf.Input != nil {
		x = wf.Input.Fill(x)
		if vs := wf.Input.Validate(x); len(vs) > 0 {
			return nil, inputError(wf.Name, vs)
		}
	}
	return expression.Encode(x)
}

func inputError(workflow string, vs []expression.Violation) *InputError {
	e := &InputError{Workflow: workflow}
	for _, v := range vs {
		e.Problems = append(e.Problems, InputProblem{Path: v.Path, Message: v.Message})
	}
	return e
}

func tooLarge(workflow string, n int) *InputError {
	return &InputError{workflow, []InputProblem{{Message: fmt.Sprintf("the input has %d bytes, at most %d are taken", n, MaxInput)}}}
}

// params returns the values of the workflow's parameters in this deployment.
func (e *Engine) params(wf *graph.Workflow) ([]interpreter.Param, error) {
	if len(wf.Params) == 0 {
		return nil, nil
	}
	params := make([]interpreter.Param, 0, len(wf.Params))
	for _, p := range wf.Params {
		v := p.Default
		if e.opts.Env != nil {
			if given, ok := e.opts.Env.Parameters[p.Name]; ok {
				v = given
			}
		}
		if p.Secret {
			params = append(params, interpreter.Param{Name: p.Name, Secret: true})
			continue
		}
		if v.IsAbsent() {
			return nil, fmt.Errorf("%w: %q of workflow %s: give it a value in the environment, or a default", ErrNoParameter, p.Name, wf.Name)
		}
		if err := e.checkParam(wf, p, v); err != nil {
			return nil, err
		}
		packed, err := e.packed(v)
		if err != nil {
			return nil, err
		}
		params = append(params, interpreter.Param{Name: p.Name, Value: packed})
	}
	return params, nil
}

func (e *Engine) checkParam(wf *graph.Workflow, p graph.Param, v expression.Value) error {
	if p.Schema == nil || v.Inline() == nil {
		return nil
	}
	x, err := expression.DecodeRaw(v.Inline())
	if err != nil {
		return fmt.Errorf("%w: %q of workflow %s: %w", ErrNoParameter, p.Name, wf.Name, err)
	}
	if vs := p.Schema.Validate(x); len(vs) > 0 {
		return fmt.Errorf("%w: %q of workflow %s: %s %s", ErrNoParameter, p.Name, wf.Name, vs[0].Path, vs[0].Message)
	}
	return nil
}

// packed returns a value as facts hold it; what is large is stored.
func (e *Engine) packed(v expression.Value) (expression.Value, error) {
	raw := v.Inline()
	if len(raw) <= expression.MaxInline {
		return v, nil
	}
	packed, payloads := expression.Pack(raw)
	return packed, e.appendErr(e.putPayloads(payloads))
}
