package engine_test

import (
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

var awaits = flag.Int("awaits.n", 3000, "how many runs wait for an event in TestManyAwaits")

const awaitingPaid = `workflow: awaiting
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - { id: paid, await: { event: order.paid, match: { "data.order": "${ input.n }" } } }
output: "${ steps.paid.output.data.order }"
`

// Among many runs that wait, an event loads those that it matches and no
// others, before a restart and after it; the book of what waits is there again
// from its snapshot, however large.
func TestManyAwaits(t *testing.T) {
	path, w := filepath.Join(t.TempDir(), "log"), newWorld()
	open := func() (*boltlog.Log, *engine.Engine) {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry(), MaxIdle: -1})
		if err != nil {
			t.Fatal(err)
		}
		return log, e
	}
	log, e := open()
	if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(awaitingPaid)); err != nil {
		t.Fatal(err, found)
	}
	began := time.Now()
	runs := startMany(t, e)
	t.Logf("%d runs wait after %v; %s", *awaits, time.Since(began).Round(time.Millisecond), memory())
	fire := func(what string, from int) {
		t.Helper()
		began := time.Now()
		var first time.Duration
		const events = 20
		for i := range events {
			n := from + i*(*awaits/2/events)
			if err := e.Publish(t.Context(), engine.CloudEvent{ID: fmt.Sprint(n), Source: "/t", Type: "order.paid", Data: fmt.Appendf(nil, `{"order":%d}`, n)}); err != nil {
				t.Fatal(err)
			}
			if v, err := e.Wait(t.Context(), runs[n]); err != nil || v.Status != graph.Succeeded || string(v.Output.Inline()) != fmt.Sprint(n) {
				t.Fatalf("run %d ended %s %s, %v", n, v.Status, v.Output.Inline(), err)
			}
			if i == 0 {
				first = time.Since(began)
			}
		}
		t.Logf("%s: the first event took %v, the others %v each, until their runs had ended; %s",
			what, first.Round(time.Millisecond), ((time.Since(began) - first) / (events - 1)).Round(10*time.Microsecond), memory())
		if n := e.InMemory(); n > events {
			t.Errorf("%s: %d runs are in memory, %d events came", what, n, events)
		}
	}
	fire("before a restart", 0)
	e.Kill()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	log, e = open()
	t.Logf("opened in %v", time.Since(began).Round(time.Millisecond))
	fire("after it", *awaits/2)
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}

// startMany starts the runs and waits until the book knows of all.
func startMany(t *testing.T, e *engine.Engine) []string {
	runs := make([]string, *awaits)
	var all sync.WaitGroup
	for k := range 64 {
		all.Go(func() {
			for i := k; i < len(runs); i += 64 {
				s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "awaiting", Input: fmt.Appendf(nil, `{"n":%d}`, i)})
				if err != nil {
					t.Error(err)
					return
				}
				runs[i] = s.Run
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return runs
}

func memory() string {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprintf("%.0f MiB live, %.0f MiB from the system", float64(m.HeapAlloc)/(1<<20), float64(m.Sys)/(1<<20))
}

// A snapshot in many pieces is read as one; one of which a piece is missing,
// or of another time, is none, and the book is read from its records.
func TestSnapshotInPieces(t *testing.T) {
	engine.SetPieceSize(t, 1000)
	for _, harm := range []string{"none", "missing", "other", "damaged"} {
		t.Run(harm, func(t *testing.T) { snapshotInPieces(t, harm) })
	}
}

func snapshotInPieces(t *testing.T, harm string) {
	path, w := filepath.Join(t.TempDir(), "log"), newWorld()
	open := func() (*boltlog.Log, *engine.Engine) {
		log, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := engine.Open(t.Context(), engine.Options{Store: log, Registry: w.registry(), MaxIdle: -1})
		if err != nil {
			t.Fatal(err)
		}
		return log, e
	}
	log, e := open()
	if _, found, err := e.Deploy(t.Context(), "w.yaml", []byte(awaitingPaid)); err != nil {
		t.Fatal(err, found)
	}
	runs := startMany(t, e)
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	after, _, err := log.Latest(t.Context(), "events")
	if err != nil {
		t.Fatal("no snapshot:", err)
	}
	piece := ""
	for _, name := range []string{"events/snapshot/0/1", "events/snapshot/1/1"} {
		if at, _, err := log.Latest(t.Context(), name); err == nil && at == after {
			piece = name
		}
	}
	if piece == "" {
		t.Fatal("the snapshot is not in pieces")
	}
	switch harm {
	case "missing":
		err = log.Purge(t.Context(), piece)
	case "other":
		err = log.Save(t.Context(), piece, after-1, make([]byte, 1000))
	case "damaged":
		err = log.Save(t.Context(), piece, after, make([]byte, 1000))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	log, e = open()
	for _, n := range []int{0, len(runs) / 2, len(runs) - 1} {
		if err := e.Publish(t.Context(), engine.CloudEvent{ID: fmt.Sprint(n), Source: "/t", Type: "order.paid", Data: fmt.Appendf(nil, `{"order":%d}`, n)}); err != nil {
			t.Fatal(err)
		}
		if v, err := e.Wait(t.Context(), runs[n]); err != nil || v.Status != graph.Succeeded {
			t.Errorf("run %d ended %s, %v", n, v.Status, err)
		}
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
