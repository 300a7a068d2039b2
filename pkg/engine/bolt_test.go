package engine_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Runs go on from the file that a crash left behind, wherever it struck; every
// start that was acknowledged is there and ends.
func TestCrashOnDisk(t *testing.T) {
	path, w := filepath.Join(t.TempDir(), "log"), newWorld()
	w.slow = time.Millisecond
	var runs []string
	for round := range 6 {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry()})
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(onDisk)); err != nil {
			t.Fatal(err, found)
		}
		if round < 5 {
			for i := range 20 {
				s, err := e.Start(t.Context(), engine.StartRequest{
					Workflow: "disk", Input: fmt.Appendf(nil, `{"n":"%d.%d"}`, round, i),
				})
				if err != nil {
					t.Fatal(err)
				}
				runs = append(runs, s.Run)
			}
			e.Kill()
		} else {
			for _, run := range runs {
				if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
					t.Errorf("run %s ended %s, %v", run, v.Status, err)
				}
			}
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for id, n := range w.effects {
		if n != 1 {
			t.Errorf("%s had %d effects, want 1", id, n)
		}
	}
	if len(w.effects) != 2*len(runs) || len(w.trouble) > 0 {
		t.Errorf("%d effects of %d runs, %v", len(w.effects), len(runs), w.trouble)
	}
}

const onDisk = `workflow: disk
version: "1"
input: { type: object, required: [n], properties: { n: { type: string } } }
steps:
  - { id: a, action: test.keyed, with: { name: "a ${ input.n }" } }
  - { id: nap, wait: 5ms }
  - { id: b, action: test.keyed, with: { name: "b ${ input.n }" } }
`

// Children, events and slots are where they were in the file that a kill left
// behind, and each arrives once.
func TestCrashBetweenRunsOnDisk(t *testing.T) {
	path, w := filepath.Join(t.TempDir(), "log"), newWorld()
	w.slow = time.Millisecond
	var runs []string
	const rounds, each = 6, 6
	for round := range rounds {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry()})
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range exchange {
			if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
				t.Fatal(err, found)
			}
		}
		if round < rounds-1 {
			for i := range each {
				s, err := e.Start(t.Context(), engine.StartRequest{
					Workflow: "hub", Input: fmt.Appendf(nil, `{"name":"%d.%d"}`, round, i),
				})
				if err != nil {
					t.Fatal(err)
				}
				runs = append(runs, s.Run)
			}
			e.Kill()
		} else {
			for _, run := range runs {
				if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
					t.Errorf("run %s ended %s, %v", run, v.Status, err)
				}
			}
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	leaves := 0
	for id, n := range w.effects {
		if n != 1 {
			t.Errorf("%s had %d effects, want 1", id, n)
		}
		if strings.HasPrefix(id, "keyed leaf") {
			leaves++
		}
	}
	if leaves != 2*len(runs) || len(w.trouble) > 0 {
		t.Errorf("%d leaves of %d hubs, %v", leaves, len(runs), w.trouble)
	}
}
