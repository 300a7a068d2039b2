package scenario

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// Case is one scenario as a driver runs it.
type Case struct {
	Name string
	// Run is the ID that the run gets where the driver can choose it.
	Run      string
	Workflow string
	Flows    map[string]*graph.Workflow // of the project, by name
	Sources  []Source                   // of the same
	// Env holds the parameters and the secrets of the scenario and the file's
	// connections. A secret that the file gives no value has its name in angle
	// brackets.
	Env       *config.Environment
	Start     time.Time
	Input     json.RawMessage // of the run, made by its trigger where it has one
	TriggerID string
	Trigger   json.RawMessage
	Actions   []Action // by time
	World     *World
	// Until is how long after the start the scenario is watched.
	Until time.Duration
}

// Action is something that happens to the run from outside. Exactly one of
// Signal, Event and Task is not empty, or Cancels or Kills is set.
type Action struct {
	Index       int // in the scenario's list
	After       time.Duration
	ID          string
	Signal      string
	Event       string
	Source      string
	Subject     string
	Data        json.RawMessage // of a signal or an event; nil: null
	Task        string          // id or path of an approval
	Outcome, By string
	Form        json.RawMessage
	Cancels     bool
	Reason      string // of the cancel
	// Kills ends the process in which the run is, at once; another one goes on
	// from what is stored once Down has passed. What happens meanwhile happens
	// then.
	Kills         bool
	Down          time.Duration
	expectRefused bool
}

// Driver runs a scenario.
type Driver interface {
	Drive(ctx context.Context, c *Case) (*Outcome, error)
}

// defaultStart is when a run starts that does not say when.
var defaultStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// watched is how long a scenario is watched where nothing says otherwise.
const watched = 10 * 366 * 24 * time.Hour

// newCase makes the case of a scenario of the file, with a world of its own.
func (f *File) newCase(i int, run string) (*Case, error) {
	s := f.doc.Cases[i]
	c := &Case{
		Name: s.Name, Run: run, Workflow: f.doc.Workflow, Flows: f.flows, Sources: f.Sources, Start: defaultStart,
		Input: s.Input, World: newWorld(s.Mocks, f.doc.Mocks), Until: watched,
	}
	if at := cmp.Or(s.StartAt, f.doc.StartAt); at != "" {
		c.Start, _ = time.Parse(time.RFC3339, at) // was checked when the file was loaded
		c.Start = c.Start.UTC()
	}
	if c.Input == nil {
		c.Input = json.RawMessage("{}")
	}
	c.Env = f.environment(s.Parameters)
	for j, h := range s.Timeline {
		c.Actions = append(c.Actions, newAction(j, h))
	}
	slices.SortStableFunc(c.Actions, func(a, b Action) int { return cmp.Compare(a.After, b.After) })
	if s.Trigger != nil {
		return c, c.fire(s.Trigger, s.Element)
	}
	return c, nil
}

func newAction(i int, h happeningDoc) Action {
	a := Action{Index: i, expectRefused: h.Refused}
	a.After, _ = duration(h.At) // was checked when the file was loaded
	switch {
	case h.Signal != nil:
		a.Signal, a.ID, a.Data = h.Signal.Name, h.Signal.ID, h.Signal.Data
	case h.Event != nil:
		a.Event, a.Source, a.Subject, a.ID, a.Data = h.Event.Type, h.Event.Source, h.Event.Subject, h.Event.ID, h.Event.Data
	case h.Answer != nil:
		a.Task, a.Outcome, a.By, a.Form = h.Answer.Step, h.Answer.Outcome, h.Answer.By, h.Answer.Form
	case h.Cancel != nil:
		a.Cancels, a.Reason = true, *h.Cancel
	case h.Kill != nil:
		a.Kills = true
		a.Down, _ = duration(*h.Kill) // as above
	}
	a.ID = cmp.Or(a.ID, fmt.Sprintf("action-%d", i+1))
	a.Source = cmp.Or(a.Source, "/scenario")
	return a
}

// environment returns the file's environment with the parameters of a
// scenario, and secrets for nobody but it.
func (f *File) environment(params map[string]json.RawMessage) *config.Environment {
	env := &config.Environment{}
	if f.Env != nil {
		*env = *f.Env
	}
	env.Secrets = secrets.New(testSecrets(f.doc.Secrets))
	env.Parameters = maps.Clone(env.Parameters)
	if env.Parameters == nil {
		env.Parameters = map[string]expression.Value{}
	}
	for _, given := range []map[string]json.RawMessage{f.doc.Parameters, params} {
		for name, raw := range given {
			env.Parameters[name] = expression.Raw(raw)
		}
	}
	return env
}

// fire makes the input of the run as the trigger does, for one element of its
// list where it splits one.
func (c *Case) fire(doc map[string]json.RawMessage, element int) error {
	flow := c.Flows[c.Workflow]
	if c.TriggerID = textOf(doc["id"]); c.TriggerID == "" {
		c.TriggerID = flow.Triggers[0].ID // the only one
	}
	i := slices.IndexFunc(flow.Triggers, func(t graph.Trigger) bool { return t.ID == c.TriggerID })
	t := &flow.Triggers[i] // was checked when the file was loaded
	trigger := map[string]any{"kind": kindOf(t), "time": c.Start.Format(time.RFC3339Nano)}
	for name, raw := range doc {
		trigger[name] = decoded(raw)
	}
	trigger["id"] = c.TriggerID
	scope := engine.TriggerScope{
		Trigger: trigger, Event: trigger["event"], At: c.Start, Source: c.Run,
		Parameter: func(name string) (any, error) { return c.param(flow, name) },
	}
	scope, err := split(scope, t, element)
	if err != nil {
		return err
	}
	if t.Policy.Where != nil {
		if yes, err := t.Policy.Where.Eval(scope); err != nil || yes != true {
			return fmt.Errorf("the condition of trigger %s keeps it back: %v, %w", t.ID, yes, orNone(err))
		}
	}
	input := scope.Data()
	if input == nil {
		input = map[string]any{}
	}
	if t.Input != nil {
		if input, err = t.Input.Eval(scope); err != nil {
			return fmt.Errorf("evaluate the input of trigger %s: %w", t.ID, err)
		}
	}
	if c.Input, err = expression.Encode(input); err != nil {
		return fmt.Errorf("the input of trigger %s: %w", t.ID, err)
	}
	c.Trigger, err = expression.Encode(scope.Trigger)
	return err
}

// split returns what one element of the list of splitOn sees, from 1; 0 is the
// only one.
func split(scope engine.TriggerScope, t *graph.Trigger, element int) (engine.TriggerScope, error) {
	if t.Policy.SplitOn == nil {
		return scope, nil
	}
	x, err := t.Policy.SplitOn.Eval(scope)
	if err != nil {
		return scope, fmt.Errorf("evaluate splitOn of trigger %s: %w", t.ID, err)
	}
	list, ok := x.([]any)
	switch {
	case !ok:
		return scope, fmt.Errorf("splitOn of trigger %s needs a list", t.ID)
	case len(list) > engine.MaxSplit:
		return scope, fmt.Errorf("the list of splitOn of trigger %s has %d elements, at most %d are taken", t.ID, len(list), engine.MaxSplit)
	case len(list) == 0:
		return scope, fmt.Errorf("the list of splitOn of trigger %s is empty, so there is no run", t.ID)
	case element == 0 && len(list) > 1:
		return scope, fmt.Errorf("splitOn of trigger %s makes %d runs, and a scenario is one; add element: with its number, from 1 on", t.ID, len(list))
	case element > len(list):
		return scope, fmt.Errorf("splitOn of trigger %s makes %d runs, there is no element %d", t.ID, len(list), element)
	}
	return scope.With(list[max(element, 1)-1]), nil
}

func orNone(err error) error {
	if err == nil {
		return errFiltered
	}
	return err
}

func kindOf(t *graph.Trigger) string {
	switch {
	case t.HTTP != nil:
		return "http"
	case t.Schedule != nil:
		return "schedule"
	}
	return "event"
}

// param returns the value of a parameter of a workflow.
func (c *Case) param(flow *graph.Workflow, name string) (any, error) {
	for _, p := range flow.Params {
		if p.Name != name {
			continue
		}
		v := p.Default
		if given, ok := c.Env.Parameters[name]; ok {
			v = given
		}
		if v.IsAbsent() {
			return nil, fmt.Errorf("parameter %q of workflow %s has no value", name, flow.Name)
		}
		x, err := expression.Decode(v, nil)
		if err == nil && p.Schema != nil && !p.Secret {
			if bad := p.Schema.Validate(x); len(bad) > 0 {
				err = fmt.Errorf("parameter %q of workflow %s: %s %s", name, flow.Name, bad[0].Path, bad[0].Message)
			}
		}
		return x, err
	}
	return nil, fmt.Errorf("workflow %s has no parameter %q", flow.Name, name)
}
