package engine

import (
	"errors"
	"fmt"
	"maps"
	"time"

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

// fire makes the input of a run that a trigger starts, and what the run knows
// of its trigger.
func (e *Engine) fire(wf *graph.Workflow, s *fact.Start) error {
	t := triggerOf(wf, s.TriggerID)
	if t == nil {
		return &startRefused{CodeNoTrigger, fmt.Sprintf("workflow %s has no trigger %q any more", wf.Name, s.TriggerID)}
	}
	scope, err := e.scopeOf(wf, t, s)
	if err != nil {
		return err
	}
	if s.Trigger, err = expression.Encode(scope.Trigger); err != nil {
		return err
	}
	switch {
	case t.Input != nil:
		x, err := t.Input.Eval(scope)
		if err != nil {
			return unfit(t.ID, "input", err)
		}
		raw, err := expression.Encode(x)
		if err != nil {
			return unfit(t.ID, "input", err)
		}
		s.Packed = expression.Raw(raw)
	case t.Event == nil && s.Packed.IsAbsent():
		s.Packed = expression.Raw([]byte("{}"))
	}
	return nil
}

// scopeOf completes what a trigger's book says of the firing.
func (e *Engine) scopeOf(wf *graph.Workflow, t *graph.Trigger, s *fact.Start) (scope TriggerScope, err error) {
	x, err := expression.Decode(expression.Raw(s.Trigger), nil)
	if err != nil {
		return scope, fmt.Errorf("what triggered run %s: %w", s.Run, err)
	}
	values, _ := x.(map[string]any)
	var data any
	if t.Event != nil || !s.Packed.IsAbsent() {
		raw, err := e.startBytes(s)
		if err != nil {
			return scope, err
		}
		if data, err = expression.Decode(expression.Raw(raw), nil); err != nil {
			return scope, err
		}
	}
	text, _ := values["time"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return scope, fmt.Errorf("what triggered run %s: %w", s.Run, err)
	}
	scope = e.triggerScope(wf, values, at, s.Run)
	if t.Schedule == nil || t.Policy.SplitOn != nil {
		scope = scope.With(data)
	}
	return scope, nil
}

// triggerScope returns what the expressions of a trigger can see of a firing.
func (e *Engine) triggerScope(wf *graph.Workflow, values map[string]any, at time.Time, source string) TriggerScope {
	return TriggerScope{
		Trigger: values, Event: values["event"], At: at, Source: source,
		Parameter: func(name string) (any, error) { return e.Parameter(e.ctx, wf, name) },
	}
}

// With returns the scope with other data: the body, or that of the event.
func (s TriggerScope) With(data any) TriggerScope {
	s.Trigger = maps.Clone(s.Trigger)
	if event, ok := s.Trigger["event"].(map[string]any); ok {
		event = maps.Clone(event)
		event["data"] = data
		s.Trigger["event"], s.Event = event, event
	} else {
		s.Trigger["body"] = data
	}
	return s
}

// Data returns what With put there.
func (s TriggerScope) Data() any {
	if event, ok := s.Event.(map[string]any); ok {
		return event["data"]
	}
	return s.Trigger["body"]
}

// unfit refuses a firing whose expression failed; an error of the store stays
// one.
func unfit(trigger, what string, err error) error {
	var failed *expression.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("evaluate the %s of trigger %s: %w", what, trigger, err)
	}
	return &startRefused{CodeInputInvalid, fmt.Sprintf("the %s of trigger %s: %s, in ${ %s }", what, trigger, failed.Message, failed.Source)}
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
		set := fact.TriggerSet{
			Workflow: wf.Name, ID: t.ID, Rules: hasRules(&t), Rate: fact.Rate{Count: t.Policy.Rate.Count, Per: t.Policy.Rate.Per},
		}
		switch {
		case t.Schedule != nil:
			s := t.Schedule
			set.Cron, set.Every, set.Zone, set.Overlap, set.CatchUp = s.Cron, s.Every, s.Zone, uint8(s.Overlap), s.CatchUp
		case t.Event != nil:
			set.Event = t.Event.Type
		case keeps(&t):
			set.HTTP = true
		default:
			continue
		}
		all = append(all, set)
	}
	return all
}
