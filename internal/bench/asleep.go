package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// asleep starts runs of which every second waits for a timer, the others for
// a signal.
func asleep(ctx context.Context, m *meter) error {
	if err := m.set("began", m.o.Clock.Now()); err != nil {
		return err
	}
	return m.each(func(i int) error {
		_, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: fmt.Appendf(nil, `{"n":%d}`, i)})
		return err
	})
}

// woken is how many sleeping runs wakeSome looks at.
const woken = 400

// wakeSome looks at sleeping runs, each read from the log: those that wait for
// a signal get it and end, the others are shown.
func wakeSome(ctx context.Context, m *meter, r *Result) error {
	began, now := m.mark("began").UnixMilli(), m.o.Clock.Now().UnixMilli()
	var took []time.Duration
	for i := range woken {
		at := began + rand.Int64N(now-began)
		before := fmt.Sprintf("%08x-%04x-7000-8000-000000000000", at>>16, at&0xffff)
		rows, _, err := m.engine.List(ctx, engine.RunFilter{Cursor: before, Limit: 1})
		if err != nil {
			return err
		}
		if len(rows) == 0 || rows[0].Status != "waiting" {
			continue
		}
		asked := m.o.Clock.Now()
		if rows[0].WakeAt != nil {
			_, err = m.engine.Get(ctx, rows[0].Run)
		} else if err = m.engine.Signal(ctx, rows[0].Run, fmt.Sprint(i), "go", []byte("1")); err == nil {
			err = m.ended(ctx, rows[0].Run)
		}
		if err != nil {
			return err
		}
		took = append(took, m.o.Clock.Now().Sub(asked))
	}
	r.P50, r.P99 = quantiles(took)
	for range 20 {
		asked := m.o.Clock.Now()
		if _, _, err := m.engine.List(ctx, engine.RunFilter{}); err != nil {
			return err
		}
		r.ListPage = max(r.ListPage, Figure(m.o.Clock.Now().Sub(asked).Microseconds())/1000)
	}
	return nil
}
