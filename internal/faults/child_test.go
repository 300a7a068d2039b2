//go:build linux && amd64

package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// childEnv names the log of the engine that the test binary is to be.
const childEnv = "KEELSTEP_FAULTS_CHILD"

// TestMain makes the test binary a process with an engine.
func TestMain(m *testing.M) {
	path := os.Getenv(childEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	if err := travel(path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// line is what the process says: what it was told, and what it does to others.
type line struct {
	What  what
	N     traveller
	Run   string `json:",omitempty"`
	Key   string `json:",omitempty"`
	Name  string `json:",omitempty"`
	Input string `json:",omitempty"`
}

type what string

const (
	deployed what = "deployed"
	started  what = "started"
	signaled what = "signaled"
	ended    what = "ended" // somebody saw it
	purging  what = "purging"
	purged   what = "purged"
	called   what = "called"
)

// say writes one line; nothing is between it and what it speaks of.
func say(l line) {
	b, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.Write(append(b, '\n')); err != nil {
		os.Exit(1)
	}
}

// logOptions are such that a short log sees many checkpoints.
var logOptions = boltlog.Options{Records: 40}

func openEngine(ctx context.Context, log *boltlog.Log, w *world) (*engine.Engine, error) {
	return engine.Open(ctx, engine.Options{Store: log, Registry: w.registry(), CarryAfter: 25})
}

// travel sends all travellers out, three at a time, and purges some of those
// that have arrived. It returns the engine's error when that cannot go on.
func travel(path string) error {
	ctx := context.Background()
	log, err := boltlog.Open(path, logOptions)
	if err != nil {
		return err
	}
	w := newWorld()
	w.said = func(key, name, input string) { say(line{What: called, Key: key, Name: name, Input: input}) }
	e, err := openEngine(ctx, log, w)
	if err != nil {
		return err
	}
	if _, found, err := e.Deploy(ctx, "trip.yaml", []byte(trip)); err != nil {
		return fmt.Errorf("%w (%d findings)", err, len(found))
	}
	say(line{What: deployed})
	next := make(chan traveller)
	failed := make(chan error, travellers)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for n := range next {
				if err := n.walk(ctx, e, log); err != nil {
					failed <- fmt.Errorf("traveller %d: %w", n, err)
				}
			}
		})
	}
	for n := range traveller(travellers) {
		next <- n
	}
	close(next)
	wg.Wait()
	close(failed)
	if err := e.Err(); err != nil {
		return err
	}
	if err := <-failed; err != nil {
		return err
	}
	return errors.Join(e.Close(ctx), log.Close())
}

// walk is the way of one traveller.
func (n traveller) walk(ctx context.Context, e *engine.Engine, log *boltlog.Log) error {
	run, err := n.start(ctx, e)
	if err != nil {
		return err
	}
	say(line{What: started, N: n, Run: run})
	if err := n.signal(ctx, e, run); err != nil {
		return err
	}
	say(line{What: signaled, N: n, Run: run})
	v, err := e.Wait(ctx, run)
	if err != nil {
		return err
	}
	raw, err := e.Value(ctx, v.Output)
	if err != nil {
		return err
	}
	if string(raw) != n.output() {
		return fmt.Errorf("the run ended %s with %s, want %s", v.Status, raw, n.output())
	}
	say(line{What: ended, N: n, Run: run})
	if n%3 != 2 {
		return nil
	}
	say(line{What: purging, N: n, Run: run})
	if err := log.Purge(ctx, run); err != nil {
		return err
	}
	say(line{What: purged, N: n, Run: run})
	return nil
}
