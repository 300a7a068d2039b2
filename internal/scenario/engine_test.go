package scenario_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/interpreter"
	"github.com/keelstep/keelstep/pkg/scenario"
)

// engineDriver runs a scenario on an engine. It is killed at the append kill,
// counted from the start on, and another one goes on from the same log.
type engineDriver struct {
	t    *testing.T
	open func() eventlog.Store // the same content each time
	kill int                   // 0: never
	// after has the killing append be durable.
	after bool

	boots   int
	unsure  []int // actions whose acknowledgement a kill took away
	appends int   // that were made from the start on
	struck  bool

	c     *scenario.Case
	store *mortal
	mu    sync.Mutex
	e     *engine.Engine
	ready chan struct{} // closed once e stands
	run   string
}

// mortal is a store that ends its process at an append.
type mortal struct {
	eventlog.Store
	d *engineDriver

	mu   sync.Mutex
	dead bool
}

var errKilled = errors.New("the process was killed")

// Append counts, and strikes at the one that the driver names.
func (m *mortal) Append(ctx context.Context, bs ...eventlog.Batch) error {
	m.mu.Lock()
	if m.dead {
		m.mu.Unlock()
		return errKilled
	}
	n, counts := 0, m.d.started()
	if counts {
		m.d.appends++
		n = m.d.appends
	}
	strikes := counts && n == m.d.kill && !m.d.struck
	if strikes {
		m.d.struck, m.dead = true, true
	}
	m.mu.Unlock()
	if strikes && !m.d.after {
		return errKilled
	}
	if err := m.Store.Append(ctx, bs...); err != nil || !strikes {
		return err
	}
	return errKilled
}

func (d *engineDriver) started() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.e != nil
}

func (d *engineDriver) boot(ctx context.Context) error {
	d.boots++
	d.ready = make(chan struct{})
	d.store = &mortal{Store: d.open(), d: d}
	e, err := engine.Open(ctx, engine.Options{Store: d.store, Registry: d.registry(), Env: d.environment()})
	if err != nil {
		return err
	}
	for _, s := range d.c.Sources {
		if _, found, err := e.Deploy(ctx, s.File, s.Text); err != nil {
			return fmt.Errorf("deploy %s: %w\n%s", s.File, err, diag.Text(found, nil))
		}
	}
	d.mu.Lock()
	d.e = e
	close(d.ready)
	d.mu.Unlock()
	return nil
}

// again starts a process after the one that was killed.
func (d *engineDriver) again(ctx context.Context) error {
	d.mu.Lock()
	old := d.e
	d.e = nil
	d.mu.Unlock()
	_ = old.Close(ctx)
	if err := d.store.Close(); err != nil {
		return err
	}
	return d.boot(ctx)
}

// try does f until no kill comes between.
func (d *engineDriver) try(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil || d.e.Err() == nil {
			return err
		}
		if err := d.again(ctx); err != nil {
			return err
		}
	}
}

// Drive runs c in a bubble, with a context of its own, whose time stands still
// while anything goes on.
func (d *engineDriver) Drive(_ context.Context, c *scenario.Case) (o *scenario.Outcome, err error) {
	synctest.Test(d.t, func(t *testing.T) { //nolint:contextcheck // a bubble has a context of its own
		d.c = c
		ctx := t.Context()
		time.Sleep(time.Until(c.Start))
		if err = d.boot(ctx); err != nil {
			return
		}
		o, err = d.drive(ctx)
		// A call that never answers may still be under way, and a kill may have
		// struck once the run had ended.
		ending, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if closed := d.e.Close(ending); closed != nil && !errors.Is(closed, context.DeadlineExceeded) && !d.struck && err == nil {
			err = closed
		}
		if closed := d.store.Close(); closed != nil && err == nil {
			err = closed
		}
	})
	return o, err
}

func (d *engineDriver) drive(ctx context.Context) (*scenario.Outcome, error) {
	begun := time.Now()
	err := d.try(ctx, func() error {
		s, err := d.e.Start(ctx, engine.StartRequest{
			Workflow: d.c.Workflow, Input: d.c.Input, Trigger: d.c.Trigger, TriggerID: d.c.TriggerID,
			WantsAnswer: d.c.TriggerID != "", IdempotencyKey: "scenario",
		})
		d.run = s.Run
		return err
	})
	if err != nil {
		return nil, err
	}
	refused := map[int]string{}
	for _, a := range d.c.Actions {
		if err := d.sleep(ctx, a.After-time.Since(begun)); err != nil {
			return nil, err
		}
		before := d.boots
		err := d.try(ctx, func() error { return d.act(ctx, a) })
		if d.boots != before {
			d.unsure = append(d.unsure, a.Index)
		}
		switch {
		case errors.Is(err, engine.ErrRunEnded), errors.Is(err, engine.ErrNoTask), errors.Is(err, engine.ErrTaskClosed),
			errors.Is(err, engine.ErrTaskAnswered), errors.Is(err, engine.ErrBadAnswer):
			refused[a.Index] = err.Error()
		case err != nil:
			return nil, err
		}
		synctest.Wait()
	}
	var v engine.RunView
	err = d.try(ctx, func() (err error) {
		ctx, cancel := context.WithTimeout(ctx, d.c.Until)
		defer cancel()
		if v, err = d.e.Wait(ctx, d.run); errors.Is(err, context.DeadlineExceeded) {
			v, err = d.e.Get(context.WithoutCancel(ctx), d.run)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	synctest.Wait()
	var o *scenario.Outcome
	var events []engine.HistoryEvent
	err = d.try(ctx, func() (err error) {
		o, err = scenario.OutcomeOf(&v, func(v scenario.Value) (json.RawMessage, error) { return d.e.Value(ctx, v) })
		if err == nil {
			events, err = d.e.History(ctx, d.run, 0, 1000)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	o.Refused = refused
	for _, e := range events {
		o.History = append(o.History, scenario.Event(e))
	}
	return o, err
}

// sleep passes time, and sees to it that a killed engine is followed by
// another one at once.
func (d *engineDriver) sleep(ctx context.Context, by time.Duration) error {
	end := time.Now().Add(by)
	for {
		select {
		case <-d.e.Failed():
			if err := d.again(ctx); err != nil {
				return err
			}
		case <-time.After(max(time.Until(end), 0)):
			synctest.Wait()
			if d.e.Err() == nil {
				return nil
			}
		}
	}
}

// strike ends the process without letting anything under way end, and starts
// another one on what is stored.
func (d *engineDriver) strike(ctx context.Context, down time.Duration) error {
	d.store.mu.Lock()
	d.store.dead = true
	d.store.mu.Unlock()
	d.mu.Lock()
	old := d.e
	d.e = nil
	d.mu.Unlock()
	now, cancel := context.WithCancel(ctx)
	cancel()
	_ = old.Close(now) // what it says is of no interest: it was killed
	if err := d.store.Close(); err != nil {
		return err
	}
	time.Sleep(down)
	return d.boot(ctx)
}

func (d *engineDriver) act(ctx context.Context, a scenario.Action) error {
	switch {
	case a.Kills:
		return d.strike(ctx, a.Down)
	case a.Signal != "":
		return d.e.Signal(ctx, d.run, a.ID, a.Signal, a.Data)
	case a.Event != "":
		return d.e.Publish(ctx, engine.CloudEvent{
			ID: a.ID, Type: a.Event, Source: a.Source, Subject: a.Subject, Data: a.Data,
		})
	case a.Task != "":
		tasks, _, err := d.e.Tasks(ctx, "", 0)
		if err != nil {
			return err
		}
		for _, t := range tasks {
			if t.Path == a.Task || t.Step == a.Task {
				return d.e.AnswerTask(ctx, t.Run, engine.AnswerRequest{
					Path: t.Path, ID: a.ID, By: a.By, Outcome: a.Outcome, Form: a.Form,
				})
			}
		}
		return engine.ErrNoTask
	}
	return d.e.Cancel(ctx, d.run, a.Reason)
}

// environment is the scenario's.
func (d *engineDriver) environment() *config.Environment {
	return d.c.Env
}

// registry is the standard connectors with the world behind their operations.
func (d *engineDriver) registry() *connectors.Registry {
	var all []*connectors.Connector
	for _, c := range standard.New().Connectors() {
		mocked := *c
		if mocked.Open != nil {
			mocked.Open = func(context.Context, connectors.Settings) (any, func() error, error) {
				return nil, func() error { return nil }, nil
			}
		}
		mocked.Operations = nil
		for _, op := range c.Operations {
			op.Run = func(ctx context.Context, c connectors.Call) (json.RawMessage, error) { return d.call(ctx, op.ID, c) }
			mocked.Operations = append(mocked.Operations, op)
		}
		all = append(all, &mocked)
	}
	return connectors.NewRegistry(all...)
}

func (d *engineDriver) call(ctx context.Context, op string, c connectors.Call) (json.RawMessage, error) {
	run, path, err := d.place(ctx, c.Key)
	if err != nil {
		return nil, &connectors.Error{Code: "NotFound", Message: err.Error(), Lost: true}
	}
	r := d.c.World.Call(scenario.Request{Run: run, Path: path, Operation: op, Key: c.Key, Attempt: c.Attempt, Input: canonical(c.Input)})
	if r.Silent {
		<-ctx.Done()
	}
	if r.Delay > 0 && ctx.Err() == nil {
		select {
		case <-time.After(r.Delay):
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil, connectors.Stopped(ctx, true)
	}
	if f := r.Error; f != nil {
		e := &connectors.Error{
			Code: f.Code, Message: f.Message, Status: f.Status, Final: f.Final, Certain: f.Certain, Lost: f.Lost, RetryAfter: f.RetryAfter,
		}
		if !f.Details.IsAbsent() {
			e.Details = json.RawMessage(f.Details.Inline())
		}
		return nil, e
	}
	return r.Output, nil
}

// place finds the execution of a step that a key belongs to, in the histories.
func (d *engineDriver) place(ctx context.Context, key string) (run, path string, err error) {
	select {
	case <-d.ready: // calls go out again while the engine is being opened
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	d.mu.Lock()
	e := d.e
	d.mu.Unlock()
	if e == nil {
		return "", "", errKilled
	}
	rows, _, err := e.List(ctx, engine.RunFilter{Limit: 1000})
	if err != nil {
		return "", "", err
	}
	for _, row := range rows {
		events, err := e.History(ctx, row.Run, 0, 1000)
		if err != nil {
			return "", "", err
		}
		for _, ev := range events {
			var f struct{ Path string }
			if json.Unmarshal(ev.Data, &f) == nil && f.Path != "" && interpreter.Key(row.Run, f.Path) == key {
				return row.Run, f.Path, nil
			}
		}
	}
	return "", "", fmt.Errorf("no step has the key %s", key)
}

func canonical(raw []byte) json.RawMessage {
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return raw
	}
	b, err := expression.Encode(x)
	if err != nil {
		return raw
	}
	return b
}
