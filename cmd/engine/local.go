package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/keelstep/keelstep/cmd/engine/internal/scaffold"
	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/egress"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// localOptions says what to open.
type localOptions struct {
	data     dataDir
	env      *config.Environment // nil: none
	services bool                // start the services that env asks for
	public   string              // what links to tasks begin with
	listen   net.Addr            // where the program serves others; nil: nowhere
	still    bool                // only look: nothing is resumed, nothing runs
	keeping  *engine.Keeping     // what the engine drops by itself; nil: nothing
	minRoom  int64               // what of the disk new starts leave alone; 0: the engine's default
	log      *slog.Logger        // nil: nobody is told
}

// local is an engine that this process opened on a data directory, with the
// services beside it and an API that only this process reaches.
type local struct {
	*remote
	engine    *engine.Engine
	egress    *egress.Policy // of the engine's calls
	store     *boltlog.Log
	stopTicks context.CancelFunc
	services  *services
	pipe      *pipe
	stop      context.CancelFunc // of the API
	serving   sync.WaitGroup
}

// openLocal opens the log of a data directory and the engine on it. Unless it
// only looks, the engine goes on with what is unfinished.
func (a *app) openLocal(ctx context.Context, o localOptions) (*local, error) {
	if !o.still {
		if err := o.data.make(); err != nil {
			return nil, err
		}
		if filepath.Base(string(o.data)) == dataDirName { // a project's own: its files name the schemas in it
			workflow, err := workflowSchema()
			if err != nil {
				return nil, err
			}
			if _, err := scaffold.Schemas(string(o.data), workflow); err != nil {
				return nil, brokenf("", "%s: %s", o.data, plainOS(err))
			}
		}
	}
	ticking, stopTicks := context.WithCancel(context.WithoutCancel(ctx))
	store, err := openStore(o.data, boltlog.Options{Tick: ticks(ticking, a.clock, checkpointEvery), Now: a.clock.Now}) //nolint:contextcheck // opening ends a purge that was cut off, whoever opens
	if err != nil {
		stopTicks()
		return nil, err
	}
	l := &local{store: store, stopTicks: stopTicks}
	if err := l.begin(ctx, a, o); err != nil {
		return nil, errors.Join(err, l.shut(ctx))
	}
	return l, nil
}

// checkpointEvery is how often the log's journal is folded away at least.
const checkpointEvery = 30 * time.Second

// ticks delivers the time every d until ctx ends. A tick that nobody waits for
// is dropped.
func ticks(ctx context.Context, clock engine.Clock, d time.Duration) <-chan time.Time {
	ch := make(chan time.Time, 1)
	var next func()
	next = func() {
		clock.AfterFunc(d, func() {
			if ctx.Err() != nil {
				return
			}
			select {
			case ch <- clock.Now():
			default:
			}
			next()
		})
	}
	next()
	return ch
}

// openStore opens the log, or says who holds it.
func openStore(data dataDir, opts boltlog.Options) (*boltlog.Log, error) {
	store, err := boltlog.Open(data.log(), opts)
	if errors.Is(err, boltlog.ErrLocked) {
		if s, ok := data.readServer(); ok && alive(s.PID) {
			return nil, brokenf("speak to it with --server "+s.Address+", or stop it",
				"%s is in use: process %d serves it at %s", data.log(), s.PID, s.Address)
		}
		return nil, brokenf("wait until it ended, or stop it; if it serves, name it with --server", "%s is in use by another process, such as engine run", data.log())
	}
	if errors.Is(err, boltlog.ErrNewer) {
		return nil, brokenf(`"`+self()+` version" says which program this is`, "%w", err)
	}
	if err != nil {
		return nil, brokenf(`"`+self()+` check" says more`, "%s cannot be opened: %w", data.log(), err)
	}
	return store, nil
}

// begin starts services, engine and API on the open store.
func (l *local) begin(ctx context.Context, a *app, o localOptions) error {
	opts := engine.Options{Store: l.store, Env: o.env, Clock: a.clock, Logger: o.log, Still: o.still, Keeping: o.keeping, MinRoom: o.minRoom}
	if _, err := diskRoom(string(o.data)); err == nil {
		opts.Room = func() (int64, error) { return diskRoom(string(o.data)) }
	}
	if o.services {
		var err error
		if l.services, err = startServices(ctx, o.env, o.data, o.log); err != nil {
			return err
		}
		opts.Services = l.services.urls
	}
	l.egress = egressOf(o.env, opts.Services, o.listen)
	opts.Registry = standard.With(standard.Options{Egress: l.egress.Check})
	if !o.still {
		key, err := api.LoadOrCreateLinkKey(string(o.data))
		if err != nil {
			return brokenf("", "%w", err)
		}
		opts.LinkKey, opts.PublicURL = []byte(key), o.public
	}
	makeRoomForGarbage()
	e, err := engine.Open(ctx, opts)
	if err != nil {
		return brokenf(`"`+self()+` check" says more`, "%s: %w", o.data.log(), err)
	}
	l.engine = e
	return l.connect(ctx, a, o)
}

// connect serves the engine's API to this process alone.
func (l *local) connect(ctx context.Context, a *app, o localOptions) error {
	key := rand.Text()
	s, err := api.New(api.Options{
		Engine: l.engine, Key: key, Addr: "127.0.0.1:0", Clock: a.clock, Logger: o.log, Grace: time.Second, Egress: keysEgress(l.egress),
		Build: api.Build{Version: readBuild().Version},
	})
	if err != nil {
		return err
	}
	l.pipe = newPipe()
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.serving.Go(func() { _ = s.Serve(ctx, l.pipe) }) // ends without an error, by stop
	c, err := client.New(client.Options{Server: "http://127.0.0.1", Key: key, HTTP: l.pipe.client()})
	if err != nil {
		return err
	}
	// Who only looked has nothing to lose when the end goes wrong.
	l.remote = &remote{Client: c, still: o.still, close: func() { _ = l.shut(ctx) }}
	return nil
}

// closeGrace is how long calls may still answer when the process ends. What
// has not answered is taken up by the next start.
const closeGrace = 2 * time.Second

// shut ends API, engine, services and log, in this order. What opened half is
// closed half.
func (l *local) shut(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	var errs []error
	if l.stop != nil {
		l.stop()
		errs = append(errs, l.pipe.Close())
		l.serving.Wait()
	}
	if l.engine != nil {
		if err := l.engine.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			errs = append(errs, err)
		}
	}
	if l.services != nil {
		errs = append(errs, l.services.close(ctx))
	}
	l.stopTicks()
	if err := l.store.Close(); err != nil {
		errs = append(errs, fmt.Errorf("close the log: %w", err))
	}
	return errors.Join(errs...)
}

// newLogger returns the logger of a command.
func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
