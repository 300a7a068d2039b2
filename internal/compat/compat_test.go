package compat_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var release = flag.String("compat.record", "", "record the log of this release")

// world is the outside. Before, calls with a gate never answer and those that
// fail do; afterwards all answer.
type world struct {
	after bool
	mu    sync.Mutex
	calls []string
}

type in struct {
	Name string `json:"name"`
	Mode string `json:"mode,omitempty"`
}

type out struct {
	Name string `json:"name"`
}

func (w *world) call(ctx context.Context, c connectors.Call, x in) (out, error) {
	w.mu.Lock()
	w.calls = append(w.calls, fmt.Sprintf("call %s %s", x.Name, c.Key))
	w.mu.Unlock()
	switch {
	case w.after:
	case x.Mode == "gate":
		<-ctx.Done()
		return out{}, ctx.Err()
	case x.Mode == "fail":
		return out{}, &connectors.Error{Code: "Down", Message: "it is down", Status: 503}
	}
	return out{Name: x.Name}, nil
}

// registry offers test.never, test.keyed and test.safe. Recorded definitions
// name them: they stay as they are.
func (w *world) registry() *connectors.Registry {
	op := func(id string, r connectors.Repeat) connectors.Operation {
		return connectors.Op(id, "Tests.", func(connectors.Settings, in) connectors.Repeat { return r },
			func(ctx context.Context, c connectors.Call, x in) (out, error) { return w.call(ctx, c, x) })
	}
	return connectors.NewRegistry(&connectors.Connector{Name: "test", Summary: "Tests.", Operations: []connectors.Operation{
		op("test.safe", connectors.Safe), op("test.keyed", connectors.Keyed), op("test.never", connectors.Never),
	}})
}

// TestRecord records the log of a new release, and what its runs come to.
func TestRecord(t *testing.T) {
	if *release == "" {
		t.Skip("on demand: -compat.record=RELEASE (make compat R=RELEASE)")
	}
	dir := filepath.Join("testdata", *release)
	if err := errors.Join(os.MkdirAll("testdata", 0o755), os.Mkdir(dir, 0o755)); err != nil {
		t.Fatal("a release is recorded once:", err)
	}
	synctest.Test(t, func(t *testing.T) { record(t, dir) })
	synctest.Test(t, func(t *testing.T) {
		write(t, filepath.Join(dir, "want"), []byte(goOn(t, dir)))
	})
}

func write(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// record leaves runs in the middle of everything and keeps their log.
func record(t *testing.T, dir string) {
	store, err := boltlog.Open(filepath.Join(t.TempDir(), "engine.db"), boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	e := open(t, store, &world{})
	files, err := filepath.Glob("workflows/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var runs strings.Builder
	begin := func(name string) string {
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: name})
		if err != nil {
			t.Fatal(name, err)
		}
		fmt.Fprintf(&runs, "%s %s\n", name, s.Run)
		return s.Run
	}
	slices.SortFunc(files, func(a, b string) int { // who is called comes first
		return strings.Compare(strings.Replace(a, "child", "", 1), strings.Replace(b, "child", "", 1))
	})
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, found, err := e.Deploy(t.Context(), f, src); err != nil {
			t.Fatal(f, err, found)
		}
	}
	for i, name := range []string{
		"ended", "signal", "approval", "sleeping", "retrying", "never", "compensating", "queued", "queued",
		"parent", "event", "loop", "large", "suspended", "calling",
	} {
		run := begin(name)
		time.Sleep(time.Second)
		synctest.Wait()
		if name == "suspended" {
			if err := e.Suspend(t.Context(), run, "for the record"); err != nil {
				t.Fatal(err)
			}
		}
		if i == 9 { // what came before is in chunks, the rest in the journal
			if err := store.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	file := filepath.Join(t.TempDir(), "copy.db")
	if _, err := store.Backup(t.Context(), file, boltlog.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = e.Close(gone) // calls are under way: it is as after a crash
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "engine.db.gz"), packed.Bytes())
	write(t, filepath.Join(dir, "runs"), []byte(runs.String()))
}

func open(t *testing.T, store *boltlog.Log, w *world) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Options{Store: store, Registry: w.registry()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestReleases opens the log of each release and ends its runs.
func TestReleases(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no release is recorded", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want, err := os.ReadFile(filepath.Join(dir, "want"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), goOn(t, dir)); diff != "" {
					t.Errorf("the runs of %s come to something else (-want +got):\n%s", dir, diff)
				}
			})
		})
	}
}

// unpack puts a copy of a release's log into a directory of its own.
func unpack(t *testing.T, dir string) string {
	t.Helper()
	packed, err := os.Open(filepath.Join(dir, "engine.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "engine.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// goOn opens a release's log, gives its runs what they wait for, and says what
// they come to and which calls they make.
func goOn(t *testing.T, dir string) string {
	path := unpack(t, dir)
	clean := func(when string) {
		r, err := boltlog.Check(t.Context(), path)
		if err != nil && !errors.Is(err, boltlog.ErrOlder) || !r.Clean() {
			t.Errorf("%s the log is damaged: %v, %v", when, r.Damage, err)
		}
	}
	clean("as recorded")
	store, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{after: true}
	e := open(t, store, w)
	time.Sleep(2 * time.Minute) // past what was recorded
	synctest.Wait()
	list, err := os.ReadFile(filepath.Join(dir, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	fmt.Fprintln(&said, "# as it was opened")
	runs := strings.Fields(string(list))
	for i := 0; i < len(runs); i += 2 {
		say(t, e, &said, runs[i], runs[i+1])
	}
	for i := 0; i < len(runs); i += 2 {
		give(t, e, runs[i], runs[i+1])
		synctest.Wait()
	}
	event := engine.CloudEvent{ID: "1", Type: "order.paid", Source: "/test", Data: json.RawMessage(`{"order":7,"by":"card"}`)}
	if err := e.Publish(t.Context(), event); err != nil {
		t.Error(err)
	}
	time.Sleep(24 * time.Hour)
	synctest.Wait()
	fmt.Fprintln(&said, "# in the end")
	for i := 0; i < len(runs); i += 2 {
		say(t, e, &said, runs[i], runs[i+1])
	}
	fired, _, err := e.List(t.Context(), engine.RunFilter{Workflow: "scheduled"})
	if err != nil {
		t.Error(err)
	}
	for _, r := range fired {
		say(t, e, &said, "scheduled", r.Run)
	}
	fmt.Fprintln(&said, "# calls")
	w.mu.Lock()
	slices.Sort(w.calls)
	fmt.Fprintln(&said, strings.Join(w.calls, "\n"))
	w.mu.Unlock()
	if err := errors.Join(e.Close(t.Context()), store.Close()); err != nil {
		t.Error(err)
	}
	clean("in the end")
	return said.String()
}

// give gives a run what it waits for.
func give(t *testing.T, e *engine.Engine, name, run string) {
	t.Helper()
	signal := func(run string) error { return e.Signal(t.Context(), run, "", "go", json.RawMessage(`"given"`)) }
	var err error
	switch name {
	case "signal", "queued", "large":
		err = signal(run)
	case "approval":
		err = e.AnswerTask(t.Context(), run, engine.AnswerRequest{Path: "may", By: "boss", Outcome: "approve"})
	case "suspended":
		err = e.Resume(t.Context(), run)
	case "parent":
		rows, _, failed := e.List(t.Context(), engine.RunFilter{Parent: run})
		if err = failed; err == nil && len(rows) == 1 {
			err = signal(rows[0].Run)
		}
	}
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// say says how a run stands.
func say(t *testing.T, e *engine.Engine, to *strings.Builder, name, run string) {
	t.Helper()
	v, err := e.Get(t.Context(), run)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	fmt.Fprintf(to, "%s %s", name, v.Status)
	if !v.Output.IsAbsent() {
		fmt.Fprintf(to, " %s", v.Output.Inline())
	}
	if v.Error != nil {
		fmt.Fprintf(to, " %s", v.Error.Code)
	}
	fmt.Fprintln(to)
}
