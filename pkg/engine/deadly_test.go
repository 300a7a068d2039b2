package engine_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// deadlyExit is what a process ends with that a run ended; deadlyFile names
// the log to the processes of TestDeadly.
const (
	deadlyExit = 97
	deadlyFile = "KEELSTEP_TEST_DEADLY"
)

const (
	deadlyRuns = 3
	livelyRuns = 60
)

var deadlyFlows = []string{`workflow: lively
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: a, action: test.safe, with: { value: "${ input.n }" } }
  - { id: nap, wait: 1ms }
  - { id: b, action: test.safe, with: { value: "${ steps.a.output.value }" } }
output: "${ steps.b.output.value }"
`, `workflow: deadly
version: "1"
steps:
  - { id: nap, wait: 1ms }
  - { id: end, action: test.safe, with: { deadly: true } }
`}

// TestDeadly has runs that end the process whenever the engine works on them:
// after three attempts each the engine leaves them alone, though nobody was
// left to say why, and all others end well.
func TestDeadly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	deaths := 0
	for ; ; deaths++ {
		c := exec.Command(os.Args[0], "-test.run=^TestDeadlyLife$", "-test.count=1")
		c.Env = append(os.Environ(), deadlyFile+"="+path)
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if err == nil {
			break
		}
		if !errors.As(err, &exit) || exit.ExitCode() != deadlyExit || deaths >= 5*deadlyRuns {
			t.Fatalf("death %d: %v\n%s", deaths+1, err, out)
		}
	}
	t.Logf("the process died %d times of %d runs", deaths, deadlyRuns)
	if deaths < deadlyRuns {
		t.Errorf("the process died %d times: too little happened", deaths)
	}
	log, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: newWorld().registry()})
	if err != nil {
		t.Fatal(err)
	}
	rows, _, err := e.List(t.Context(), engine.RunFilter{Limit: 1000})
	if err != nil || len(rows) != deadlyRuns+livelyRuns {
		t.Errorf("%d runs, %v", len(rows), err)
	}
	for _, r := range rows {
		want, reason := graph.Succeeded, ""
		if r.Workflow == "deadly" {
			want, reason = graph.Stuck, engine.ReasonPanic
		}
		if r.Status != want.String() || r.Reason != reason {
			t.Errorf("%s run %s is %s %s, want %s", r.Workflow, r.Run, r.Status, r.Reason, want)
		}
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDeadlyLife is one life of the process that TestDeadly starts.
func TestDeadlyLife(t *testing.T) {
	path := os.Getenv(deadlyFile)
	if path == "" {
		t.Skip("on demand: it is a process of TestDeadly")
	}
	log, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: newWorld().registry()})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range deadlyFlows {
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
			t.Fatal(err, found)
		}
	}
	var runs []string
	for i := range deadlyRuns + livelyRuns {
		req := engine.StartRequest{Workflow: "lively", Input: fmt.Appendf(nil, `{"n":%d}`, i), IdempotencyKey: fmt.Sprint(i)}
		if i%20 == 10 {
			req.Workflow, req.Input = "deadly", nil
		}
		s, err := e.Start(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, s.Run)
	}
	for _, run := range runs {
		if _, err := e.Wait(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
