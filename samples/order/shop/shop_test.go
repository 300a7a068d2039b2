package shop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/samples/order/shop"
)

// start serves a shop and returns it with its address.
func start(t *testing.T, o shop.Options) (*shop.Shop, string) {
	t.Helper()
	if o.Ledger == "" {
		o.Ledger = filepath.Join(t.TempDir(), "ledger.jsonl")
	}
	s, err := shop.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() { server.Close(); s.Close() })
	return s, server.URL
}

// send performs one request on a connection of its own. A lost answer is
// status 0.
func send(t *testing.T, method, url, key, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func effects(s *shop.Shop) string {
	var b strings.Builder
	for _, c := range s.Counts() {
		fmt.Fprintf(&b, "%s %s %s %d\n", c.Operation, c.Order, c.Key, c.Count)
	}
	return b.String()
}

// Each request with its answer; the ledger shows the effects.
func TestOperations(t *testing.T) {
	s, url := start(t, shop.Options{})
	for _, c := range []struct {
		call, key, body string
		status          int
		answer          string // part of it
	}{
		{"POST /stock/reservations", "k1", `{"order":"A","items":[{"sku":"X","qty":2}]}`, 201, `"order":"A"`},
		{"POST /stock/reservations", "k1", `{"order":"A","items":[{"sku":"X","qty":2}]}`, 201, `"id":"RES-`},
		{"POST /stock/reservations", "k1", `{"order":"B","items":[{"sku":"X"}]}`, 422, "used for another request"},
		{"POST /payment/charges", "k1", `{"order":"A","amount":1}`, 422, "used for another request"},
		{"POST /stock/reservations", "k2", `{"order":"A","items":[{"sku":"SOLD-OUT"}]}`, 409, "SOLD-OUT is sold out"},
		{"POST /stock/reservations", "k2", `{"order":"A","items":[]}`, 400, "needs an order and items"},
		{"POST /stock/reservations", "k2", `{"order":"A","items":[{"sku":"X","qty":0}]}`, 400, "at least 1"},
		{"POST /stock/reservations", "", `{"order":"A","itmes":[]}`, 400, ""},
		{"POST /stock/reservations", "", `{} {}`, 400, ""},
		{"GET /stock/orders/A/reservation", "", "", 200, `"reserved":true`},
		{"DELETE /stock/orders/A/reservation", "", "", 200, `"released":true`},
		{"DELETE /stock/orders/A/reservation", "", "", 200, `"released":false`},
		{"POST /payment/charges", "k3", `{"order":"A","amount":9.5}`, 201, `"id":"CHG-`},
		{"POST /payment/charges", "k4", `{"order":"A","amount":10000}`, 201, ""},
		{"POST /payment/charges", "k5", `{"order":"A","amount":10000.01}`, 402, "declined"},
		{"POST /payment/charges", "k5", `{"order":"A","amount":-1}`, 400, ""},
		{"POST /payment/charges", "k5", `{"order":"A"}`, 400, ""},
		{"GET /payment/orders/A/balance", "", "", 200, `"balance":10009.5`},
		{"POST /payment/orders/A/refund", "k6", "", 200, `"refunded":10009.5`},
		{"POST /payment/orders/A/refund", "k6", "", 200, `"refunded":10009.5`},
		{"POST /payment/orders/A/refund", "k7", "", 200, `"refunded":0`},
		{"POST /shipping/parcels", "k8", `{"sku":"X","qty":1}`, 201, `"tracking":"TRK-`},
		{"POST /shipping/parcels", "", `{"sku":"X"}`, 201, ""},
		{"POST /shipping/parcels", "", `{"sku":"X"}`, 201, ""},
		{"POST /shipping/parcels", "", `{"qty":1}`, 400, "needs a sku"},
		{"POST /elsewhere", "", ``, 404, ""},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		status, answer := send(t, method, url+path, c.key, c.body)
		if status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%s %s %s = %d %s, want %d with %s", c.call, c.key, c.body, status, answer, c.status, c.answer)
		}
	}
	want := "charge A k3 1\ncharge A k4 1\nrefund A k6 1\nrelease A  1\nreserve A k1 1\nship   2\nship  k8 1\n"
	if diff := cmp.Diff(want, effects(s)); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	var ledger struct {
		Total   int
		Effects []shop.Count
	}
	_, answer := send(t, "GET", url+"/ledger", "", "")
	if err := json.Unmarshal([]byte(answer), &ledger); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Counts(), ledger.Effects); diff != "" || ledger.Total != 8 {
		t.Errorf("GET /ledger: total %d, want 8 (-want +got):\n%s", ledger.Total, diff)
	}
}

// A lost answer leaves an effect; the same key brings the answer and no
// second effect. A 503 leaves none.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		options shop.Options
		want    string // status of requests 1, 2, …
	}{
		{"calm", shop.Options{}, "201 201 201 201"},
		{"fail one in five", shop.Options{FailEvery: 5}, "201 201 201 503 201 201 201 201 503 201"},
		{"lose one in seven", shop.Options{LoseEvery: 7}, "201 0 201 201 201 201 201 201 0 201"},
		{"both", shop.Options{FailEvery: 5, LoseEvery: 7}, "201 0 201 503 201 201 201 201 503 201"},
		{"both, seed 1", shop.Options{FailEvery: 5, LoseEvery: 7, Seed: 1}, "201 201 0 201 503 201 201 201 201 503"},
		{"fail all", shop.Options{FailEvery: 1, LoseEvery: 1}, "503 503 503"},
		{"lose all", shop.Options{LoseEvery: 1}, "0 0 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, url := start(t, c.options)
			var got, keys []string
			for i := range strings.Fields(c.want) {
				key := fmt.Sprintf("k%d", i+1)
				status, _ := send(t, "POST", url+"/shipping/parcels", key, `{"sku":"X"}`)
				got = append(got, fmt.Sprint(status))
				if status != 503 {
					keys = append(keys, key)
				}
			}
			if g := strings.Join(got, " "); g != c.want {
				t.Errorf("answers %s, want %s", g, c.want)
			}
			if n := len(s.Counts()); n != len(keys) {
				t.Errorf("%d effects, want %d:\n%s", n, len(keys), effects(s))
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	_, url := start(t, shop.Options{FailEvery: 1})
	var got []string
	for range 4 {
		resp, err := http.Post(url+"/shipping/parcels", "application/json", strings.NewReader(`{"sku":"X"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got = append(got, resp.Header.Get("Retry-After"))
	}
	if diff := cmp.Diff([]string{"", "1", "", "1"}, got); diff != "" {
		t.Errorf("Retry-After (-want +got):\n%s", diff)
	}
}

// The effect is made before the wait, and the wait is as long as asked for.
func TestSlow(t *testing.T) {
	var s *shop.Shop
	var waited []time.Duration
	seen := ""
	s, url := start(t, shop.Options{Slow: 3 * time.Second, Sleep: func(_ context.Context, d time.Duration) {
		waited, seen = append(waited, d), effects(s)
	}})
	send(t, "POST", url+"/shipping/parcels", "k", `{"sku":"X"}`)
	if diff := cmp.Diff([]time.Duration{3 * time.Second}, waited); diff != "" || seen != "ship  k 1\n" {
		t.Errorf("effects during the wait %q; waits (-want +got):\n%s", seen, diff)
	}
}

// The same key from many at once has one effect, and all get the one answer.
func TestOneKeyAtOnce(t *testing.T) {
	s, url := start(t, shop.Options{})
	answers := make([]string, 32)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { _, answers[i] = send(t, "POST", url+"/payment/charges", "k", `{"order":"A","amount":1}`) })
	}
	wg.Wait()
	for _, a := range answers {
		if a != answers[0] || a == "" {
			t.Errorf("answers differ: %s and %s", answers[0], a)
		}
	}
	if got := effects(s); got != "charge A k 1\n" {
		t.Errorf("effects %q, want one charge", got)
	}
}

// The ledger outlives its process: keys, answers and state come back; a torn
// last line is cut off, for nobody got an answer about it; a damaged line in
// the middle is refused.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	s, url := start(t, shop.Options{Ledger: path})
	_, first := send(t, "POST", url+"/payment/charges", "k1", `{"order":"A","amount":5}`)
	send(t, "POST", url+"/stock/reservations", "k2", `{"order":"A","items":[{"sku":"X"}]}`)
	before := effects(s)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for cut := range lines[1] {
		torn := lines[0] + lines[1][:cut]
		copied := filepath.Join(t.TempDir(), "ledger.jsonl")
		if err := os.WriteFile(copied, []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := shop.Open(shop.Options{Ledger: copied})
		if err != nil {
			t.Fatalf("cut at byte %d: %v", cut, err)
		}
		if got := effects(again); got != "charge A k1 1\n" {
			t.Errorf("cut at byte %d: effects %q", cut, got)
		}
		again.Close()
		if left, _ := os.ReadFile(copied); string(left) != lines[0] {
			t.Errorf("cut at byte %d: the torn line is still there", cut)
		}
	}
	again, url := start(t, shop.Options{Ledger: path})
	if got := effects(again); got != before {
		t.Errorf("effects after reopening %q, want %q", got, before)
	}
	if _, second := send(t, "POST", url+"/payment/charges", "k1", `{"order":"A","amount":5}`); second != first {
		t.Errorf("answer after reopening %s, want %s", second, first)
	}
	if status, _ := send(t, "POST", url+"/payment/charges", "k1", `{"order":"A","amount":6}`); status != 422 {
		t.Errorf("another request with the key after reopening: %d, want 422", status)
	}
	if _, answer := send(t, "POST", url+"/payment/orders/A/refund", "k3", ""); !strings.Contains(answer, `"refunded":5`) {
		t.Errorf("refund after reopening: %s", answer)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.jsonl")
	if err := os.WriteFile(damaged, []byte("{}\nnonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := shop.Open(shop.Options{Ledger: damaged}); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("Open of a damaged ledger = %v, want an error that names line 2", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, o := range []shop.Options{
		{Ledger: filepath.Join(t.TempDir(), "no", "such", "folder")},
		{Ledger: filepath.Join(t.TempDir(), "l"), FailEvery: -1},
		{Ledger: filepath.Join(t.TempDir(), "l"), LoseEvery: -1},
		{Ledger: filepath.Join(t.TempDir(), "l"), Slow: -1},
	} {
		if s, err := shop.Open(o); err == nil {
			s.Close()
			t.Errorf("Open(%+v) succeeded", o)
		}
	}
}

// After Close nothing is promised any more.
func TestClosed(t *testing.T) {
	s, url := start(t, shop.Options{})
	s.Close()
	if status, _ := send(t, "POST", url+"/shipping/parcels", "k", `{"sku":"X"}`); status != 500 {
		t.Errorf("status %d after Close, want 500", status)
	}
	if got := effects(s); got != "" {
		t.Errorf("effects after Close: %q", got)
	}
}

func TestRequestLimit(t *testing.T) {
	_, url := start(t, shop.Options{})
	for _, c := range []struct{ size, status int }{{1<<20 - 1, 400}, {1 << 20, 400}, {1<<20 + 1, 413}} {
		if status, _ := send(t, "POST", url+"/shipping/parcels", "", strings.Repeat(" ", c.size)); status != c.status {
			t.Errorf("%d bytes: status %d, want %d", c.size, status, c.status)
		}
	}
}
