package golden_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// told is one thing that a run was told: how many events it had then, when
// that was, and what. The line is as in the transcripts of pkg/interpreter.
type told struct {
	after uint64
	at    time.Time
	line  string
}

// run is the ID of every recorded run.
const run = "run-1"

// input returns what a line tells a run of wf.
func input(wf *graph.Workflow, line string) (interpreter.Input, error) {
	words := strings.Fields(line)
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	rest := func(n int) []byte {
		parts := strings.SplitN(line, " ", n+1)
		if len(parts) <= n {
			return []byte("{}")
		}
		return []byte(parts[n])
	}
	path, attempt := arg(1), 1
	if i := strings.LastIndex(path, "@"); i >= 0 {
		attempt, _ = strconv.Atoi(path[i+1:])
		path = path[:i]
	}
	switch words[0] {
	case "start", "start-of": // start JSON, start-of PARENT JSON
		in := interpreter.Start{Run: run, Workflow: wf.Name, Version: wf.Version, Digest: wf.Digest, Value: rest(1), WantsAnswer: wf.HasRespond}
		if words[0] == "start-of" {
			in.Parent, in.ParentPath, in.Value = arg(1), "up", rest(2)
		}
		return in, nil
	case "ok":
		return interpreter.CallResult{Path: path, Attempt: attempt, Output: rest(2)}, nil
	case "fail":
		return interpreter.CallResult{Path: path, Attempt: attempt, Err: failure(words[2:])}, nil
	case "started":
		return interpreter.CallStarted{Path: path, Attempt: attempt}, nil
	case "fire":
		return interpreter.TimerFired{Timer: arg(1)}, nil
	case "signal": // NAME ID JSON
		return interpreter.Signal{Name: arg(1), ID: arg(2), Data: rest(3)}, nil
	case "cancel":
		return interpreter.Cancel{Reason: arg(1)}, nil
	case "child": // PATH STATUS JSON-or-CODE
		c := interpreter.ChildEnded{Path: path, Child: interpreter.ChildID(run, path, attempt), Status: arg(2)}
		if arg(2) == "succeeded" {
			c.Output = expression.Raw(rest(3))
		} else {
			c.Code, c.Message = arg(3), "the child says "+arg(3)
		}
		return c, nil
	case "event": // PATH TYPE ID JSON
		e := fact.CloudEvent{Type: arg(2), ID: arg(3), Source: "/test", Data: expression.Raw(rest(4))}
		return interpreter.EventArrived{Path: arg(1), Event: e}, nil
	case "grant":
		return interpreter.SlotGranted{}, nil
	case "refuse":
		return interpreter.SlotRefused{Code: arg(1), Message: "no slot"}, nil
	case "suspend":
		return interpreter.Suspend{Reason: arg(1)}, nil
	case "resume":
		return interpreter.Resume{}, nil
	case "answer": // PATH BY OUTCOME JSON
		return interpreter.Answer{Path: arg(1), By: arg(2), Outcome: arg(3), Form: rest(4)}, nil
	case "reassign": // PATH JSON
		return interpreter.Reassign{Path: arg(1), To: rest(2), By: "boss"}, nil
	case "carry":
		return interpreter.Carry{}, nil
	}
	return nil, fmt.Errorf("unknown line %q", line)
}

func failure(words []string) *graph.Failure {
	f := &graph.Failure{Code: words[0], Message: "it says " + words[0]}
	for _, w := range words[1:] {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "lost":
			f.Lost = true
		case "certain":
			f.Certain = true
		case "final":
			f.Final = true
		case "status":
			f.Status, _ = strconv.Atoi(v)
		case "after":
			f.RetryAfter, _ = expression.ParseDuration(v)
		}
	}
	return f
}
