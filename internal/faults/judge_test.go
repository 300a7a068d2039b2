//go:build linux && amd64

package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// seen is what the world saw of an engine before its power was cut.
type seen struct {
	deployed bool
	of       map[traveller]map[what]string // the run
	world    *world
}

// saw reads what was said before an operation.
func (tr *trace) saw(before int) (seen, error) {
	s := seen{of: map[traveller]map[what]string{}, world: newWorld()}
	for _, o := range tr.ops[:before] {
		if o.kind != opLine {
			continue
		}
		var l line
		if err := json.Unmarshal(o.data, &l); err != nil {
			return s, fmt.Errorf("%q: %w", o.data, err)
		}
		switch l.What {
		case called:
			s.world.made(l.Key, l.Name, l.Input)
		case deployed:
			s.deployed = true
		default:
			if s.of[l.N] == nil {
				s.of[l.N] = map[what]string{}
			}
			s.of[l.N][l.What] = l.Run
		}
	}
	return s, nil
}

// judge opens a file that a fault left behind and returns what is wrong with
// it, nil when nothing is: it is clean, holds all that was acknowledged, and
// its runs go on to the same end.
func judge(t *testing.T, image []byte, s seen) error {
	t.Helper()
	path := filepath.Join(quickDir(t), "log.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	report, err := boltlog.Check(t.Context(), path)
	switch {
	case err != nil:
		return err
	case !report.Clean():
		return fmt.Errorf("engine check finds: %v", report.Damage)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = s.goOn(ctx, path)
	if ctx.Err() != nil { // somebody waits for what does not come
		stacks := make([]byte, 1<<20)
		t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
	}
	return err
}

// quickDir is a directory for files whose flushes cost nothing, if there is
// such a place.
func quickDir(t *testing.T) string {
	const memory = "/dev/shm"
	if dir, err := os.MkdirTemp(memory, "keelstep-"); err == nil { //nolint:usetesting // it is to lie there
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// goOn opens an engine on the log and brings everybody home.
func (s *seen) goOn(ctx context.Context, path string) (err error) {
	log, err := boltlog.Open(path, logOptions) //nolint:contextcheck // opening needs none
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	e, err := openEngine(ctx, log, s.world)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	if defs, err := e.Definitions(ctx); s.deployed && len(defs) == 0 {
		return fmt.Errorf("the definition was acknowledged and is not there: %w", err)
	}
	if _, found, err := e.Deploy(ctx, "trip.yaml", []byte(trip)); err != nil {
		return fmt.Errorf("deploy again: %w (%d findings)", err, len(found))
	}
	runs := map[traveller]string{}
	for n := range traveller(travellers) {
		if runs[n], err = s.sentOut(ctx, e, n); err != nil {
			return fmt.Errorf("traveller %d: %w", n, err)
		}
	}
	for n, run := range runs {
		if run == "" {
			continue // purged
		}
		if err := home(ctx, e, n, run); err != nil {
			return fmt.Errorf("traveller %d: %w", n, err)
		}
	}
	if wrong := s.world.wrong(); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}

// sentOut finds one traveller where it must be, or sends it out again. The run
// is empty when it was purged.
func (s *seen) sentOut(ctx context.Context, e *engine.Engine, n traveller) (string, error) {
	of := s.of[n]
	run, acked := of[started]
	if _, gone := of[purged]; gone {
		if _, err := e.Get(ctx, run); !errors.Is(err, engine.ErrNoRun) {
			return "", fmt.Errorf("it was purged, and is there: %w", err)
		}
		return "", nil
	}
	_, going := of[purging]
	if v, err := e.Get(ctx, run); acked && !going && err != nil {
		return "", fmt.Errorf("its start was acknowledged: %w", err)
	} else if _, saw := of[ended]; saw && !going && !v.Status.Ended() {
		return "", fmt.Errorf("somebody saw its end, and it is %s", v.Status)
	}
	again, err := n.start(ctx, e)
	if err != nil || acked && again != run {
		return "", fmt.Errorf("the same start gave run %q, not %q: %w", again, run, err)
	}
	if _, sent := of[signaled]; !sent || going {
		if err := n.signal(ctx, e, again); err != nil && !errors.Is(err, engine.ErrRunEnded) {
			return "", err
		}
	}
	return again, nil
}

// home waits for a traveller's end.
func home(ctx context.Context, e *engine.Engine, n traveller, run string) error {
	v, err := e.Wait(ctx, run)
	if err != nil {
		v, _ = e.Get(context.WithoutCancel(ctx), run)
		return fmt.Errorf("it does not end: %w; it is %s at %+v", err, v.Status, v.Steps)
	}
	raw, err := e.Value(ctx, v.Output)
	if err != nil {
		return err
	}
	if v.Status.String() != "succeeded" || string(raw) != n.output() {
		return fmt.Errorf("it ended %s with %s, want %s", v.Status, raw, n.output())
	}
	return nil
}
