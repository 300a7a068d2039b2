package screen

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
)

// Event is one recorded event of a run.
type Event struct {
	Seq  uint64          `json:"seq"`
	Time time.Time       `json:"time"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// details is the fields that events have, as far as people are told of them.
type details struct {
	Run      string    `json:"run"`
	Workflow string    `json:"workflow"`
	Version  string    `json:"version"`
	Path     string    `json:"path"`
	Attempt  int       `json:"attempt"`
	Pass     int       `json:"pass"`
	Count    int       `json:"count"`
	Status   any       `json:"status"` // a name, or the number of an answer
	Reason   string    `json:"reason"`
	Handler  string    `json:"handler"`
	Signal   string    `json:"signal"`
	By       string    `json:"by"`
	Why      string    `json:"why"`
	Due      time.Time `json:"due"`
	Error    *Error    `json:"error"`
}

// Line says in one line what e means to somebody who follows a run. It is
// empty for events that only the engine needs.
func Line(e Event) string {
	path, text, style := describe(e)
	if text == "" {
		return ""
	}
	s := dim.Render(e.Time.Local().Format("15:04:05.000")) + "  "
	if path != "" {
		s += bold.Render(Clean(path)) + "  "
	}
	return s + style(Clean(text))
}

// describe returns the step and the words for an event.
func describe(e Event) (path, text string, style func(...string) string) {
	var d details
	if json.Unmarshal(e.Data, &d) != nil {
		return "", e.Type, plain
	}
	failed := func() string {
		if d.Error == nil {
			return ""
		}
		return ": " + d.Error.String()
	}
	switch e.Type {
	case "RunStarted":
		return "", fmt.Sprintf("run %s of %s %s started", d.Run, d.Workflow, d.Version), bold.Render
	case "RunEnded":
		l, word := lookOfAny(d.Status)
		return "", "run " + word + failed(), l.style.Render
	case "StepEnded":
		l, word := lookOfAny(d.Status)
		return d.Path, word + failed(), l.style.Render
	case "StepScheduled":
		if d.Attempt > 1 {
			return d.Path, fmt.Sprintf("attempt %d", d.Attempt), plain
		}
		return d.Path, "started", plain
	case "StepSkipped":
		return d.Path, "skipped: " + skipReason(d.Reason), dim.Render
	case "RetryScheduled":
		return d.Path, fmt.Sprintf("attempt %d failed%s; again in %s", d.Attempt-1, failed(), Elapsed(d.Due.Sub(e.Time))), yellow.Render
	case "WaitStarted":
		return d.Path, "waits " + Elapsed(d.Due.Sub(e.Time)), yellow.Render
	}
	return d.rare(e.Type, failed())
}

// rare is describe for what does not happen in every run.
func (d details) rare(kind, failed string) (path, text string, style func(...string) string) {
	switch kind {
	case "AwaitStarted":
		return d.Path, "waits for a signal", yellow.Render
	case "BlockEntered":
		if d.Count > 0 {
			return d.Path, fmt.Sprintf("%d items", d.Count), plain
		}
	case "HandlerEntered":
		return d.Path, d.Handler + failed, yellow.Render
	case "LateResult":
		return d.Path, "an answer came too late and changes nothing", dim.Render
	case "Responded":
		return d.Path, fmt.Sprintf("answered the caller with %v", d.Status), plain
	case "StopBegan":
		if d.Path == "" {
			return "", "run is stopping: " + d.Reason + orEmpty(" (", d.Why, ")"), yellow.Render
		}
		return d.Path, "is stopping: " + d.Reason, yellow.Render
	case "CompensationStarted":
		return d.Path, "is being undone", yellow.Render
	case "CompensationEnded":
		l, word := lookOfAny(d.Status)
		return d.Path, "undoing it " + word + failed, l.style.Render
	case "SignalReceived":
		return "", "signal " + d.Signal + " received", plain
	}
	return "", "", nil
}

// lookOfAny is the look of a status as events name it.
func lookOfAny(status any) (look, string) {
	name, _ := status.(string)
	s, ok := graph.ParseStatus(name)
	if !ok {
		return lookOf(graph.Pending), name
	}
	l := lookOf(s)
	return l, l.word
}

func plain(ss ...string) string {
	if len(ss) == 0 {
		return ""
	}
	return ss[0]
}

func orEmpty(before, s, after string) string {
	if s == "" {
		return ""
	}
	return before + s + after
}
