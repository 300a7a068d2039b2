package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// longRun has one run visit items until it has about ten events for each of
// Count, and wait for a signal then.
func longRun(ctx context.Context, m *meter) error {
	s, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: fmt.Appendf(nil, `{"n":%d}`, m.o.Count)})
	if err != nil {
		return err
	}
	for {
		v, err := m.engine.Get(ctx, s.Run)
		if err != nil || v.Status.String() == "waiting" {
			return err
		}
		if err := m.until(ctx, m.o.Clock.Now().Add(50*time.Millisecond)); err != nil {
			return err
		}
	}
}

// resume reads the long run: first with what it saved of its state, then
// without.
func resume(ctx context.Context, m *meter, r *Result) error {
	rows, _, err := m.engine.List(ctx, engine.RunFilter{Statuses: []string{"waiting"}, Limit: 2})
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("no run waits: %w", err)
	}
	run := rows[len(rows)-1].Run
	get := func() (Figure, error) {
		asked := m.o.Clock.Now()
		_, err := m.engine.Get(ctx, run)
		return Figure(m.o.Clock.Now().Sub(asked).Microseconds()) / 1000, err
	}
	if r.Resume, err = get(); err != nil {
		return err
	}
	if err := m.store.Save(ctx, run, 0, nil); err != nil {
		return err
	}
	if err := m.close(ctx); err != nil {
		return err
	}
	if err := m.reopen(ctx); err != nil {
		return err
	}
	if r.Without, err = get(); err != nil {
		return err
	}
	for after := uint64(0); ; {
		events, err := m.engine.History(ctx, run, after, 10_000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		r.Events += len(events)
		after = events[len(events)-1].Seq
	}
	r.Runs = 1
	if err := m.engine.Signal(ctx, run, "1", "go", []byte("1")); err != nil {
		return err
	}
	return m.ended(ctx, run)
}
