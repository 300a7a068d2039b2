package engine_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

var poisonRuns = flag.Int("poison.n", 120, "healthy runs beside the poisoned ones")

const (
	poisonLives = 20
	maxTries    = 3 // of a run that makes the machine fail
)

// What runs in TestPoison: the healthy run takes a signal in each life of the
// engine, the others get into trouble.
var poisonFlows = []string{`workflow: healthy
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
variables: { got: [] }
steps:
  - id: each
    while: len(vars.got) < 20
    do:
      - { id: next, await: { signal: go } }
      - { id: call, action: test.keyed, with: { name: "h${ input.n } ${ toJSON(steps.next.output.data) }" } }
      - { id: keep, append: { got: "${ steps.next.output.data }" } }
output: "${ vars.got }"
`, `workflow: panics
version: "1"
steps:
  - { id: nap, await: { signal: go } }
  - { id: bad, action: test.safe, with: { curable: true } }
output: saved
`, `workflow: grows
version: "1"
variables: { n: 0 }
steps:
  - { id: nap, await: { signal: go } }
  - { id: round, while: "true", maxPasses: 100000, do: [{ id: more, increment: { n: 1 } }] }
`, `workflow: broken
version: "1"
steps:
  - { id: nap, await: { signal: go } }
`}

// poisoned is a run in trouble, and why it is.
type poisoned struct{ run, workflow, reason string }

// ward is an engine on a file, the healthy runs and the others.
type ward struct {
	t       *testing.T
	path    string
	world   *world
	log     *boltlog.Log
	e       *engine.Engine
	healthy []string
	sick    []poisoned
	told    *tally
}

// TestPoison has runs that panic the machine, that grow beyond their limit,
// whose record or definition cannot be read, beside healthy ones through 20
// restarts: the healthy ones do not notice; the others are stuck with their
// reason, are tried three times and no more, and can be looked at, retried and
// terminated.
func TestPoison(t *testing.T) {
	w := &ward{t: t, path: filepath.Join(t.TempDir(), "log"), world: newWorld()}
	w.open()
	for _, src := range poisonFlows {
		if _, found, err := w.e.Deploy(t.Context(), "w.yaml", []byte(src)); err != nil {
			t.Fatal(err, found)
		}
	}
	w.admit()
	var took []time.Duration
	for life := range poisonLives {
		if life > 0 {
			took = append(took, w.restart(life))
		}
		w.signal(life)
		if life%2 == 1 {
			w.rest(life)
		}
	}
	took = append(took, w.restart(poisonLives))
	t.Logf("%d healthy runs, %d in trouble; from the start of the engine until a new run ended: %v", len(w.healthy), len(w.sick), took)
	w.checkHealthy()
	w.checkStuck()
	w.treat()
	w.close(w.e.Close(t.Context()))
}

func (w *ward) open() {
	log, err := boltlog.Open(w.path, boltlog.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.log = log
	if w.told == nil {
		w.told = &tally{failed: map[string]int{}, stuck: map[string]int{}}
	}
	w.e, err = engine.Open(w.t.Context(), engine.Options{
		Store: log, Registry: w.world.registry(), MaxEvents: 3000, Logger: slog.New(w.told),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) close(err error) {
	if err != nil {
		w.t.Error(err)
	}
	if err := w.log.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// admit starts all runs.
func (w *ward) admit() {
	start := func(workflow, input string) string {
		s, err := w.e.Start(w.t.Context(), engine.StartRequest{Workflow: workflow, Input: []byte(input)})
		if err != nil {
			w.t.Fatal(err)
		}
		return s.Run
	}
	for i := range *poisonRuns {
		w.healthy = append(w.healthy, start("healthy", fmt.Sprintf(`{"n":%d}`, i)))
		if i%(*poisonRuns/10) == 0 && len(w.sick) < 10 {
			n := len(w.sick)
			kind := poisoned{workflow: []string{"panics", "panics", "panics", "panics", "grows", "grows", "broken", "broken", "broken", "broken"}[n]}
			kind.reason = map[string]string{"panics": engine.ReasonPanic, "grows": engine.ReasonLimit, "broken": engine.ReasonCorrupt}[kind.workflow]
			kind.run = start(kind.workflow, "{}")
			w.sick = append(w.sick, kind)
		}
	}
}

// restart is a kill and a new start. It returns how long it took until the new
// engine had done something.
func (w *ward) restart(life int) time.Duration {
	w.e.Kill()
	if life == 1 {
		w.damage()
	}
	w.close(nil)
	for run, n := range w.told.failed {
		if n > maxTries {
			w.t.Errorf("life %d: the engine has failed %d times on run %s, want at most %d", life, n, run, maxTries)
		}
	}
	for run, n := range w.told.stuck {
		if n > 1 {
			w.t.Errorf("life %d: run %s got stuck %d times", life, run, n)
		}
	}
	began := time.Now()
	w.open()
	s, err := w.e.Start(w.t.Context(), engine.StartRequest{Workflow: "broken"})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.e.Signal(w.t.Context(), s.Run, "", "go", nil); err != nil {
		w.t.Fatal(err)
	}
	if v, err := w.e.Wait(w.t.Context(), s.Run); err != nil || v.Status != graph.Succeeded {
		w.t.Fatalf("life %d: a new run ended %s, %v", life, v.Status, err)
	}
	return time.Since(began).Round(time.Millisecond)
}

// damage gives two runs a record that nobody can read, and two a definition
// that nobody has.
func (w *ward) damage() {
	n := 0
	for _, s := range w.sick {
		if s.workflow != "broken" {
			continue
		}
		head, _, err := w.log.Head(w.t.Context(), s.run)
		if err != nil {
			w.t.Fatal(err)
		}
		b := eventlog.Batch{Stream: s.run, After: head.Records, Summary: &head}
		if n++; n <= 2 {
			b.Record = []byte("no events at all")
		} else {
			head.Digest = strings.Repeat("ab", 32)
		}
		if err := w.log.Append(w.t.Context(), b); err != nil {
			w.t.Fatal(err)
		}
	}
}

// signal tells every run of the new life, as many as come together at once.
func (w *ward) signal(life int) {
	var all sync.WaitGroup
	places := make(chan struct{}, 64)
	send := func(run string, well bool) {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			err := w.e.Signal(w.t.Context(), run, fmt.Sprint("life ", life), "go", fmt.Append(nil, life))
			if err != nil && (well || !strings.Contains(err.Error(), "stuck")) {
				w.t.Errorf("life %d: signal to run %s: %v", life, run, err)
			}
		})
	}
	for i, run := range w.healthy {
		send(run, true)
		if i < len(w.sick) && (w.sick[i].workflow != "broken" || life > 0) {
			send(w.sick[i].run, false)
		}
	}
	all.Wait()
}

// rest waits until every healthy run has taken the signal of the life. Every
// second kill finds them at it; a run that three lives in a row were killed
// over would be taken for the culprit.
func (w *ward) rest(life int) {
	for done := 0; done < (life+1)*len(w.healthy); time.Sleep(time.Millisecond) {
		done = 0
		w.world.mu.Lock()
		for id := range w.world.effects {
			if strings.HasPrefix(id, "keyed h") {
				done++
			}
		}
		w.world.mu.Unlock()
	}
}

func (w *ward) checkHealthy() {
	want := make([]string, poisonLives)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	output := "[" + strings.Join(want, ",") + "]"
	for _, run := range w.healthy {
		v, err := w.e.Wait(w.t.Context(), run)
		if err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != output {
			w.t.Errorf("healthy run %s ended %s %s, %v", run, v.Status, v.Output.Inline(), err)
		}
	}
	w.world.mu.Lock()
	defer w.world.mu.Unlock()
	done := 0
	for id, n := range w.world.effects {
		if n != 1 {
			w.t.Errorf("%s had %d effects", id, n)
		}
		if strings.HasPrefix(id, "keyed h") {
			done++
		}
	}
	if done != poisonLives*len(w.healthy) || len(w.world.trouble) > 0 {
		w.t.Errorf("%d effects, want %d; %v", done, poisonLives*len(w.healthy), w.world.trouble)
	}
}

func (w *ward) checkStuck() {
	for _, s := range w.sick { // the last of them may be about to be tried
		if v, err := w.e.Wait(w.t.Context(), s.run); err != nil || v.Status != graph.Stuck {
			w.t.Errorf("%s run %s is %s, %v", s.workflow, s.run, v.Status, err)
		}
	}
	rows, _, err := w.e.List(w.t.Context(), engine.RunFilter{Statuses: []string{graph.Stuck.String()}})
	if err != nil || len(rows) != len(w.sick) {
		w.t.Errorf("%d runs are listed as stuck, %v; want %d", len(rows), err, len(w.sick))
	}
	for _, s := range w.sick {
		i := slices.IndexFunc(rows, func(r engine.RunSummary) bool { return r.Run == s.run })
		if i < 0 || rows[i].Reason != s.reason {
			w.t.Errorf("%s run %s is not listed as stuck for %s: %+v", s.workflow, s.run, s.reason, rows)
			continue
		}
		if v, err := w.e.Get(w.t.Context(), s.run); err != nil || v.Status != graph.Stuck || v.Error == nil {
			w.t.Errorf("%s run %s is %s, %v", s.workflow, s.run, v.Status, err)
		}
		events, err := w.e.History(w.t.Context(), s.run, 0, 2)
		if err != nil || len(events) != 2 || events[0].Type != "RunStarted" {
			w.t.Errorf("%s run %s begins with %v, %v", s.workflow, s.run, events, err)
		}
	}
}

// treat retries all that is stuck once the cause of the panics is gone, and
// terminates what does not get well.
func (w *ward) treat() {
	w.world.cure()
	for _, s := range w.sick {
		if err := w.e.Retry(w.t.Context(), s.run); err != nil {
			w.t.Errorf("retry %s run %s: %v", s.workflow, s.run, err)
			continue
		}
		v, err := w.e.Wait(w.t.Context(), s.run)
		if s.workflow == "panics" {
			if err != nil || v.Status != graph.Succeeded {
				w.t.Errorf("the cured run %s ended %s, %v", s.run, v.Status, err)
			}
			continue
		}
		if err != nil || v.Status != graph.Stuck {
			w.t.Errorf("%s run %s that was tried again is %s, %v", s.workflow, s.run, v.Status, err)
		}
		if err := w.e.Terminate(w.t.Context(), s.run, "hopeless"); err != nil {
			w.t.Errorf("terminate %s run %s: %v", s.workflow, s.run, err)
		}
		if v, err := w.e.Get(w.t.Context(), s.run); err != nil || v.Status != graph.Cancelled {
			w.t.Errorf("%s run %s that was terminated is %s, %v", s.workflow, s.run, v.Status, err)
		}
	}
}

// tally counts what the engines say of runs in trouble, over all lives.
type tally struct {
	mu            sync.Mutex
	failed, stuck map[string]int // by run
}

func (*tally) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (t *tally) WithAttrs([]slog.Attr) slog.Handler         { return t }
func (t *tally) WithGroup(string) slog.Handler              { return t }

// Handle counts one record.
func (t *tally) Handle(_ context.Context, r slog.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		switch {
		case a.Key != "run":
		case r.Message == "run is stuck":
			t.stuck[a.Value.String()]++
		default:
			t.failed[a.Value.String()]++
		}
		return true
	})
	return nil
}
