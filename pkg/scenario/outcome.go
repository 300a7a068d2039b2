package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// errFiltered means that the condition of a trigger was not true.
var errFiltered = errors.New("it is not true")

// Outcome is what became of a scenario's run.
type Outcome struct {
	Run      string
	Status   string
	Output   json.RawMessage // nil: none
	Error    *graph.Failure
	Response *Response // nil: the run did not answer
	Steps    []Step    // in order of their first event
	Duration time.Duration
	// Refused is what the run refused, by the index of the action.
	Refused map[int]string
	History []Event
}

// Response is what the caller of a trigger gets.
type Response struct {
	Status  int             `json:"status"`
	Headers json.RawMessage `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

// Step is one execution of a step.
type Step struct {
	Path, ID, Status string
	Attempts         int
	Output           json.RawMessage // nil: none
	Error            *graph.Failure
}

// Event is one event of the run's history.
type Event struct {
	Seq  uint64          `json:"seq"`
	Time time.Time       `json:"time"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// String returns the event on one line.
func (e Event) String() string {
	return fmt.Sprintf("%d %s %s %s", e.Seq, e.Time.UTC().Format(time.RFC3339Nano), e.Type, e.Data)
}

// OutcomeOf returns the outcome of a run as its view shows it. whole returns
// the JSON of a value.
func OutcomeOf(v *interpreter.View, whole func(v Value) (json.RawMessage, error)) (*Outcome, error) {
	o := &Outcome{Run: v.Run, Status: v.Status.String(), Error: v.Error, Refused: map[int]string{}}
	var err error
	if !v.Output.IsAbsent() {
		if o.Output, err = whole(v.Output); err != nil {
			return nil, err
		}
	}
	if v.Response != nil {
		o.Response = &Response{Status: v.Response.Status}
		if !v.Response.Headers.IsAbsent() {
			if o.Response.Headers, err = whole(v.Response.Headers); err != nil {
				return nil, err
			}
		}
		if !v.Response.Body.IsAbsent() {
			if o.Response.Body, err = whole(v.Response.Body); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range v.Steps {
		step := Step{Path: s.Path, ID: s.Step, Status: s.Status.String(), Attempts: s.Attempt, Error: s.Error}
		if !s.Output.IsAbsent() {
			if step.Output, err = whole(s.Output); err != nil {
				return nil, err
			}
		}
		o.Steps = append(o.Steps, step)
	}
	if !v.EndedAt.IsZero() {
		o.Duration = v.EndedAt.Sub(v.StartedAt)
	}
	return o, nil
}
