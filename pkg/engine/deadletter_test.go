package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The large data of an event that a limit turns away is stored, not kept in the
// book, and is whole when the event is tried again.
func TestLargeDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, `workflow: one
version: "1"
concurrency: { limit: 1, onLimit: reject }
triggers: [{ id: came, event: { type: came } }]
steps: [{ id: held, await: { signal: go } }]
output: "${ len(trigger.event.data) }"
`)
		first := start(t, e, "one")
		synctest.Wait()
		text := strings.Repeat("x", expression.MaxInline)
		if err := e.Publish(t.Context(), engine.CloudEvent{ID: "1", Type: "came", Source: "/s", Data: []byte(`"` + text + `"`)}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		all, _, err := e.DeadLetters(t.Context())
		if err != nil || len(all) != 1 || len(all[0].Event.Data) > 1000 {
			t.Fatalf("%d dead letters, %v", len(all), err)
		}
		if err := e.Signal(t.Context(), first, "", "go", nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := e.RetryDeadLetter(t.Context(), all[0].ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		rows, _, err := e.List(t.Context(), engine.RunFilter{Statuses: []string{"waiting"}})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d runs wait, %v", len(rows), err)
		}
		if err := e.Signal(t.Context(), rows[0].Run, "", "go", nil); err != nil {
			t.Fatal(err)
		}
		v, err := e.Wait(t.Context(), rows[0].Run)
		if got := string(v.Output.Inline()); err != nil || v.Status != graph.Succeeded || got != "65536" {
			t.Errorf("the run ended %s with %s, %v", v.Status, got, err)
		}
	})
}
