package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/fact"
)

// ErrNoTrigger means that there is no such trigger, or that it cannot do what
// is asked.
var ErrNoTrigger = errors.New("no such trigger")

// TriggerStatus is a trigger as it stands. An http trigger without rules that
// have to be remembered is active and nothing else: it cannot be paused.
type TriggerStatus struct {
	Workflow string
	ID       string
	Kind     string // schedule, event or http
	Status   string // active, paused or failed
	Reason   string // of the pause
	Next     time.Time
	LastDue  time.Time
	LastRun  string
	Code     string // why the last firing started nothing
	Message  string
	Running  int // runs whose end is waited for
	Waiting  int // firings that wait for them, or for the rate limit
	// Keys is how many keys of dedupe are remembered, Duplicates how many
	// firings were repeats, Filtered how many the condition kept back.
	Keys                 int
	Duplicates, Filtered uint64
}

// Triggers returns the triggers of the active definitions, by workflow.
func (e *Engine) Triggers(ctx context.Context) ([]TriggerStatus, error) {
	e.defs.mu.RLock()
	actives := e.defs.book.Actives()
	e.defs.mu.RUnlock()
	all := []TriggerStatus{}
	for _, def := range actives {
		for _, set := range def.Timed {
			s, err := e.Trigger(ctx, def.Workflow, set.ID)
			if errors.Is(err, ErrNoTrigger) {
				continue // it is being deployed, or taken away
			}
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
		for _, t := range def.Triggers {
			if !remembers(def, t.ID) {
				all = append(all, plain(def.Workflow, t.ID))
			}
		}
	}
	return all, nil
}

// remembers tells whether a trigger of a definition has a book.
func remembers(def books.Definition, id string) bool {
	return slices.ContainsFunc(def.Timed, func(t fact.TriggerSet) bool { return t.ID == id })
}

// plain returns an http trigger that has no book.
func plain(workflow, id string) TriggerStatus {
	return TriggerStatus{Workflow: workflow, ID: id, Kind: "http", Status: "active"}
}

// Trigger returns one trigger. The error wraps ErrNoTrigger when there is none.
func (e *Engine) Trigger(ctx context.Context, workflow, id string) (TriggerStatus, error) {
	def, err := e.defs.find(workflow, "")
	switch {
	case err == nil && remembers(def, id):
	case err == nil && slices.ContainsFunc(def.Triggers, func(t books.Trigger) bool { return t.ID == id }):
		return plain(workflow, id), nil
	default:
		return TriggerStatus{}, fmt.Errorf("%w: %s of workflow %s", ErrNoTrigger, id, workflow)
	}
	var t books.TriggerState
	err = e.shelf.ask(ctx, triggerStream(workflow, id), func(m bookMachine) { t = m.(*books.Firings).Trigger() })
	if err != nil {
		return TriggerStatus{}, err
	}
	if t.Kind == "" {
		return TriggerStatus{}, fmt.Errorf("%w: %s of workflow %s", ErrNoTrigger, id, workflow)
	}
	s := TriggerStatus{
		Workflow: t.Workflow, ID: t.ID, Kind: t.Kind, Status: "active", Reason: t.Why, Next: t.Next,
		LastDue: t.LastDue, LastRun: t.LastRun, Code: t.Code, Message: t.Message, Running: t.Running, Waiting: t.Waiting,
		Keys: t.Keys, Duplicates: t.Duplicates, Filtered: t.Filtered,
	}
	switch {
	case t.Paused:
		s.Status = "paused"
	case t.Code != "":
		s.Status = "failed"
	}
	return s, nil
}

// PauseTrigger has a trigger start nothing until it is resumed; what falls due
// in between is not made up for. One that is paused already stays so.
func (e *Engine) PauseTrigger(ctx context.Context, workflow, id, reason string) error {
	return e.tellTrigger(ctx, workflow, id, fact.Suspend{Reason: clip(reason, maxMessage)})
}

// ResumeTrigger has a trigger fire again.
func (e *Engine) ResumeTrigger(ctx context.Context, workflow, id string) error {
	return e.tellTrigger(ctx, workflow, id, fact.Resume{})
}

// FireTrigger fires a schedule now, out of turn; its rule of overlap holds.
func (e *Engine) FireTrigger(ctx context.Context, workflow, id string) error {
	if err := e.roomy(); err != nil {
		return err
	}
	return e.tellTrigger(ctx, workflow, id, books.FireNow{})
}

func (e *Engine) tellTrigger(ctx context.Context, workflow, id string, in fact.Input) error {
	if err := e.ready(); err != nil {
		return err
	}
	s, err := e.Trigger(ctx, workflow, id)
	if err != nil {
		return err
	}
	if def, err := e.defs.find(workflow, ""); s.Kind == "http" && (err != nil || !remembers(def, id)) {
		return fmt.Errorf("%w that can be paused or fired: %s of workflow %s starts runs by requests alone", ErrNoTrigger, id, workflow)
	}
	var no fact.Refusal
	err = e.shelf.tell(ctx, triggerStream(workflow, id), in)
	_, firing := in.(books.FireNow)
	switch {
	case errors.As(err, &no) && firing:
		return fmt.Errorf("%w: %s of workflow %s has no schedule", ErrNoTrigger, id, workflow)
	case errors.As(err, &no):
		return nil // it is as it was asked to be
	}
	return err
}
