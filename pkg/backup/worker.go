package backup

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// Source is a log that can be copied while it is in use; *boltlog.Log is one.
type Source interface {
	Backup(ctx context.Context, dst string, o boltlog.CopyOptions) (boltlog.Copied, error)
}

// Options says what a worker does. Source, Clock and To are needed.
type Options struct {
	Source Source
	Clock  Clock
	// To is the directory of the copies; it is made.
	To string
	// Every is the time between two copies; 0: none is made by itself.
	Every time.Duration
	// Keep is how many copies stay, the newest; 0: all of them. Files of other
	// names are never touched.
	Keep int
	// Logger is told of each copy and of each that failed; nil: nobody is.
	Logger *slog.Logger
}

// The bounds of how soon a copy that failed is tried again.
const (
	retryFirst = time.Minute
	retryMost  = 30 * time.Minute
)

// growthTold is how much a log's file grows because of a copy before somebody
// is told.
const growthTold = 64 << 20

// leftover is how old the beginning of a copy is that nobody goes on with.
const leftover = 24 * time.Hour

// Made is a copy.
type Made struct {
	File  string
	At    time.Time
	Took  time.Duration
	Bytes int64
	Grew  int64 // by which the log's own file grew meanwhile
}

// Status is how a worker stands.
type Status struct {
	To    string
	Every time.Duration
	Keep  int
	// Last is the newest copy; nil: there is none.
	Last *Made
	// Next is when one is made by itself; zero: never.
	Next time.Time
	// Failures counts the copies that failed since the last that did not; Err
	// and FailedAt are of the newest of them.
	Failures int
	Err      string
	FailedAt time.Time
}

// Worker makes copies, one at a time. Its methods may be called from many
// goroutines.
type Worker struct {
	o      Options
	ctx    context.Context // ends with the worker
	cancel context.CancelFunc
	making chan struct{} // holds a token while a copy is made
	work   sync.WaitGroup

	mu     sync.Mutex
	closed bool
	status Status
	stop   func() bool // of the timer
}

// Start returns a worker that makes its first copy once the newest in its
// directory is old enough; at once when there is none.
func Start(o Options) *Worker {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Worker{o: o, making: make(chan struct{}, 1), status: Status{To: o.To, Every: o.Every, Keep: o.Keep}}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	now := o.Clock.Now()
	due := now
	if names := copies(o.To); len(names) > 0 {
		newest := names[len(names)-1]
		w.status.Last = found(filepath.Join(o.To, newest))
		due = w.status.Last.At.Add(o.Every)
		if latest := now.Add(o.Every); due.After(latest) { // the clock was ahead then
			due = latest
		}
	}
	w.schedule(due)
	return w
}

// found returns what can be known of a copy that another process made.
func found(file string) *Made {
	at, _ := TimeOf(filepath.Base(file))
	m := &Made{File: file, At: at}
	if info, err := os.Stat(file); err == nil {
		m.Bytes = info.Size()
	}
	return m
}

// schedule sets the timer of the next copy.
func (w *Worker) schedule(due time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.o.Every <= 0 || w.closed {
		return
	}
	w.status.Next = due
	w.stop = w.o.Clock.AfterFunc(max(due.Sub(w.o.Clock.Now()), 0), w.fire)
}

// fire makes the copy that is due and sets the next.
func (w *Worker) fire() {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.work.Add(1)
	w.mu.Unlock()
	defer w.work.Done()
	_, err := w.Make(w.ctx)
	now := w.o.Clock.Now()
	due := now.Add(w.o.Every)
	if err != nil {
		due = now.Add(w.retry())
	}
	w.schedule(due)
}

// retry returns in what time a copy that failed is tried again.
func (w *Worker) retry() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := retryFirst << min(w.status.Failures-1, 10)
	return min(d, retryMost, w.o.Every)
}

// Close ends the worker: the copy under way is given up, and Close waits for
// that.
func (w *Worker) Close() {
	w.mu.Lock()
	w.closed = true
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
	w.cancel()
	w.work.Wait()
}

// Status returns how the worker stands.
func (w *Worker) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Make makes a copy now and removes those that are too many. It waits for one
// that is under way. What fails is noted in the status and logged.
func (w *Worker) Make(ctx context.Context) (Made, error) {
	ctx, cancel := w.until(ctx)
	defer cancel()
	select {
	case w.making <- struct{}{}:
		defer func() { <-w.making }()
	case <-ctx.Done():
		return Made{}, ctx.Err()
	}
	began := w.o.Clock.Now()
	m, err := w.make(ctx, began)
	m.Took = w.o.Clock.Now().Sub(began)
	w.mu.Lock()
	if err == nil {
		w.status.Last, w.status.Failures, w.status.Err, w.status.FailedAt = &m, 0, "", time.Time{}
	} else if ctx.Err() == nil {
		w.status.Failures++
		w.status.Err, w.status.FailedAt = err.Error(), began
	}
	failures := w.status.Failures
	w.mu.Unlock()
	switch {
	case err == nil:
		w.o.Logger.Info("backup made", "file", m.File, "bytes", m.Bytes, "took", m.Took, "grew", m.Grew)
		w.prune(m.File)
	case ctx.Err() == nil:
		w.o.Logger.Warn("backup failed; runs go on", "to", w.o.To, "attempt", failures, "error", err)
	}
	return m, err
}

// until returns a context that also ends with the worker.
func (w *Worker) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(w.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

func (w *Worker) make(ctx context.Context, at time.Time) (Made, error) {
	if err := os.MkdirAll(w.o.To, 0o700); err != nil {
		return Made{}, err
	}
	w.sweep(at)
	m := Made{At: at.UTC().Truncate(time.Millisecond)}
	for {
		m.File = filepath.Join(w.o.To, Name(m.At))
		var told Growth
		c, err := w.o.Source.Backup(ctx, m.File, boltlog.CopyOptions{
			Progress: func(p boltlog.CopyProgress) { told.Hear(w.o.Logger, m.File, p) },
		})
		if errors.Is(err, fs.ErrExist) { // the clock stepped back, or stands still
			m.At = m.At.Add(time.Millisecond)
			continue
		}
		m.Bytes, m.Grew = c.Bytes, c.Grew
		return m, err
	}
}

// Growth tells a log when a copy makes the copied log's own file grow: first
// at 64 MiB, then each time that it has doubled.
type Growth struct{ told int64 }

// Hear takes note of how far a copy is.
func (g *Growth) Hear(log *slog.Logger, to string, p boltlog.CopyProgress) {
	if p.Grew < max(2*g.told, growthTold) {
		return
	}
	log.Warn("the log's file grows while it is copied: what is freed is used again afterwards", "to", to, "grew", p.Grew, "bytes", p.Bytes)
	g.told = p.Grew
}

// prune removes the copies beyond the newest; the one just made stays.
func (w *Worker) prune(made string) {
	names := copies(w.o.To)
	if w.o.Keep <= 0 || len(names) <= w.o.Keep {
		return
	}
	for _, name := range names[:len(names)-w.o.Keep] {
		file := filepath.Join(w.o.To, name)
		if file == made {
			continue
		}
		if err := os.Remove(file); err != nil {
			w.o.Logger.Warn("old backup not removed", "file", file, "error", err)
		}
	}
}

// sweep removes what copies that were cut off left behind.
func (w *Worker) sweep(now time.Time) {
	entries, err := os.ReadDir(w.o.To)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), boltlog.TempPrefix) || now.Sub(info.ModTime()) < leftover {
			continue
		}
		file := filepath.Join(w.o.To, e.Name())
		if err := os.Remove(file); err != nil {
			w.o.Logger.Warn("rest of a backup not removed", "file", file, "error", err)
		}
	}
}

// copies returns the names of the copies in a directory, oldest first.
func copies(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if _, ok := TimeOf(e.Name()); ok && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}
