package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

const circling = `workflow: circling
version: "1"
variables: { sum: 0 }
steps:
  - id: round
    while: vars.sum < 60
    do:
      - { id: add, set: { sum: "${ vars.sum + 1 }" } }
      - { id: call, action: test.keyed, with: { name: "n${ vars.sum }" } }
      - { id: nap, wait: 1s }
output: "${ vars.sum }"
`

// A long run records its whole state once in a while and is read from there on:
// over restarts in between it ends as it would have, and what stands before is
// not read again. Without the place of that state it is read from its start.
func TestCarriedRuns(t *testing.T) {
	for _, forget := range []bool{false, true} {
		t.Run(fmt.Sprint("forgotten ", forget), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { carriedRun(t, forget) })
		})
	}
}

func carriedRun(t *testing.T, forget bool) {
	w, log := newWorld(), memlog.New()
	open := func() *engine.Engine {
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry(), CarryAfter: 50, MaxIdle: -1})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(circling)); err != nil {
		t.Fatal(err, found)
	}
	s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "circling"})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		time.Sleep(9*time.Second + 500*time.Millisecond)
		synctest.Wait()
		if forget {
			if err := log.Save(t.Context(), s.Run, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
		log = log.Reopen()
		e.Kill()
		time.Sleep(time.Millisecond)
		e = open()
	}
	v, err := e.Wait(t.Context(), s.Run)
	if err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != "60" {
		t.Errorf("ended %s %s, %v", v.Status, v.Output.Inline(), err)
	}
	for id, n := range w.effects {
		if n != 1 {
			t.Errorf("%s had %d effects", id, n)
		}
	}
	events, err := e.History(t.Context(), s.Run, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	carried := 0
	for i, ev := range events {
		if ev.Seq != uint64(i+1) {
			t.Fatalf("event %d has the number %d", i+1, ev.Seq)
		}
		if strings.HasPrefix(ev.Type, "Carried") {
			carried++
		}
	}
	if len(w.effects) != 60 || carried < 4 || carried > len(events)/50 {
		t.Errorf("%d effects, %d events, %d times carried", len(w.effects), len(events), carried)
	}
	if after, _, err := log.Latest(t.Context(), s.Run); err != nil || after == 0 {
		t.Errorf("reading begins behind record %d, %v", after, err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
