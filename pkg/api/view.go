package api

import (
	"encoding/json"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// runOf shows a run as the API does.
func runOf(v engine.RunView) Run {
	out := Run{
		Run: v.Run, Workflow: v.Workflow, Version: v.Version, Digest: v.Digest, Semantics: v.Semantics, Trigger: v.TriggerID,
		Status: RunStatus(v.Status.String()), StartedAt: v.StartedAt.UTC(), EndedAt: utc(v.EndedAt), WakeAt: utc(v.WakeAt),
		RestartOf: v.RestartOf, Cancelling: v.Cancelling, Input: valueOf(v.Input), Output: valueOf(v.Output), Error: failureOf(v.Error),
		Steps: []Step{},
	}
	if v.TriggerID == "" { // else it is a trigger
		out.Parent = v.Parent
	}
	if a := v.Response; a != nil {
		out.Response = &Answer{Status: a.Status, Headers: valueOf(a.Headers), Body: valueOf(a.Body)}
	}
	for _, s := range v.Steps {
		out.Steps = append(out.Steps, Step{
			Path: s.Path, Step: s.Step, Kind: verbOf(s.Kind), Operation: s.Operation, Child: s.Child, Status: StepStatus(s.Status.String()),
			Reason: s.Reason, Attempt: s.Attempt, StartedAt: s.StartedAt.UTC(), EndedAt: utc(s.EndedAt), Due: utc(s.Due),
			WaitsFor: s.WaitsFor, Input: valueOf(s.Input), Output: valueOf(s.Output), Error: failureOf(s.Error),
		})
	}
	return out
}

// valueOf returns the JSON of a recorded value; a large one is named by its
// hash under $stored.
func valueOf(v expression.Value) Value {
	if v.IsAbsent() {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil { // a recorded value is valid JSON
		return Value("null")
	}
	return b
}

func failureOf(f *graph.Failure) *Failure {
	if f == nil {
		return nil
	}
	return &Failure{Code: f.Code, Message: f.Message, Status: f.Status, Step: f.Step, Attempt: f.Attempt, Details: valueOf(f.Details)}
}

func summaryOf(s engine.RunSummary) RunSummary {
	out := RunSummary{
		Run: s.Run, Workflow: s.Workflow, Version: s.Version, Status: RunStatus(s.Status), StartedAt: s.StartedAt.UTC(),
		Error: s.Error, Reason: s.Reason, Parent: s.Parent, RestartOf: s.RestartOf, Attributes: s.Attributes,
	}
	if s.EndedAt != nil {
		out.EndedAt = utc(*s.EndedAt)
	}
	if s.WakeAt != nil {
		out.WakeAt = utc(*s.WakeAt)
	}
	return out
}

func eventOf(e engine.HistoryEvent) Event {
	return Event{Seq: e.Seq, Time: e.Time.UTC(), Type: e.Type, Data: e.Data}
}

// utc returns t in UTC; the zero time stays zero and is left out.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// verbs is the verb of each kind of step, as authors write it.
var verbs = [...]string{
	graph.Action: "action", graph.Compose: "compose", graph.Set: "set", graph.If: "if", graph.Switch: "switch",
	graph.Foreach: "foreach", graph.While: "while", graph.Until: "until", graph.Parallel: "parallel", graph.Race: "race",
	graph.Scope: "do", graph.Wait: "wait", graph.Await: "await", graph.Approval: "approval", graph.CallWorkflow: "call",
	graph.Emit: "emit", graph.Respond: "respond", graph.Return: "return", graph.Fail: "fail",
	graph.Terminate: "terminate", graph.Rollback: "rollback",
}

func verbOf(k graph.Kind) string {
	if int(k) < len(verbs) {
		return verbs[k]
	}
	return "unknown"
}
