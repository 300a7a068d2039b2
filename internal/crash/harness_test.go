package crash_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/served"
)

// harness is a project, its server and what the clients know.
type harness struct {
	t       *testing.T
	rng     *rand.Rand
	bin     string
	project string
	world   *world
	server  *exec.Cmd
	at      served.Server
	client  *http.Client
	tally   tally

	mu     sync.Mutex
	next   int
	again  []string          // orders whose start was not acknowledged
	acked  map[string]string // order -> run, of those that were not verified yet
	told   map[string]int    // order -> how many of its messages are acknowledged
	tried  map[string]bool   // orders whose task was answered at least once, acknowledged or not
	kept   map[string]string // order -> run, verified and not to be purged
	round  int               // of orders that are not verified yet
	lots   []lot             // verified and to be purged by a filter
	doomed []string          // runs that may be purged
	gone   []string          // runs whose purge was acknowledged
}

func newHarness(t *testing.T) *harness {
	dir := t.TempDir()
	h := &harness{
		t: t, rng: rand.New(rand.NewPCG(*seed, 2)), bin: *binary,
		project: filepath.Join(dir, "project"), world: newWorld(*seed),
		acked: map[string]string{}, told: map[string]int{}, tried: map[string]bool{}, kept: map[string]string{},
		client: &http.Client{Timeout: 5 * time.Minute},
	}
	if h.bin == "" {
		h.bin = filepath.Join(dir, "engine")
		if out, err := exec.Command("go", "build", "-o", h.bin, "../../cmd/engine").CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
	}
	shop := httptest.NewServer(h.world)
	t.Cleanup(shop.Close)
	shop.Config.ErrorLog = nil
	h.write("workflows/order.yaml", orderFlow)
	h.write("workflows/invoice.yaml", invoiceFlow)
	h.write("workflows/mail.yaml", mailFlow)
	h.write("env/local.yaml", fmt.Sprintf(environment, shop.URL, h.copies()))
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

// environment has the server drop the runs of two workflows soon after their
// end, and look for values that nothing names any more all the time.
const environment = `connections:
  shop: { url: %q, idempotencyHeader: Idempotency-Key }
retention:
  succeeded: never
  failed: never
  workflows: { mail: { succeeded: 500ms }, invoice: { succeeded: 500ms } }
  every: 70ms
  sweep: 130ms
backup: { every: 1h, to: %q, keep: 2 }
`

// copies is where the server makes copies of its own.
func (h *harness) copies() string { return filepath.Join(h.project, "copies") }

func (h *harness) data(name string) string { return filepath.Join(h.project, ".engine", name) }

// start starts the server without waiting for it.
func (h *harness) start() *bytes.Buffer {
	served.Forget(filepath.Join(h.project, ".engine"))
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
	deadline := time.Now().Add(10 * time.Minute) // others may need the machine
	for time.Now().Before(deadline) {
		at, ok := served.Find(filepath.Join(h.project, ".engine"))
		if ok {
			h.at = at
			h.at.Client = h.client
			h.tidy()
			return
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

// check wants the log to be whole.
func (h *harness) check(after string) {
	if _, err := os.Stat(h.data("engine.db")); err != nil {
		return // killed before it made its file
	}
	out, err := exec.Command(h.bin, "check", "--data", h.project).CombinedOutput()
	if err != nil {
		h.t.Fatalf("seed %d: kill %d: %s, and the log is damaged: %v\n%s", *seed, h.tally.kills, after, err, out)
	}
}
