package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/keelstep/keelstep/internal/served"
)

// clients is how many start runs at once.
const clients = 4

// loaded has clients start runs until stop is called.
func (h *harness) loaded() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() { h.load(ctx) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

func (h *harness) load(ctx context.Context) {
	for ctx.Err() == nil {
		order := h.pick()
		run, err := h.startRun(ctx, order)
		h.mu.Lock()
		if err != nil {
			h.tally.refused++
			h.again = append(h.again, order)
		} else {
			h.tally.starts++
			h.acked[order] = run
		}
		h.mu.Unlock()
		if err == nil {
			h.tell(ctx, order, run)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second * clients / time.Duration(*rate)):
		}
	}
}

// pick returns an order to start: one that was not acknowledged, or a new one.
func (h *harness) pick() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.again); n > 0 {
		order := h.again[n-1]
		h.again = h.again[:n-1]
		return order
	}
	h.next++
	lot := keptLot
	if h.next%4 != 0 {
		lot = lotOf(h.round)
	}
	return fmt.Sprintf("%s.%d", lot, h.next)
}

// startRun starts an order's run. A repeat finds the same one.
func (h *harness) startRun(ctx context.Context, order string) (run string, err error) {
	var answer struct{ Run string }
	_, err = h.do(ctx, http.MethodPost, "/v1/workflows/order/runs", order, inputOf(order), &answer)
	if err == nil && answer.Run == "" {
		err = fmt.Errorf("no run in the answer")
	}
	return answer.Run, err
}

// messages is what each order is told: two payments, an answer to its task, and
// an event that it listens for.
const messages = 4

// tell tells an order what it was not told yet, one after another.
func (h *harness) tell(ctx context.Context, order, run string) {
	for {
		h.mu.Lock()
		n := h.told[order]
		h.mu.Unlock()
		if n == messages {
			return
		}
		err := h.message(ctx, n, order, run)
		h.mu.Lock()
		if err == nil {
			h.told[order] = n + 1
			h.tally.messages++
		} else {
			h.tally.refused++
		}
		h.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// message tells an order the nth of what it is told. Who answers its task again
// because the acknowledgement was lost may find it closed.
func (h *harness) message(ctx context.Context, n int, order, run string) error {
	var answer any
	var err error
	switch n {
	case 0, 1:
		_, err = h.do(ctx, http.MethodPost, "/v1/runs/"+run+"/signals/paid", fmt.Sprintf("%s-%d", order, n), fmt.Sprint(n+1), &answer)
	case 2:
		body := fmt.Sprintf(`{"path":"booking.decide","outcome":"approve","by":"boss","id":%q}`, order)
		var status int
		status, err = h.do(ctx, http.MethodPost, "/v1/runs/"+run+"/tasks/answer", "", body, &answer)
		if h.answered(order) && (status == http.StatusConflict || status == http.StatusGone || status == http.StatusNotFound) {
			err = nil
		}
	default:
		event := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/crash","type":"order.answered","data":{"order":%q,"say":"yes"}}`, order, order)
		_, err = h.do(ctx, http.MethodPost, "/v1/events", "", event, &answer)
	}
	return err
}

// answered notes that an order's task was answered, and reports whether it was
// before.
func (h *harness) answered(order string) (before bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before = h.tried[order]
	h.tried[order] = true
	return before
}

// do makes one request. The status is 0 when there was no answer.
func (h *harness) do(ctx context.Context, method, path, idempotency, body string, into any) (status int, err error) {
	var answer json.RawMessage
	status, err = h.at.Do(ctx, served.Request{Method: method, Path: path, Key: idempotency, Body: body}, &answer)
	switch {
	case err != nil:
		return status, err
	case status >= 300:
		return status, fmt.Errorf("%s %s: %d: %s", method, path, status, answer)
	}
	return status, json.Unmarshal(answer, into)
}
