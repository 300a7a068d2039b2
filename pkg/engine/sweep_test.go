package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// climb has a timer, a signal, a branch, a loop, calls in parallel,
// compensations, a call that is never repeated, and a value that is stored
// beside the records.
var climb = strings.ReplaceAll(`workflow: climb
version: "1"
input:
  type: object
  required: [items, note]
  properties: { items: { type: array, items: { type: integer } }, note: { type: string } }
steps:
  - id: booking
    parallel:
      - id: reserve
        action: test.keyed
        with: { name: reserve, value: "${ input.note }" }
        retry: RETRY
        compensate: [{ id: release, action: test.keyed, with: { name: release }, retry: RETRY }]
      - id: charge
        action: test.keyed
        with: { name: charge, value: 7 }
        retry: RETRY
        compensate: [{ id: refund, action: test.keyed, with: { name: refund }, retry: RETRY }]
  - id: tier
    if: len(input.items) > 2
    then: [{ id: large, action: test.keyed, with: { name: large, value: 1 }, retry: RETRY }]
    else: [{ id: small, compose: 1 }]
  - id: each
    foreach: input.items
    as: x
    concurrency: 2
    do: [{ id: one, action: test.keyed, with: { name: "one ${ x }", value: "${ x }" }, retry: RETRY }]
    output: "${ steps.one.output.value }"
  - { id: nap, wait: 30s }
  - { id: go, await: { signal: go } }
  - id: once
    action: test.never
    with: { name: once, value: 1 }
    timeout: 20s
    onTimeout: [{ id: late, compose: { value: 1 } }]
    catch: [{ do: [{ id: doubt, compose: { value: 1 } }] }]
  - id: delivery
    do: [{ id: lost, fail: { code: Lost, message: "no way there" } }]
    catch: [{ do: [{ id: undo, rollback: booking }] }]
output:
  list: "${ steps.each.output.results }"
  n: "${ steps.go.output.data.n }"
  once: "${ steps.once.output.value }"
  note: "${ len(input.note) }"
`, "RETRY", "{ attempts: 4, delay: 1s, jitter: false, attemptTimeout: 5s, if: true }")

var climbing = passage{
	source: climb, workflow: "climb",
	input: fmt.Sprintf(`{"items":[1,2,3],"note":%q}`, strings.Repeat("n", 70_000)),
	end:   `succeeded {"list":[1,2,3],"n":5,"note":70000,"once":1}`,
}

// climbed is what climb does to the outside, but for the call that is never
// repeated.
var climbed = []string{
	"keyed charge", "keyed large", "keyed one 1", "keyed one 2", "keyed one 3", "keyed refund", "keyed release", "keyed reserve",
}

// checkClimb compares the outside with what one calm climb does to it.
func (j *journey) checkClimb(name, end string) {
	j.t.Helper()
	j.check(name, end)
	effects := maps.Clone(j.world.effects)
	delete(effects, "never once")
	if got := slices.Sorted(maps.Keys(effects)); !slices.Equal(got, climbed) {
		j.t.Errorf("%s: the effects are %q, want %q", name, got, climbed)
	}
}

// TestEachCallFails fails the Nth call of the store, of whatever method, in
// each way, for every N that the climb reaches, which is interrupted by four
// restarts: it ends as the calm one does.
func TestEachCallFails(t *testing.T) {
	for _, fault := range logtest.CallFaults {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			hits, n := map[string]int{}, 0
			for hit := "first"; hit != "" && !t.Failed(); {
				n++
				synctest.Test(t, func(t *testing.T) {
					hit = failCall(t, n, fault)
					hits[hit]++
				})
			}
			t.Logf("%d calls failed: %v", n-1, hits)
			if hits["Append"] < 15 || hits["Put"] == 0 || hits["Get"] == 0 || hits["Head"] < 3 || hits["List"] < 3 ||
				hits["Read"] < 4 || hits["Save"] == 0 || hits["Latest"] < 2 {
				t.Errorf("the climb does not reach what it is for: %v", hits)
			}
		})
	}
}

// failCall makes the climb with one call that fails. It returns which one that
// was; empty: there were not as many.
func failCall(t *testing.T, n int, fault logtest.CallFault) (hit string) {
	j := &journey{t: t, world: newWorld(), log: memlog.New(), passage: climbing, carryAfter: 20}
	j.world.slow = 700 * time.Millisecond // calls are under way when it is interrupted
	var faulty *logtest.EveryCall
	before := 0
	j.wrap = func(s eventlog.Store) eventlog.Store {
		faulty = &logtest.EveryCall{Store: s, N: n - before, Fault: fault, Die: j.die}
		return faulty
	}
	wrap := j.wrap
	end := j.travel(func() {
		time.Sleep(time.Second)
		before += faulty.Calls()
		if faulty.Hit() != "" {
			return
		}
		j.log = j.log.Reopen()
		j.e.Kill()
		j.wrap = wrap
		if err := j.open(); err != nil {
			j.restart()
		}
	})
	j.checkClimb(fmt.Sprintf("call %d (%s), %s", n, faulty.Hit(), fault), end)
	return faulty.Hit()
}

// callFaults is what befalls one call of a connector.
var callFaults = map[string]func(ctx context.Context, effect func(), x in) (out, error){
	"timeout": func(ctx context.Context, _ func(), _ in) (out, error) {
		<-ctx.Done()
		return out{}, connectors.Stopped(ctx, true)
	},
	"status 500": func(context.Context, func(), in) (out, error) {
		return out{}, &connectors.Error{Code: "InternalServerError", Message: "as asked", Status: 500}
	},
	"reset before": func(context.Context, func(), in) (out, error) {
		return out{}, &connectors.Error{Code: "ConnectionReset", Message: "as asked", Certain: true}
	},
	"reset after the effect": func(_ context.Context, effect func(), _ in) (out, error) {
		effect()
		return out{}, &connectors.Error{Code: "ConnectionReset", Message: "as asked", Lost: true}
	},
	"slow": func(_ context.Context, effect func(), x in) (out, error) {
		time.Sleep(4 * time.Second)
		effect()
		return out{Value: x.Value}, nil
	},
	"slow beyond its time": func(ctx context.Context, effect func(), _ in) (out, error) {
		effect()
		<-ctx.Done()
		time.Sleep(4 * time.Second)
		return out{}, connectors.Stopped(ctx, true)
	},
	"garbage": func(_ context.Context, effect func(), _ in) (out, error) {
		effect()
		return out{Value: json.RawMessage(`{"value`)}, nil
	},
}

// TestEachConnectorCallFails has the Kth call of a connector go wrong in each
// way, for every K: the climb ends as the calm one does, and each effect is
// made once.
func TestEachConnectorCallFails(t *testing.T) {
	for kind, fault := range callFaults {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			k := 1
			for reached := true; reached && !t.Failed(); k++ {
				synctest.Test(t, func(t *testing.T) {
					j := &journey{t: t, world: newWorld(), log: memlog.New(), passage: climbing}
					j.world.nth, j.world.fault = k, fault
					end := j.travel(func() {})
					j.checkClimb(fmt.Sprintf("call %d, %s", k, kind), end)
					reached = j.world.made >= k
				})
			}
			if k < 10 {
				t.Errorf("%d calls were made: the climb does not reach what it is for", k-1)
			}
		})
	}
}
