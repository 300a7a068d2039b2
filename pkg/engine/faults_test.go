package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// winding is a workflow that does a bit of everything that reaches outside.
const winding = `workflow: winding
version: "1"
input: { type: object, required: [items], properties: { items: { type: array, items: { type: integer } } } }
steps:
  - { id: first, action: test.keyed, with: { name: first, value: "${ input.items }", lose: 1 }, retry: { attempts: 3, delay: 1s, jitter: false } }
  - id: each
    foreach: input.items
    as: x
    concurrency: 2
    do: [{ id: one, action: test.keyed, with: { name: "one ${ x }", value: "${ x }" } }]
    output: "${ steps.one.output.value }"
  - { id: nap, wait: 30s }
  - { id: go, await: { signal: go } }
  - id: once
    action: test.never
    with: { name: once, value: 1 }
    catch: [{ when: 'error.code == "Uncertain"', do: [{ id: doubt, compose: { value: 1 } }] }]
output: { list: "${ steps.each.output.results }", n: "${ steps.go.output.data.n }", once: "${ steps.once.output.value }" }
`

const windingEnd = `succeeded {"list":[1,2,3],"n":5,"once":1}`

// passage is a run that is made, and how it ends.
type passage struct{ source, workflow, input, end string }

var wound = passage{winding, "winding", `{"items":[1,2,3]}`, windingEnd}

// journey drives one run from start to end over engines that fail.
type journey struct {
	t          *testing.T
	world      *world
	log        *memlog.Log
	passage    passage                             // the zero one: wound
	wrap       func(eventlog.Store) eventlog.Store // of the next engine
	carryAfter uint64
	id         string

	mu   sync.Mutex
	e    *engine.Engine
	dead bool // the engine was killed by the store's fault
}

// die kills the engine from within one of its calls.
func (j *journey) die() {
	j.mu.Lock()
	e := j.e
	j.dead = true
	j.mu.Unlock()
	if e != nil { // else it is being opened, and fails at the next call
		e.Kill()
	}
}

// over reports whether the engine has come to its end.
func (j *journey) over() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead || j.e.Err() != nil
}

func (j *journey) open() error {
	store := eventlog.Store(j.log)
	if j.wrap != nil {
		store = j.wrap(store)
	}
	e, err := engine.Open(j.t.Context(), engine.Options{Store: store, Registry: j.world.registry(), CarryAfter: j.carryAfter})
	j.mu.Lock()
	defer j.mu.Unlock()
	j.e = e
	if j.dead && e != nil {
		e.Kill()
	}
	return err
}

// restart is a crash and a new start, on a store that fails no more.
func (j *journey) restart() {
	j.log = j.log.Reopen()
	if j.e != nil {
		j.e.Kill()
	}
	j.wrap, j.e, j.dead = nil, nil, false
	if err := j.open(); err != nil {
		j.t.Fatal("open again:", err)
	}
}

// try does f until it succeeds, over restarts and full disks.
func (j *journey) try(what string, f func(ctx context.Context) error) {
	for range 20 {
		err := f(j.t.Context())
		switch {
		case err == nil:
			return
		case errors.Is(err, engine.ErrStorageFull):
			time.Sleep(time.Second)
		case j.over(), errors.Is(err, eventlog.ErrClosed), errors.Is(err, logtest.ErrFault): // the engine may not have seen it yet
			j.restart()
		default:
			j.t.Fatalf("%s: %v", what, err)
		}
	}
	j.t.Fatalf("%s: no success in 20 attempts", what)
}

// travel makes the journey. chance is called between its stages.
func (j *journey) travel(chance func()) string {
	if j.passage == (passage{}) {
		j.passage = wound
	}
	if err := j.open(); err != nil {
		j.restart()
	}
	j.try("deploy", func(ctx context.Context) error {
		_, found, err := j.e.Deploy(ctx, "flow.yaml", []byte(j.passage.source))
		if err != nil && len(found) > 0 {
			j.t.Fatal(found)
		}
		return err
	})
	j.try("start", func(ctx context.Context) error {
		s, err := j.e.Start(ctx, engine.StartRequest{Workflow: j.passage.workflow, Input: []byte(j.passage.input), IdempotencyKey: "k"})
		j.id = s.Run
		return err
	})
	for range 3 {
		chance()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if j.over() {
			j.restart()
		}
	}
	j.try("signal", func(ctx context.Context) error {
		err := j.e.Signal(ctx, j.id, "s1", "go", []byte(`{"n":5}`))
		if errors.Is(err, engine.ErrRunEnded) {
			return nil // the signal was taken, its acknowledgement lost
		}
		return err
	})
	chance()
	var v engine.RunView
	j.try("wait", func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		v, err = j.e.Wait(ctx, j.id)
		return err
	})
	var out json.RawMessage
	j.try("value", func(ctx context.Context) (err error) {
		out, err = j.e.Value(ctx, v.Output)
		return err
	})
	if err := j.e.Close(j.t.Context()); err != nil && j.e.Err() == nil {
		j.t.Error("close:", err)
	}
	return fmt.Sprintf("%s %s", v.Status, out)
}

// check compares the outside with what one calm run does to it.
func (j *journey) check(name, end string) {
	j.t.Helper()
	if end != j.passage.end {
		j.t.Errorf("%s: the run ended %s, want %s", name, end, j.passage.end)
	}
	j.world.mu.Lock()
	defer j.world.mu.Unlock()
	for id, n := range j.world.effects {
		if n > 1 {
			j.t.Errorf("%s: %s had %d effects, want 1", name, id, n)
		}
	}
	if n := j.world.calls["never once"]; n > 1 && j.world.nth == 0 { // else the first may have proved that it did nothing
		j.t.Errorf("%s: the call that is never repeated went out %d times", name, n)
	}
	if len(j.world.trouble) > 0 {
		j.t.Errorf("%s: %s", name, strings.Join(j.world.trouble, "; "))
	}
}

// TestEachAppendFails fails the Nth Append in each way, for every N that the
// journey reaches: it ends as the calm one does.
func TestEachAppendFails(t *testing.T) {
	for _, fault := range logtest.Faults {
		t.Run(fault.String(), func(t *testing.T) {
			reached := true
			for n := 1; reached; n++ {
				synctest.Test(t, func(t *testing.T) {
					var faulty *logtest.Faulty
					j := &journey{t: t, world: newWorld(), log: memlog.New()}
					j.wrap = func(s eventlog.Store) eventlog.Store {
						faulty = &logtest.Faulty{Store: s, N: n, Fault: fault}
						return faulty
					}
					end := j.travel(func() {})
					j.check(fmt.Sprintf("append %d, %s", n, fault), end)
					reached = faulty.Appends() >= n
				})
			}
		})
	}
}

// TestCrashAnywhere kills the engine at random moments.
func TestCrashAnywhere(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 20
	}
	first := rand.Uint64()
	for i := range seeds {
		seed := first + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			j := &journey{t: t, world: newWorld(), log: memlog.New()}
			j.world.slow = time.Duration(r.IntN(800)) * time.Millisecond
			end := j.travel(func() {
				for range r.IntN(4) {
					time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
					for range r.IntN(50) { // somewhere in the middle of what goes on
						j.yield()
					}
					j.restart()
				}
			})
			j.check(fmt.Sprintf("seed %d", seed), end)
		})
		if t.Failed() {
			t.Fatalf("seed %d failed", seed)
		}
	}
}

// yield lets other goroutines go on for a moment.
func (j *journey) yield() {
	done := make(chan struct{})
	go close(done)
	<-done
}
