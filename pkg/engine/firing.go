package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// TriggerScope is what the expressions of a trigger can see.
type TriggerScope struct {
	Trigger map[string]any // what started it
	Event   any            // nil: no event did
	// Parameter returns the value of a parameter in this deployment.
	Parameter func(name string) (any, error)
	At        time.Time // of the request or the firing
	Source    string    // what uuid and random derive from: another for each
}

// Read returns the trigger, its event or a parameter.
func (s TriggerScope) Read(r expression.Read) (any, error) {
	switch r.Root {
	case expression.RootTrigger:
		return s.Trigger, nil
	case expression.RootEvent:
		return s.Event, nil
	case expression.RootParams:
		return s.Parameter(r.Name)
	default: // the compiler refuses all others here
		return nil, nil
	}
}

// Now is the moment of the request or the firing.
func (s TriggerScope) Now() time.Time { return s.At }

// Seed is another one for each request or firing.
func (s TriggerScope) Seed() string { return s.Source }

// CodeNoTrigger is the code of a firing whose trigger has gone from the active
// version in the meantime.
const CodeNoTrigger = "NoTrigger"

// fire makes the input of a run that a trigger starts.
func (e *Engine) fire(wf *graph.Workflow, s *fact.Start) error {
	t := triggerOf(wf, s.TriggerID)
	if t == nil {
		return &startRefused{CodeNoTrigger, fmt.Sprintf("workflow %s has no trigger %q any more", wf.Name, s.TriggerID)}
	}
	scope, err := e.scopeOf(wf, s)
	if err != nil {
		return err
	}
	if t.Policy.Where != nil {
		switch yes, err := t.Policy.Where.Eval(scope); {
		case err != nil:
			return unfit(s, "condition", err)
		case yes != true:
			return &startRefused{books.Filtered, "the trigger's condition kept it back"}
		}
	}
	if s.Trigger, err = expression.Encode(scope.Trigger); err != nil {
		return err
	}
	switch {
	case t.Input != nil:
		x, err := t.Input.Eval(scope)
		if err != nil {
			return unfit(s, "input", err)
		}
		raw, err := expression.Encode(x)
		if err != nil {
			return unfit(s, "input", err)
		}
		s.Packed = expression.Raw(raw)
	case t.Event == nil:
		s.Packed = expression.Raw([]byte("{}"))
	}
	return nil
}

// scopeOf completes what a trigger's book says of the firing.
func (e *Engine) scopeOf(wf *graph.Workflow, s *fact.Start) (scope TriggerScope, err error) {
	x, err := expression.DecodeRaw(s.Trigger)
	if err != nil {
		return scope, fmt.Errorf("what triggered run %s: %w", s.Run, err)
	}
	scope.Trigger, _ = x.(map[string]any)
	if event, ok := scope.Trigger["event"].(map[string]any); ok {
		raw, err := e.startBytes(s)
		if err != nil {
			return scope, err
		}
		if event["data"], err = expression.Decode(expression.Raw(raw), nil); err != nil {
			return scope, err
		}
		scope.Event = event
	}
	text, _ := scope.Trigger["time"].(string)
	if scope.At, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return scope, fmt.Errorf("what triggered run %s: %w", s.Run, err)
	}
	scope.Source = s.Run
	scope.Parameter = func(name string) (any, error) { return e.Parameter(e.ctx, wf, name) }
	return scope, nil
}

// unfit refuses a firing whose expression failed; an error of the store stays
// one.
func unfit(s *fact.Start, what string, err error) error {
	var failed *expression.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("evaluate the %s of trigger %s: %w", what, s.TriggerID, err)
	}
	return &startRefused{CodeInputInvalid, fmt.Sprintf("the %s of trigger %s: %s, in ${ %s }", what, s.TriggerID, failed.Message, failed.Source)}
}

func triggerOf(wf *graph.Workflow, id string) *graph.Trigger {
	for i := range wf.Triggers {
		if wf.Triggers[i].ID == id {
			return &wf.Triggers[i]
		}
	}
	return nil
}

// triggerPrefix stands before the streams of the books of triggers: the
// workflow and the trigger's ID follow.
const triggerPrefix = "trigger/"

func triggerStream(workflow, id string) string { return triggerPrefix + workflow + "/" + id }

// timedOf returns what the books of triggers are told of a workflow.
func timedOf(wf *graph.Workflow) []fact.TriggerSet {
	var all []fact.TriggerSet
	for _, t := range wf.Triggers {
		set := fact.TriggerSet{Workflow: wf.Name, ID: t.ID}
		switch {
		case t.Schedule != nil:
			s := t.Schedule
			set.Cron, set.Every, set.Zone, set.Overlap, set.CatchUp = s.Cron, s.Every, s.Zone, uint8(s.Overlap), s.CatchUp
		case t.Event != nil:
			set.Event = t.Event.Type
		default:
			continue
		}
		all = append(all, set)
	}
	return all
}
