package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	kills = flag.Int("crash.n", 6, "how often the server is killed")
	seed  = flag.Uint64("crash.seed", uint64(time.Now().UnixNano()), "seed of the moments and kinds of kills")
	rate  = flag.Int("crash.rate", 120, "starts a second that are tried")
)

const workflow = `workflow: order
version: "1.0.0"
input:
  type: object
  required: [id, items]
  properties: { id: { type: string }, items: { type: array, items: { type: string } } }
connections: { shop: { connector: http } }
variables: { paid: [] }
listen: { answered: { event: order.answered, match: { "data.order": "${ input.id }" } } }
steps:
  - id: booking
    parallel:
      - { id: reserve, action: http.post, connection: shop, with: { path: /reserve, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
      - { id: charge, action: http.post, connection: shop, with: { path: /charge, body: { order: "${ input.id }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
  - { id: cooldown, wait: 100ms }
  - id: ship
    foreach: input.items
    as: item
    concurrency: 2
    do:
      - { id: parcel, action: http.post, connection: shop, with: { path: /ship-, body: { order: "${ input.id }", part: "${ item }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
    output: "${ steps.parcel.output.body.id }"
  - { id: bill, call: invoice, with: { order: "${ input.id }" } }
  - id: pay
    while: len(vars.paid) < 2
    do:
      - { id: part, await: { signal: paid }, timeout: 10m }
      - { id: keep, append: { paid: "${ steps.part.output.data }" } }
  - { id: done, await: { signal: answered, where: event.data.order == input.id } }
output: { parcels: "${ steps.ship.output.results }", paid: "${ vars.paid }", invoice: "${ steps.bill.output.id }", answer: "${ steps.done.output.data.say }" }
`

// The order's child: at most five at once, the others wait in line. It emits
// what starts the run that tells the order's customer.
const invoiceFlow = `workflow: invoice
version: "1.0.0"
input: { type: object, required: [order], properties: { order: { type: string } } }
connections: { shop: { connector: http } }
concurrency: { limit: 5, onLimit: queue }
steps:
  - { id: write, action: http.post, connection: shop, with: { path: /invoice, body: { order: "${ input.order }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
  - { id: tell, emit: { type: invoice.written, data: { order: "${ input.order }" } } }
output: { id: "${ steps.write.output.body.id }" }
`

const mailFlow = `workflow: mail
version: "1.0.0"
input: { type: object, required: [order], properties: { order: { type: string } } }
connections: { shop: { connector: http } }
triggers:
  - { id: written, event: { type: invoice.written }, input: { order: "${ trigger.event.data.order }" } }
steps:
  - { id: send, action: http.post, connection: shop, with: { path: /mail, body: { order: "${ input.order }" } }, retry: { attempts: 50, delay: 20ms, maxDelay: 200ms } }
`

// TestCrash starts runs over HTTP (calls in parallel, a timer, a loop, a child
// that waits in line, signals in order, an event, a run that an event starts), kills the server at random moments (some of
// them while it recovers, some by SIGTERM), checks the log after each, and in
// the end wants every acknowledged run there, ended well, with each effect
// made once under one key.
func TestCrash(t *testing.T) {
	t.Logf("seed %d: %d kills (rerun with -crash.seed=%d -crash.n=%d)", *seed, *kills, *seed, *kills)
	h := newHarness(t)
	started := time.Now()
	for i := range *kills {
		h.life(i)
	}
	h.finish()
	t.Logf("seed %d: %d kills, %d acknowledged starts, %d requests refused or cut off, %d answers of the world, %.0f s",
		*seed, *kills, len(h.acked), h.unacked, len(h.world.answers), time.Since(started).Seconds())
	if len(h.acked) < *kills {
		t.Errorf("only %d starts were acknowledged: too little happened", len(h.acked))
	}
}

// harness is a project, its server and what the clients know.
type harness struct {
	t       *testing.T
	rng     *rand.Rand
	bin     string
	project string
	world   *world
	server  *exec.Cmd
	url     string
	key     string
	client  *http.Client

	mu      sync.Mutex
	acked   map[string]string // order -> run
	told    map[string]int    // order -> how many of its messages are acknowledged
	unacked int
	next    int
}

func newHarness(t *testing.T) *harness {
	dir := t.TempDir()
	h := &harness{
		t: t, rng: rand.New(rand.NewPCG(*seed, 2)), bin: filepath.Join(dir, "engine"),
		project: filepath.Join(dir, "project"), world: newWorld(*seed), acked: map[string]string{},
		told:   map[string]int{},
		client: &http.Client{Timeout: 10 * time.Second},
	}
	if out, err := exec.Command("go", "build", "-o", h.bin, "../../cmd/engine").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	shop := httptest.NewServer(h.world)
	t.Cleanup(shop.Close)
	shop.Config.ErrorLog = nil
	h.write("workflows/order.yaml", workflow)
	h.write("workflows/invoice.yaml", invoiceFlow)
	h.write("workflows/mail.yaml", mailFlow)
	h.write("env/local.yaml", fmt.Sprintf("connections:\n  shop: { url: %q, idempotencyHeader: Idempotency-Key }\n", shop.URL))
	t.Cleanup(func() {
		if h.server != nil {
			_ = h.server.Process.Kill()
			_ = h.server.Wait()
		}
	})
	return h
}

func (h *harness) write(name, text string) {
	path := filepath.Join(h.project, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) data(name string) string { return filepath.Join(h.project, ".engine", name) }

// start starts the server without waiting for it.
func (h *harness) start() *bytes.Buffer {
	_ = os.Remove(h.data("server.json"))
	out := &bytes.Buffer{}
	h.server = exec.Command(h.bin, "serve", h.project, "--listen", "127.0.0.1:0")
	h.server.Stdout, h.server.Stderr = out, out
	if err := h.server.Start(); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// await waits until the server answers.
func (h *harness) await(out *bytes.Buffer) {
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		var at struct{ Address string }
		b, err := os.ReadFile(h.data("server.json"))
		if err == nil && json.Unmarshal(b, &at) == nil && at.Address != "" {
			key, err := os.ReadFile(h.data("engine.key"))
			if err == nil {
				h.url, h.key = at.Address, strings.TrimSpace(string(key))
				if !strings.Contains(h.url, "://") {
					h.url = "http://" + h.url
				}
				return
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.stop(syscall.SIGKILL)
	h.t.Fatalf("seed %d: the server does not come up:\n%s", *seed, out)
}

func (h *harness) stop(sig syscall.Signal) {
	_ = h.server.Process.Signal(sig)
	_ = h.server.Wait()
	h.server = nil
}

// life is one life of the server, from its start to its kill.
func (h *harness) life(i int) {
	out := h.start()
	if h.rng.IntN(100) < 15 { // while it recovers
		time.Sleep(time.Duration(h.rng.IntN(40)) * time.Millisecond)
		h.stop(syscall.SIGKILL)
		h.check(i)
		return
	}
	h.await(out)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { h.load(ctx) })
	}
	time.Sleep(time.Duration(20+h.rng.IntN(500)) * time.Millisecond)
	sig := syscall.SIGKILL
	if h.rng.IntN(100) < 5 {
		sig = syscall.SIGTERM
	}
	h.stop(sig)
	cancel()
	wg.Wait()
	h.check(i)
}

// load starts runs until the context ends.
func (h *harness) load(ctx context.Context) {
	for ctx.Err() == nil {
		h.mu.Lock()
		h.next++
		n := h.next
		h.mu.Unlock()
		order := fmt.Sprintf("o%d", n)
		run, err := h.startRun(ctx, order)
		h.mu.Lock()
		if err != nil {
			h.unacked++
		} else {
			h.acked[order] = run
		}
		h.mu.Unlock()
		if err == nil {
			h.tell(ctx, order, run)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second * 4 / time.Duration(*rate)):
		}
	}
}

func (h *harness) startRun(ctx context.Context, order string) (run string, err error) {
	var answer struct{ Run string }
	err = h.do(ctx, http.MethodPost, "/v1/workflows/order/runs", order, fmt.Sprintf(`{"id":%q,"items":["a","b"]}`, order), &answer)
	if err == nil && answer.Run == "" {
		err = fmt.Errorf("no run in the answer")
	}
	return answer.Run, err
}

// messages is what each order is told: two payments, and an event that it
// listens for.
const messages = 3

// tell tells an order what it was not told yet, one after another.
func (h *harness) tell(ctx context.Context, order, run string) {
	for {
		h.mu.Lock()
		n := h.told[order]
		h.mu.Unlock()
		if n == messages {
			return
		}
		var answer any
		var err error
		if n < messages-1 {
			err = h.do(ctx, http.MethodPost, "/v1/runs/"+run+"/signals/paid", fmt.Sprintf("%s-%d", order, n), fmt.Sprint(n+1), &answer)
		} else {
			event := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/crash","type":"order.answered","data":{"order":%q,"say":"yes"}}`, order, order)
			err = h.do(ctx, http.MethodPost, "/v1/events", "", event, &answer)
		}
		h.mu.Lock()
		if err == nil {
			h.told[order] = n + 1
		} else {
			h.unacked++
		}
		h.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (h *harness) do(ctx context.Context, method, path, idempotency, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, h.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if idempotency != "" {
		req.Header.Set("Idempotency-Key", idempotency)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return json.Unmarshal(b, into)
}

// mailed waits until the run that the order's invoice started has done its
// work: nobody waits for its end.
func (h *harness) mailed(order string, deadline time.Time) {
	for time.Now().Before(deadline) && !h.world.had(order, "mail") {
		time.Sleep(20 * time.Millisecond)
	}
}

// check wants the log to be whole.
func (h *harness) check(i int) {
	if _, err := os.Stat(h.data("engine.db")); err != nil {
		return // killed before it made its file
	}
	out, err := exec.Command(h.bin, "check", "--data", h.project).CombinedOutput()
	if err != nil {
		h.t.Fatalf("seed %d: after kill %d the log is damaged: %v\n%s", *seed, i, err, out)
	}
}

// finish lets all runs end and compares.
func (h *harness) finish() {
	h.await(h.start())
	ctx := context.Background()
	deadline := time.Now().Add(time.Duration(60+*kills) * time.Second)
	orders := make([]string, 0, len(h.acked))
	for order := range h.acked {
		orders = append(orders, order)
	}
	slices.Sort(orders)
	for _, order := range orders {
		h.tell(ctx, order, h.acked[order])
		if n := h.told[order]; n != messages {
			h.t.Errorf("seed %d: order %s was told %d of %d messages", *seed, order, n, messages)
		}
	}
	want := []string{"reserve", "charge", "ship-a", "ship-b", "invoice", "mail"}
	for _, order := range orders {
		run := h.acked[order]
		var view struct {
			Status string
			Output json.RawMessage
		}
		for {
			if err := h.do(ctx, http.MethodGet, "/v1/runs/"+run, "", "", &view); err != nil {
				h.t.Fatalf("seed %d: run %s was acknowledged: %v", *seed, run, err)
			}
			if view.Status != "running" && view.Status != "waiting" {
				break
			}
			if time.Now().After(deadline) {
				h.t.Fatalf("seed %d: run %s does not end: it is %s", *seed, run, view.Status)
			}
			time.Sleep(20 * time.Millisecond)
		}
		output := fmt.Sprintf(`{"answer":"yes","invoice":"invoice-%s","paid":[1,2],"parcels":["ship-a-%s","ship-b-%s"]}`, order, order, order)
		if view.Status != "succeeded" || string(view.Output) != output {
			h.t.Errorf("seed %d: run %s ended %s with %s, want %s", *seed, run, view.Status, view.Output, output)
		}
		h.mailed(order, deadline)
		for _, wrong := range h.world.check(order, want) {
			h.t.Errorf("seed %d: %s", *seed, wrong)
		}
	}
	for _, order := range orders[:min(50, len(orders))] {
		if run, err := h.startRun(ctx, order); err != nil || run != h.acked[order] {
			h.t.Errorf("seed %d: the same key again gave run %s (%v), want %s", *seed, run, err, h.acked[order])
		}
	}
	for _, f := range h.world.faults {
		h.t.Errorf("seed %d: %s", *seed, f)
	}
	h.stop(syscall.SIGTERM)
	h.check(*kills)
}
