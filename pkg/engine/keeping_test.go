package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

const keptFlows = `workflow: quick
version: "1"
input: { type: object, properties: { text: { type: string } } }
steps: [{ id: a, compose: "${ input.text ?? '' }", track: { size: len(input.text ?? "") } }]
---
workflow: bad
version: "1"
steps: [{ id: a, fail: { code: Broken, message: no } }]
---
workflow: late
version: "1"
timeout: 1s
steps: [{ id: a, wait: 1h }]
---
workflow: sleepy
version: "1"
steps: [{ id: a, await: { signal: go } }]
---
workflow: mother
version: "1"
steps:
  - { id: a, call: sleepy, detach: true }
---
workflow: caller
version: "1"
steps:
  - { id: a, call: quick }
  - { id: b, await: { signal: go } }
---
workflow: poisoned
version: "1"
steps: [{ id: w, wait: 1s }, { id: a, action: test.safe, with: { poison: true } }]
`

// kept is an engine with runs of every kind.
type kept struct {
	t    *testing.T
	e    *engine.Engine
	log  *memlog.Log
	runs map[string]string // by workflow
}

func openKept(t *testing.T, keeping *engine.Keeping) *kept {
	t.Helper()
	k := &kept{t: t, log: memlog.New(), runs: map[string]string{}}
	k.e = open(t, engine.Options{Store: k.log, Registry: newWorld().registry(), Keeping: keeping}, strings.Split(keptFlows, "---\n")...)
	for _, workflow := range []string{"quick", "bad", "late", "sleepy", "mother", "caller", "poisoned"} {
		k.runs[workflow] = start(t, k.e, workflow)
	}
	k.runs["cancelled"] = start(t, k.e, "sleepy")
	synctest.Wait()
	if err := k.e.Cancel(t.Context(), k.runs["cancelled"], ""); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	return k
}

// left returns the workflows whose runs are there, with their statuses.
func (k *kept) left() map[string]string {
	k.t.Helper()
	rows, _, err := k.e.List(k.t.Context(), engine.RunFilter{Limit: 1000})
	if err != nil {
		k.t.Fatal(err)
	}
	names := map[string]string{}
	for name, run := range k.runs {
		names[run] = name
	}
	out := map[string]string{}
	for _, r := range rows {
		name := names[r.Run]
		if name == "" {
			name = "child:" + r.Workflow
		}
		out[name] = r.Status
	}
	return out
}

func (k *kept) want(what string, want map[string]string) {
	k.t.Helper()
	if diff := cmp.Diff(want, k.left()); diff != "" {
		k.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Runs go once they are as old as they are kept; those that are open or stuck
// stay, and so does their family.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := openKept(t, &engine.Keeping{})
		all := map[string]string{
			"quick": "succeeded", "bad": "failed", "late": "timedOut", "sleepy": "waiting", "mother": "succeeded",
			"child:sleepy": "waiting", "caller": "waiting", "child:quick": "succeeded", "cancelled": "cancelled", "poisoned": "stuck",
		}
		const day = 24 * time.Hour
		time.Sleep(30*day - 2*time.Hour)
		k.want("a moment before 30 days", all)
		time.Sleep(4 * time.Hour)
		delete(all, "quick")
		k.want("after 30 days", all)
		time.Sleep(60*day - 4*time.Hour)
		k.want("a moment before 90 days", all)
		time.Sleep(6 * time.Hour)
		delete(all, "bad")
		delete(all, "late")
		delete(all, "cancelled")
		k.want("after 90 days", all)
		for _, run := range []string{"caller", "mother"} { // and the mother's child
			for _, r := range k.openOf(run) {
				if err := k.e.Signal(t.Context(), r, "", "go", nil); err != nil {
					t.Error(err)
				}
			}
		}
		time.Sleep(2 * time.Hour)
		delete(all, "mother") // its child has ended
		delete(all, "child:quick")
		all["child:sleepy"], all["caller"] = "succeeded", "succeeded"
		k.want("once the family has ended", all)
		time.Sleep(31 * day)
		k.want("at the end", map[string]string{"sleepy": "waiting", "poisoned": "stuck"})
		if _, err := k.e.Get(t.Context(), k.runs["quick"]); !errors.Is(err, engine.ErrNoRun) {
			t.Errorf("a run that was dropped: %v", err)
		}
		s, err := k.e.Status(t.Context())
		if err != nil || !s.Keeping || s.Pass.At.IsZero() || s.Pass.Error != "" || s.Sweep.At.IsZero() {
			t.Errorf("Status = %+v, %v", s, err)
		}
	})
}

// openOf returns the run of a workflow if it is open, or its child.
func (k *kept) openOf(name string) []string {
	rows, _, err := k.e.List(k.t.Context(), engine.RunFilter{Parent: k.runs[name], Statuses: []string{"waiting"}})
	if err != nil {
		k.t.Fatal(err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, r.Run)
	}
	if name == "caller" {
		all = append(all, k.runs[name])
	}
	return all
}

// Ages are those of the workflow, else those of all; never is never.
func TestRetentionRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := config.Retention{
			Ages:      config.Ages{"succeeded": config.Never, "failed": time.Hour},
			Workflows: map[string]config.Ages{"quick": {"succeeded": 0}, "bad": {"failed": config.Never}},
		}
		k := openKept(t, &engine.Keeping{Retention: r, Every: time.Minute})
		time.Sleep(2 * time.Hour)
		k.want("after two hours", map[string]string{
			"bad": "failed", "sleepy": "waiting", "mother": "succeeded", "child:sleepy": "waiting",
			"caller": "waiting", "child:quick": "succeeded", "poisoned": "stuck",
		})
	})
}

// Without being told to, an engine drops nothing.
func TestKeepsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := openKept(t, nil)
		was := k.left()
		time.Sleep(400 * 24 * time.Hour)
		k.want("after a year", was)
	})
}

func TestPurge(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter engine.PurgeFilter
		want   string // workflows whose runs go
		family int
	}{
		{"all", engine.PurgeFilter{}, "quick bad late cancelled", 2},
		{"a workflow", engine.PurgeFilter{Workflow: "quick"}, "quick", 1},
		{"a workflow that is not there", engine.PurgeFilter{Workflow: "none"}, "", 0},
		{"a version", engine.PurgeFilter{Version: "2"}, "", 0},
		{"statuses", engine.PurgeFilter{Statuses: []string{"failed", "timedOut"}}, "bad late", 0},
		{"open ones", engine.PurgeFilter{Statuses: []string{"waiting", "stuck"}}, "", 0},
		{"an error", engine.PurgeFilter{Error: "Broken"}, "bad", 0},
		{"an attribute", engine.PurgeFilter{Attributes: map[string]string{"size": "0"}}, "quick", 1},
		{"another value of it", engine.PurgeFilter{Attributes: map[string]string{"size": "1"}}, "", 0},
		{"old ones", engine.PurgeFilter{EndedBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)}, "", 0},
		{"young ones", engine.PurgeFilter{EndedBefore: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Workflow: "bad"}, "bad", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := openKept(t, nil)
				want := k.left()
				f := c.filter
				f.DryRun = true
				goes := strings.Fields(c.want)
				result := engine.Purged{Runs: len(goes), KeptFamily: c.family}
				got, err := k.e.Purge(t.Context(), f)
				if diff := cmp.Diff(result, got); diff != "" || err != nil {
					t.Errorf("a dry run: %v\n%s", err, diff)
				}
				k.want("after a dry run", want)
				f.DryRun = false
				got, err = k.e.Purge(t.Context(), f)
				if diff := cmp.Diff(result, got); diff != "" || err != nil {
					t.Errorf("the purge: %v\n%s", err, diff)
				}
				for _, name := range goes {
					delete(want, name)
				}
				k.want("after the purge", want)
				result.Runs = 0
				if got, err = k.e.Purge(t.Context(), f); got != result || err != nil {
					t.Errorf("a second time: %+v, %v", got, err)
				}
			})
		})
	}
}

// Runs can be named; what is no run, or open, is passed over.
func TestPurgeNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := openKept(t, nil)
		want := k.left()
		f := engine.PurgeFilter{Runs: []string{k.runs["bad"], k.runs["sleepy"], "nobody", "book/definitions", k.runs["quick"]}, Workflow: "bad"}
		if got, err := k.e.Purge(t.Context(), f); err != nil || got.Runs != 1 {
			t.Errorf("Purge = %+v, %v", got, err)
		}
		delete(want, "bad")
		k.want("after the purge", want)
	})
}

// A purge of more runs than one call drops goes on from its cursor.
func TestPurgeInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{Registry: newWorld().registry()}, strings.Split(keptFlows, "---\n")[0])
		const runs = 230
		for range runs {
			start(t, e, "quick")
		}
		synctest.Wait()
		for _, dry := range []bool{true, false} {
			f := engine.PurgeFilter{DryRun: dry, Limit: 70}
			total := 0
			for calls := 1; ; calls++ {
				p, err := e.Purge(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				if total += p.Runs; p.Cursor == "" {
					break
				}
				if p.Runs != 70 || calls > runs {
					t.Fatalf("call %d: %+v", calls, p)
				}
				f.Cursor = p.Cursor
			}
			if total != runs {
				t.Errorf("dry %v: %d runs, want %d", dry, total, runs)
			}
		}
	})
}

// Once its run is purged an idempotency key starts a new one.
func TestPurgeFreesKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{Registry: newWorld().registry()}, strings.Split(keptFlows, "---\n")[0])
		begin := func() engine.Started {
			t.Helper()
			s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "quick", IdempotencyKey: "4711"})
			if err != nil {
				t.Fatal(err)
			}
			if v, err := e.Wait(t.Context(), s.Run); err != nil || v.Status != graph.Succeeded {
				t.Fatal(v.Status, err)
			}
			return s
		}
		first := begin()
		if again := begin(); !again.Existing || again.Run != first.Run {
			t.Errorf("a repeat: %+v", again)
		}
		if _, err := e.Purge(t.Context(), engine.PurgeFilter{}); err != nil {
			t.Fatal(err)
		}
		if anew := begin(); anew.Existing || anew.Run != first.Run {
			t.Errorf("after the purge: %+v", anew)
		}
	})
}

// The payloads of runs that were dropped go with the next sweep, those that
// others name stay.
func TestRetentionSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memlog.New()
		keeping := &engine.Keeping{Retention: config.Retention{Ages: config.Ages{"succeeded": time.Hour}}, Every: time.Minute, Sweep: time.Hour}
		e := open(t, engine.Options{Store: log, Registry: newWorld().registry(), Keeping: keeping}, strings.Split(keptFlows, "---\n")...)
		large := func(n int) string { return fmt.Sprintf(`{"text":%q}`, strings.Repeat(fmt.Sprint(n), 100_000)) }
		for n := range 3 {
			if _, err := e.Start(t.Context(), engine.StartRequest{Workflow: "quick", Input: []byte(large(n))}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(30 * time.Minute)
		s, err := e.Start(t.Context(), engine.StartRequest{Workflow: "quick", Input: []byte(large(2))})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(45 * time.Minute) // the first three are gone
		swept, err := log.Sweep(t.Context(), eventlog.SweepOptions{Names: fact.Names, Lists: fact.IsPageList})
		if err != nil || swept.Removed == 0 || swept.Kept == 0 {
			t.Errorf("Sweep = %+v, %v", swept, err)
		}
		v, err := e.Get(t.Context(), s.Run)
		if err != nil || v.Input.Ref() == nil {
			t.Fatal(err)
		}
		if _, err := log.Get(t.Context(), v.Input.Ref().Hash); err != nil {
			t.Errorf("the input of a run that is there: %v", err)
		}
		time.Sleep(4 * time.Hour)
		if _, err := log.Get(t.Context(), v.Input.Ref().Hash); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("the input of a run that was dropped: %v", err)
		}
	})
}

// With little room left nothing new is started; what is under way ends.
func TestLittleRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free atomic.Int64
		free.Store(100)
		e := open(t, engine.Options{
			Registry: newWorld().registry(), MinRoom: 100, Room: func() (int64, error) { return free.Load(), nil },
		}, strings.Split(keptFlows, "---\n")...)
		run := start(t, e, "sleepy")
		free.Store(99)
		time.Sleep(time.Second)
		if _, err := e.Start(t.Context(), engine.StartRequest{Workflow: "quick"}); !errors.Is(err, engine.ErrStorageFull) {
			t.Errorf("a start: %v", err)
		}
		if err := e.Ready(); !errors.Is(err, engine.ErrStorageFull) {
			t.Errorf("Ready = %v", err)
		}
		if err := e.Signal(t.Context(), run, "", "go", nil); err != nil {
			t.Error(err)
		}
		if v, err := e.Wait(t.Context(), run); err != nil || v.Status != graph.Succeeded {
			t.Errorf("the run under way ended %s, %v", v.Status, err)
		}
		if _, err := e.Purge(t.Context(), engine.PurgeFilter{}); err != nil {
			t.Errorf("a purge: %v", err)
		}
		free.Store(100)
		time.Sleep(time.Second)
		if err := e.Ready(); err != nil {
			t.Errorf("Ready = %v", err)
		}
		start(t, e, "quick")
	})
}
