package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/memlog"
)

const brief = `workflow: brief
version: "1"
steps: [{ id: a, compose: 1 }]
`

// auditedStore looks, whenever runs are about to go, what the audit has.
type auditedStore struct {
	*memlog.Log
	t    *testing.T
	fail error
	seen []uint64 // records of the audit, before each purge
	full bool
}

func (s *auditedStore) Purge(ctx context.Context, streams ...string) error {
	n := uint64(0)
	for rec, err := range s.Read(ctx, "book/audit", 0) {
		if err != nil {
			s.t.Error(err)
		}
		n = rec.Seq
	}
	s.seen = append(s.seen, n)
	if s.fail != nil {
		return s.fail
	}
	return s.Log.Purge(ctx, streams...)
}

func (s *auditedStore) Append(ctx context.Context, bs ...eventlog.Batch) error {
	if s.full {
		return eventlog.ErrFull
	}
	return s.Log.Append(ctx, bs...)
}

func droppings(t *testing.T, e *engine.Engine) []engine.Dropping {
	t.Helper()
	all, err := e.Droppings(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// asText compares what people read.
var asText = cmp.Options{
	cmpopts.IgnoreFields(engine.Dropping{}, "At", "EndedAt"),
	cmp.Transformer("text", func(d []byte) string { return string(d) }),
}

// No run goes before the audit says who drops it by which filter. What came of
// it stands there too, after a restart as before.
func TestAudit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &auditedStore{Log: memlog.New(), t: t}
		e := open(t, engine.Options{Store: store}, brief)
		for range 3 {
			start(t, e, "brief")
		}
		synctest.Wait()
		for _, f := range []engine.PurgeFilter{
			{By: "me", Workflow: "other"}, // drops nothing, and is no entry
			{By: "me", DryRun: true},
			{By: "me", Workflow: "brief", Version: "1", Statuses: []string{"succeeded"}, Attributes: map[string]string{}, Limit: 1},
		} {
			if _, err := e.Purge(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		store.fail = errors.New("the wrong time")
		if _, err := e.Purge(t.Context(), engine.PurgeFilter{By: "you"}); err == nil {
			t.Error("a purge that fails does not say so")
		}
		want := []engine.Dropping{
			{ID: 3, By: "you", Filter: []byte(`{"all":true}`), Error: "the log cannot be written, nothing is acknowledged any more: the wrong time"},
			{ID: 1, By: "me", Filter: []byte(`{"status":["succeeded"],"version":"1","workflow":"brief"}`), Runs: 1},
		}
		_ = e.Close(t.Context())
		again := open(t, engine.Options{Store: store.Log})
		if diff := cmp.Diff(want, droppings(t, again), asText); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]uint64{1, 3}, store.seen); diff != "" {
			t.Errorf("records of the audit before runs went (-want +got):\n%s", diff)
		}
	})
}

// A run that is named twice is dropped and counted once.
func TestPurgeNamedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, engine.Options{}, brief)
		run := start(t, e, "brief")
		synctest.Wait()
		for _, dry := range []bool{true, false} {
			p, err := e.Purge(t.Context(), engine.PurgeFilter{Runs: []string{run, "no run", run}, DryRun: dry})
			if err != nil || p.Runs != 1 {
				t.Errorf("purge = %+v, %v", p, err)
			}
		}
	})
}

// What cannot be noted is not dropped.
func TestAuditFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &auditedStore{Log: memlog.New(), t: t}
		e := open(t, engine.Options{Store: store}, brief)
		run := start(t, e, "brief")
		synctest.Wait()
		store.full = true
		if _, err := e.Purge(t.Context(), engine.PurgeFilter{}); !errors.Is(err, engine.ErrStorageFull) {
			t.Errorf("purge on a full disk: %v", err)
		}
		store.full = false
		if _, err := e.Get(t.Context(), run); err != nil {
			t.Errorf("the run was dropped and nobody knows: %v", err)
		}
		if p, err := e.Purge(t.Context(), engine.PurgeFilter{}); err != nil || p.Runs != 1 {
			t.Errorf("purge = %+v, %v", p, err)
		}
		if all := droppings(t, e); len(all) != 1 || all[0].ID != 1 || all[0].Runs != 1 {
			t.Errorf("audit: %+v", all)
		}
	})
}

// What goes by its age is in the audit as well, with the ages.
func TestAuditRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ages, err := config.Retention{}.With("succeeded=1h", "brief/failed=never", "other/succeeded=1h")
		if err != nil {
			t.Fatal(err)
		}
		e := open(t, engine.Options{Keeping: &engine.Keeping{Retention: ages}}, brief)
		start(t, e, "brief")
		time.Sleep(3 * time.Hour)
		want := []engine.Dropping{{
			ID: 1, By: "retention", Runs: 1,
			Filter: []byte(`{"ages":{"brief/cancelled":"never","brief/failed":"never","brief/timedOut":"never","cancelled":"2160h","failed":"2160h","succeeded":"1h","timedOut":"2160h"}}`),
		}}
		if diff := cmp.Diff(want, droppings(t, e), asText); diff != "" {
			t.Errorf("audit (-want +got):\n%s", diff)
		}
	})
}
