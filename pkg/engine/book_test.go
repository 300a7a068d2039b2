package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// reads is a store that counts the streams which are read.
type reads struct {
	eventlog.Store
	mu sync.Mutex
	of map[string]int
}

func (r *reads) Read(ctx context.Context, stream string, after uint64) iter.Seq2[eventlog.Record, error] {
	r.mu.Lock()
	r.of[stream]++
	r.mu.Unlock()
	return r.Store.Read(ctx, stream, after)
}

// An event among many awaits has the run read that it matches, and no other.
func TestEventReadsOnlyWhatItMatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &reads{Store: memlog.New(), of: map[string]int{}}
		e, err := engine.Open(t.Context(), engine.Options{Store: store, Registry: newWorld().registry(), MaxIdle: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(awaiting)); err != nil {
			t.Fatal(err, found)
		}
		var runs []string
		for i := range 1000 {
			s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "awaiting", Input: fmt.Appendf(nil, `{"n":%d}`, i)})
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, s.Run)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := e.InMemory(); n != 0 {
			t.Errorf("%d runs are in memory before the event", n)
		}
		store.mu.Lock()
		clear(store.of)
		store.mu.Unlock()
		err = e.Publish(t.Context(), engine.CloudEvent{ID: "1", Type: "order.paid", Source: "/t", Data: []byte(`{"order":700}`)})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(store.of) != 1 || store.of[runs[700]] != 1 {
			t.Errorf("read were %v, want run 700 alone, %s", store.of, runs[700])
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A book is read from its newest snapshot, and from its first record when the
// snapshot is gone or cannot be read; it knows the same each time.
func TestBookSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New()
		open := func() *engine.Engine {
			e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: newWorld().registry()})
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		publish := func(e *engine.Engine, id int) {
			if err := e.Publish(t.Context(), engine.CloudEvent{ID: fmt.Sprint(id), Type: "x", Source: "/t"}); err != nil {
				t.Fatal(err)
			}
		}
		e := open()
		for i := range 2500 {
			publish(e, i)
		}
		synctest.Wait() // it is saved beside the turns
		after, _, err := log.Latest(t.Context(), "events")
		if err != nil || after != 2000 {
			t.Errorf("the snapshot is as of record %d, %v; want 2000", after, err)
		}
		head := func() uint64 {
			h, _, err := log.Head(t.Context(), "events")
			if err != nil {
				t.Fatal(err)
			}
			return h.Records
		}
		for _, damage := range []func(){
			func() {},
			func() { _ = log.Save(t.Context(), "events", 2000, []byte("nonsense")) },
			func() { _ = log.Save(t.Context(), "events", 7, nil) },
		} {
			e.Kill()
			log = log.Reopen()
			damage()
			e = open()
			had := head()
			publish(e, 0)
			publish(e, 2499)
			if head() != had {
				t.Errorf("events that came before were recorded again: %d records, had %d", head(), had)
			}
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A book that cannot be read refuses what needs it, and the engine lives.
func TestBrokenBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New()
		if err := log.Append(t.Context(), eventlog.Batch{Stream: "limit/limited", Record: []byte("nonsense")}); err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: newWorld().registry()})
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []string{limited, circling} {
			if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
				t.Fatal(err, found)
			}
		}
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "limited"})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Admission(t.Context(), s.Run); !errors.Is(err, engine.ErrBookBroken) {
			t.Errorf("Admission = %v, want %v", err, engine.ErrBookBroken)
		}
		s, err = e.Start(t.Context(), engine.StartRequest{Workflow: "circling"})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := e.Wait(t.Context(), s.Run); err != nil || v.Status.String() != "succeeded" {
			t.Errorf("another workflow: %s, %v", v.Status, err)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// lossy is a store that has lost all payloads.
type lossy struct{ eventlog.Store }

func (lossy) Get(context.Context, [32]byte) ([]byte, error) {
	return nil, eventlog.ErrCorrupt
}

const bigParent = `workflow: parent
version: "1"
steps:
  - { id: kid, call: kid, with: { x: "${ repeat('x', 70000) }" } }
`

const anyKid = `workflow: kid
version: "1"
steps:
  - { id: a, compose: 1 }
`

// A child takes an input that is stored; one whose input is lost fails its
// step, and neither the parent nor the engine suffers more.
func TestLargeChildInput(t *testing.T) {
	t.Run("stored", func(t *testing.T) { largeChild(t, memlog.New(), "") })
	t.Run("lost", func(t *testing.T) { largeChild(t, lossy{memlog.New()}, "InputInvalid") })
}

func largeChild(t *testing.T, store eventlog.Store, code string) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.Open(t.Context(), engine.Options{Store: store, Registry: newWorld().registry()})
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []string{anyKid, bigParent} {
			if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
				t.Fatal(err, found)
			}
		}
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "parent"})
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.Wait(t.Context(), s.Run)
		got := ""
		if v.Error != nil {
			got = v.Error.Code
		}
		if err != nil || got != code {
			t.Errorf("the run ended %s with %q, %v; want %q", v.Status, got, err, code)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
