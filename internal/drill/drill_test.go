//go:build unix

package drill_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/served"
)

var rounds = flag.Int("drill.n", 1, "how often a machine is lost")

const workflow = `workflow: order
version: "1"
input: { type: object, required: [id], properties: { id: { type: string } } }
connections: { shop: { connector: http } }
steps:
  - { id: reserve, action: http.post, connection: shop, with: { path: /reserve, body: { order: "${ input.id }" } } }
  - { id: rest, wait: 300ms }
  - { id: charge, action: http.post, connection: shop, with: { path: /charge, body: { order: "${ input.id }" } } }
output: { reserved: "${ steps.reserve.output.body.id }", charged: "${ steps.charge.output.body.id }" }
`

// shop makes each effect once for a key.
type shop struct {
	mu      sync.Mutex
	effects map[string]string // what was done, by key
	trouble []string
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct{ Order string }
	_ = json.Unmarshal(body, &in) // an order that is not there shows in what is compared
	done, key := r.URL.Path+" "+in.Order, r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	defer s.mu.Unlock()
	if had, ok := s.effects[key]; ok && had != done || key == "" {
		s.trouble = append(s.trouble, fmt.Sprintf("key %q carried %s and then %s", key, had, done))
	}
	s.effects[key] = done
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"done%s"}`, strings.ReplaceAll(done, " ", " of "))
}

// drill is one engine, its place and those who use it.
type drill struct {
	t       *testing.T
	dir     string
	bin     string
	shop    *shop
	server  *exec.Cmd
	data    string
	at      served.Server
	mu      sync.Mutex
	acked   map[string]string // run by order
	next    int
	ackedAt time.Time
}

// patience is how long something is waited for: long, for the machine may be
// slow and busy.
const patience = 3 * time.Minute

// TestDrill has an engine work, copies its log now and then, loses the machine
// and restores the newest copy on another. All that was acknowledged before
// the copy began is there and ends as without the loss; each effect is made
// under one key.
func TestDrill(t *testing.T) {
	d := &drill{t: t, dir: t.TempDir(), shop: &shop{effects: map[string]string{}}, acked: map[string]string{}}
	d.bin = filepath.Join(d.dir, "engine")
	if out, err := exec.Command("go", "build", "-o", d.bin, "../../cmd/engine").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	srv := httptest.NewServer(d.shop)
	t.Cleanup(srv.Close)
	d.write("project/workflows/order.yaml", workflow)
	d.write("project/env/local.yaml", fmt.Sprintf("connections:\n  shop: { url: %q, idempotencyHeader: Idempotency-Key }\n", srv.URL))
	t.Cleanup(d.kill)
	d.data = filepath.Join(d.dir, "machine0")
	d.serve()
	for i := range *rounds {
		d.round(i + 1)
	}
}

func (d *drill) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// engine runs a command of the engine.
func (d *drill) engine(args ...string) string {
	d.t.Helper()
	out, err := exec.Command(d.bin, args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("engine %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// serve starts a server on the data directory and waits until it is ready.
func (d *drill) serve() {
	d.t.Helper()
	var out bytes.Buffer
	d.server = exec.Command(d.bin, "serve", filepath.Join(d.dir, "project"), "--data", d.data, "--listen", "127.0.0.1:0")
	d.server.Stdout, d.server.Stderr = &out, &out
	if err := d.server.Start(); err != nil {
		d.t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		at, ok := served.Find(d.data)
		if !ok {
			continue
		}
		d.at = at
		if status, _ := at.Do(d.t.Context(), served.Request{Method: http.MethodGet, Path: "/readyz"}, nil); status == http.StatusOK {
			return
		}
	}
	d.kill()
	d.t.Fatalf("the server does not come up:\n%s", &out)
}

func (d *drill) kill() {
	if d.server != nil {
		_ = d.server.Process.Kill()
		_ = d.server.Wait()
		d.server = nil
	}
}

// load starts runs until told to stop.
func (d *drill) load(stop <-chan struct{}) *sync.WaitGroup {
	var all sync.WaitGroup
	at := d.at
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					d.start(at)
				}
			}
		})
	}
	return &all
}

// start starts one run and notes that it was acknowledged.
func (d *drill) start(at served.Server) {
	d.mu.Lock()
	d.next++
	order := fmt.Sprint("o", d.next)
	d.mu.Unlock()
	var got struct{ Run string }
	status, err := at.Do(d.t.Context(), served.Request{
		Method: http.MethodPost, Path: "/v1/workflows/order/runs", Body: fmt.Sprintf(`{"id":%q}`, order),
	}, &got)
	if err != nil || status != http.StatusAccepted {
		return // the machine is gone
	}
	d.mu.Lock()
	d.acked[order], d.ackedAt = got.Run, time.Now()
	d.mu.Unlock()
	time.Sleep(5 * time.Millisecond) // a pace, not a wait for something
}

// round is one loss: copies under load, a kill, a restore elsewhere.
func (d *drill) round(n int) {
	stop := make(chan struct{})
	load := d.load(stop)
	copies := filepath.Join(d.dir, fmt.Sprint("copies", n))
	var newest string
	before := map[string]string{}
	for c := range 3 {
		d.more(40)
		d.mu.Lock()
		before = map[string]string{}
		for order, run := range d.acked {
			before[order] = run
		}
		d.mu.Unlock()
		newest = filepath.Join(copies, fmt.Sprintf("copy%d.db", c))
		d.write(filepath.Join(fmt.Sprint("copies", n), "keep"), "")
		d.engine("backup", newest, "--data", d.data)
	}
	d.more(40)
	d.kill()
	lost := time.Now()
	close(stop)
	load.Wait()
	d.mu.Lock()
	acked, last := len(d.acked), d.ackedAt
	d.mu.Unlock()

	d.data = filepath.Join(d.dir, fmt.Sprint("machine", n))
	var back struct {
		Newest time.Time
		Runs   map[string]int
	}
	if err := json.Unmarshal([]byte(d.engine("restore", newest, "--data", d.data, "--json")), &back); err != nil {
		d.t.Fatal(err)
	}
	d.serve()
	ready := time.Since(lost)
	for order, run := range before {
		d.ended(order, run)
	}
	d.t.Logf("loss %d: %d starts acknowledged, %d of them before the copy began, all of those ended well; runs in the copy %v; "+
		"lost %v of work (RPO); ready again %v after the loss (RTO), all ended after %v",
		n, acked, len(before), back.Runs, last.Sub(back.Newest).Round(time.Millisecond), ready.Round(time.Millisecond), time.Since(lost).Round(time.Millisecond))
	d.shop.mu.Lock()
	for _, trouble := range d.shop.trouble {
		d.t.Error(trouble)
	}
	d.shop.mu.Unlock()
	d.mu.Lock()
	d.acked = map[string]string{}
	d.mu.Unlock()
	if !strings.Contains(d.engine("check", "--data", d.data), "is clean") {
		d.t.Error("the log is damaged")
	}
}

// more waits until so many more starts were acknowledged.
func (d *drill) more(n int) {
	d.mu.Lock()
	want := len(d.acked) + n
	d.mu.Unlock()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		d.mu.Lock()
		has := len(d.acked)
		d.mu.Unlock()
		if has >= want {
			return
		}
	}
	d.t.Fatal("too few starts are acknowledged")
}

// ended waits until a run ended and looks at what it says.
func (d *drill) ended(order, run string) {
	d.t.Helper()
	var v struct {
		Status string
		Output struct{ Reserved, Charged string }
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		status, err := d.at.Do(d.t.Context(), served.Request{Method: http.MethodGet, Path: "/v1/runs/" + run}, &v)
		if status != http.StatusOK || err != nil {
			d.t.Fatalf("order %s, run %s, acknowledged before the copy began: %d, %v", order, run, status, err)
		}
		if v.Status != "running" && v.Status != "waiting" {
			break
		}
	}
	if v.Status != "succeeded" || v.Output.Reserved != "done/reserve of "+order || v.Output.Charged != "done/charge of "+order {
		d.t.Errorf("order %s, run %s: %+v", order, run, v)
	}
}
