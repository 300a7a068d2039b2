package engine_test

import (
	"errors"
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

// A long run drops what stands far enough before its carried state: it keeps
// as many events as it was told to and some more, goes on over restarts, and
// is still known by its key and its input.
func TestCutRuns(t *testing.T) {
	for _, forget := range []bool{false, true} {
		t.Run(fmt.Sprint("forgotten ", forget), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { cutRun(t, forget) })
		})
	}
}

func cutRun(t *testing.T, forget bool) {
	const keep = 100
	w, log := newWorld(), memlog.New()
	open := func() *engine.Engine {
		e, err := engine.Open(t.Context(), engine.Options{
			Store: log, Registry: w.registry(), CarryAfter: 50, KeepEvents: keep, MaxEvents: 200, MaxIdle: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open()
	src := strings.Replace(circling, "variables:", "input: { type: object, properties: { to: { type: integer } } }\nvariables:", 1)
	if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
		t.Fatal(err, found)
	}
	req := engine.StartRequest{Workflow: "circling", IdempotencyKey: "monday", Input: []byte(`{"to":1}`)}
	s, err := e.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	most := uint64(0)
	for range 6 {
		time.Sleep(9*time.Second + 500*time.Millisecond)
		synctest.Wait()
		head, _, err := log.Head(t.Context(), s.Run)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, head.Records-head.Cut)
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
	if err != nil || v.Status != graph.Succeeded || len(w.effects) != 60 {
		t.Errorf("ended %s, %v with %d effects", v.Status, err, len(w.effects))
	}
	events, err := e.History(t.Context(), s.Run, 0, 10_000)
	if err != nil || len(events) < keep || len(events) > 4*keep || events[0].Type != "Carried" || events[0].Seq < keep {
		t.Errorf("%d events are left, %v; the first is %d %s", len(events), err, events[0].Seq, events[0].Type)
	}
	if most > 3*keep {
		t.Errorf("the log held %d records of it", most)
	}
	if again, err := e.Start(t.Context(), req); err != nil || again.Run != s.Run || !again.Existing {
		t.Errorf("the same start again is %+v, %v", again, err)
	}
	req.Input = []byte(`{"to":2}`)
	if _, err := e.Start(t.Context(), req); !errors.Is(err, engine.ErrKeyReused) {
		t.Errorf("another start with its key is %v", err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
