package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/graph"
)

// slowTurns is a store that takes half a minute to write a record of a run.
type slowTurns struct {
	eventlog.Store
	of atomic.Value // string
}

func (s *slowTurns) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if of, _ := s.of.Load().(string); bs[0].Stream == of && bs[0].Record != nil {
		time.Sleep(30 * time.Second)
	}
	return s.Store.Append(ctx, bs...)
}

// What was acknowledged before a timer fell due comes before it, though both
// wait until the run has written its turn.
func TestMessageBeforeTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowTurns{Store: memlog.New()}
		e := open(t, engine.Options{Store: log}, `workflow: patient
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
steps:
  - id: both
    parallel:
      - { id: paid, await: { event: order.paid, match: { "data.n": "${ input.n }" } }, timeout: 1h }
      - { id: nap, wait: 59m50s }
`)
		started, err := e.Start(t.Context(), engine.StartRequest{Workflow: "patient", Input: []byte(`{"n":1}`)})
		if err != nil {
			t.Fatal(err)
		}
		run := started.Run
		synctest.Wait()
		log.of.Store(run)
		time.Sleep(59*time.Minute + 55*time.Second) // the nap's turn is being written
		if err = e.Publish(t.Context(), engine.CloudEvent{ID: "1", Source: "/t", Type: "order.paid", Data: []byte(`{"n":1}`)}); err != nil {
			t.Fatal(err)
		}
		v, err := e.Wait(t.Context(), run)
		if err != nil || v.Status != graph.Succeeded {
			t.Errorf("the run ended %s, %v", v.Status, err)
		}
	})
}
