package engine_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// queueing is a workflow whose runs wait behind three.
type queueing struct {
	t    *testing.T
	path string
	env  *config.Environment
	log  *boltlog.Log
	e    *engine.Engine
}

func (q *queueing) open() {
	var err error
	if q.log, err = boltlog.Open(q.path, boltlog.Options{}); err != nil {
		q.t.Fatal(err)
	}
	if q.e, err = engine.Open(q.t.Context(), engine.Options{Store: q.log, Registry: newWorld().registry(), Env: q.env}); err != nil {
		q.t.Fatal(err)
	}
}

func (q *queueing) kill() {
	q.e.Kill()
	if err := q.log.Close(); err != nil {
		q.t.Fatal(err)
	}
}

// start starts a run and returns it once it is admitted or in the queue.
func (q *queueing) start(workflow, key string) string {
	s, err := q.e.Start(q.t.Context(), engine.StartRequest{Workflow: workflow, Input: json.RawMessage(`{"k":"` + key + `"}`)})
	if err != nil {
		q.t.Fatal(err)
	}
	if err := q.e.Admission(q.t.Context(), s.Run); err != nil || !s.Limited {
		q.t.Fatal(err)
	}
	return s.Run
}

// check compares who holds and who waits with the runs as they were started.
func (q *queueing) check(workflow, key string, runs []string) {
	q.t.Helper()
	holders, waiting, err := q.e.Limit(q.t.Context(), workflow, key)
	if err != nil {
		q.t.Fatal(err)
	}
	if d := cmp.Diff(slices.Concat(holders, waiting), runs, cmpopts.EquateEmpty()); d != "" || len(holders) != min(3, len(runs)) {
		q.t.Fatalf("%d hold under %q; got -, want +:\n%s", len(holders), key, d)
	}
}

// end has a run go on to its end.
func (q *queueing) end(run string) {
	if err := q.e.Signal(q.t.Context(), run, "", "go", nil); err != nil {
		q.t.Fatal(err)
	}
	if v, err := q.e.Wait(q.t.Context(), run); err != nil || v.Status != graph.Succeeded {
		q.t.Fatalf("run ended %s, %v", v.Status, err)
	}
}

// A hundred runs wait behind three when the process is killed: the same three
// hold afterwards, the others wait in the same order, and go in it, though the
// process is killed again in between. Another key is nobody's business.
func TestLimitSurvivesAKill(t *testing.T) {
	for name, concurrency := range map[string]string{
		"workflow": "{ limit: 3 }", "key": "{ key: input.k, limit: 3 }", "shared": "{ limit: erp }",
	} {
		t.Run(name, func(t *testing.T) {
			env, found := config.Load("env/x.yaml", []byte("limits: { erp: { parallel: 3 } }"), nil)
			if len(found) > 0 {
				t.Fatal(found)
			}
			q := &queueing{t: t, path: filepath.Join(t.TempDir(), "log"), env: env}
			q.open()
			src := strings.Replace(limited, "{ limit: 3 }", concurrency, 1)
			if _, found, err := q.e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
				t.Fatal(err, found)
			}
			key, other := "", []string(nil)
			if name == "key" {
				key, other = "a", []string{q.start("limited", "b"), q.start("limited", "b")}
			}
			var runs []string
			for range 103 {
				runs = append(runs, q.start("limited", "a"))
			}
			for range 3 {
				q.kill()
				q.open()
				q.check("limited", key, runs)
				if name == "key" {
					q.check("limited", "b", other)
				}
			}
			for len(runs) > 0 {
				q.end(runs[0])
				runs = runs[1:]
				if len(runs)%25 == 0 {
					q.kill()
					q.open()
				}
				q.settled(runs)
				q.check("limited", key, runs)
			}
			for _, run := range other {
				q.end(run)
			}
			if err := q.e.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if err := q.log.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// settled waits until those who may run have heard of it.
func (q *queueing) settled(runs []string) {
	for _, run := range runs[:min(3, len(runs))] {
		for e, err := range q.e.Watch(q.t.Context(), run, 0) {
			if err != nil {
				q.t.Fatal(err)
			}
			if e.Type == "Admitted" {
				break
			}
		}
	}
}

const limited = `workflow: limited
version: "1"
input: { type: object, properties: { k: { type: string, default: a } } }
concurrency: { limit: 3 }
steps:
  - { id: held, await: { signal: go } }
`
