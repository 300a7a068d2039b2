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
output: { parcels: "${ steps.ship.output.results }" }
`

// TestCrash starts runs over HTTP, kills the server at random moments (some of
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
	unacked int
	next    int
}

func newHarness(t *testing.T) *harness {
	dir := t.TempDir()
	h := &harness{
		t: t, rng: rand.New(rand.NewPCG(*seed, 2)), bin: filepath.Join(dir, "engine"),
		project: filepath.Join(dir, "project"), world: newWorld(*seed), acked: map[string]string{},
		client: &http.Client{Timeout: 10 * time.Second},
	}
	if out, err := exec.Command("go", "build", "-o", h.bin, "../../cmd/engine").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	shop := httptest.NewServer(h.world)
	t.Cleanup(shop.Close)
	shop.Config.ErrorLog = nil
	h.write("workflows/order.yaml", workflow)
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
	want := []string{"reserve", "charge", "ship-a", "ship-b"}
	for _, order := range orders {
		run := h.acked[order]
		var view struct{ Status string }
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
		if view.Status != "succeeded" {
			h.t.Errorf("seed %d: run %s ended %s", *seed, run, view.Status)
		}
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
