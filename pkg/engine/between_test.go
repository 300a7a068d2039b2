package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

// The workflows of an exchange: hubs call leaves, which go one after another
// and emit what hubs listen for and what starts counters.
var exchange = []string{`workflow: counter
version: "1"
triggers:
  - { id: done, event: { type: leaf.done }, input: { id: "${ trigger.event.id }" } }
steps:
  - { id: count, action: test.keyed, with: { name: "count ${ input.id }" } }
`, `workflow: leaf
version: "1"
input: { type: object, required: [n, of], properties: { n: { type: integer }, of: { type: string } } }
concurrency: { limit: 1, onLimit: queue }
steps:
  - { id: work, action: test.keyed, with: { name: "leaf ${ input.n } of ${ input.of }" } }
  - { id: tell, emit: { type: leaf.done, data: { of: "${ input.of }", n: "${ input.n }" } } }
output: "${ input.n * 10 }"
`, `workflow: hub
version: "1"
input: { type: object, required: [name], properties: { name: { type: string } } }
concurrency: { limit: 1, onLimit: queue }
listen: { done: { event: leaf.done, match: { "data.of": "${ input.name }" } } }
steps:
  - id: fan
    foreach: [1, 2]
    as: x
    concurrency: 2
    do: [{ id: kid, call: leaf, with: { n: "${ x }", of: "${ input.name }" } }]
    output: "${ steps.kid.output }"
  - { id: one, await: { signal: done } }
  - { id: two, await: { signal: done } }
output: { kids: "${ steps.fan.output.results }", sum: "${ steps.one.output.data.n + steps.two.output.data.n }" }
`}

// trade makes the exchange over whatever fails; chance is called between its
// stages. It returns how the hubs ended.
func (j *journey) trade(chance func()) string {
	if err := j.open(); err != nil {
		j.restart()
	}
	for _, src := range exchange {
		j.try("deploy", func(ctx context.Context) error {
			_, found, err := j.e.Deploy(ctx, "w.yaml", []byte(src))
			if err != nil && len(found) > 0 {
				j.t.Fatal(found)
			}
			return err
		})
	}
	var runs []string
	for _, name := range []string{"a", "b"} {
		j.try("start", func(ctx context.Context) error {
			s, err := j.e.Start(ctx, engine.StartRequest{
				Workflow: "hub", Input: fmt.Appendf(nil, `{"name":%q}`, name), IdempotencyKey: name,
			})
			if err == nil {
				runs = append(runs, s.Run)
			}
			return err
		})
		chance()
	}
	var ends strings.Builder
	for _, run := range runs {
		var v engine.RunView
		j.try("wait", func(ctx context.Context) (err error) {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			v, err = j.e.Wait(ctx, run)
			return err
		})
		out, err := j.e.Value(j.t.Context(), v.Output)
		if err != nil {
			j.t.Fatal(err)
		}
		fmt.Fprintf(&ends, "%s %s\n", v.Status, out)
	}
	time.Sleep(10 * time.Second) // the counters end too
	synctest.Wait()
	if j.e.Err() != nil {
		j.restart()
		time.Sleep(10 * time.Second)
		synctest.Wait()
	}
	for _, workflow := range []string{"hub", "leaf"} {
		holders, waiting, err := j.e.Limit(j.t.Context(), workflow, "")
		if err != nil || len(holders)+len(waiting) > 0 {
			fmt.Fprintf(&ends, "%s: %v hold, %v wait, %v\n", workflow, holders, waiting, err)
		}
	}
	if err := j.e.Close(j.t.Context()); err != nil && j.e.Err() == nil {
		j.t.Error("close:", err)
	}
	return ends.String()
}

// settled compares the outside with what a calm exchange does to it.
func (j *journey) settled(name, end string) {
	j.t.Helper()
	const calm = `succeeded {"kids":[10,20],"sum":3}`
	if want := calm + "\n" + calm + "\n"; end != want {
		j.t.Errorf("%s: the hubs ended\n%swant\n%s", name, end, want)
	}
	j.world.mu.Lock()
	defer j.world.mu.Unlock()
	leaves, counts := 0, 0
	for id, n := range j.world.effects {
		if n != 1 {
			j.t.Errorf("%s: %s had %d effects, want 1", name, id, n)
		}
		if strings.HasPrefix(id, "keyed leaf") {
			leaves++
		} else {
			counts++
		}
	}
	if leaves != 4 || counts != 4 || len(j.world.trouble) > 0 {
		j.t.Errorf("%s: %d leaves, %d counts, want 4 of each; %s", name, leaves, counts, strings.Join(j.world.trouble, "; "))
	}
}

// What travels between runs and books arrives once, whichever Append fails and
// however.
func TestEachAppendFailsBetweenRuns(t *testing.T) {
	for _, fault := range logtest.Faults {
		t.Run(fault.String(), func(t *testing.T) {
			reached, n := true, 1
			for ; reached && !t.Failed(); n++ {
				synctest.Test(t, func(t *testing.T) {
					var faulty *logtest.Faulty
					j := &journey{t: t, world: newWorld(), log: memlog.New()}
					j.wrap = func(s eventlog.Store) eventlog.Store {
						faulty = &logtest.Faulty{Store: s, N: n, Fault: fault}
						return faulty
					}
					end := j.trade(func() {})
					j.settled(fmt.Sprintf("append %d, %s", n, fault), end)
					reached = faulty.Appends() >= n
				})
			}
			if n < 50 {
				t.Errorf("the exchange made %d appends only: it does not reach what it is for", n)
			}
		})
	}
}

// The same over kills at random moments.
func TestCrashBetweenRuns(t *testing.T) {
	seeds := 150
	if testing.Short() {
		seeds = 15
	}
	first := rand.Uint64()
	for i := range seeds {
		seed := first + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			j := &journey{t: t, world: newWorld(), log: memlog.New()}
			j.world.slow = time.Duration(r.IntN(300)) * time.Millisecond
			end := j.trade(func() {
				for range r.IntN(4) {
					time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond)
					for range r.IntN(80) {
						j.yield()
					}
					j.restart()
				}
			})
			j.settled(fmt.Sprintf("seed %d", seed), end)
		})
		if t.Failed() {
			t.Fatalf("seed %d failed", seed)
		}
	}
}
