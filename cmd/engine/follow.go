package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
)

// How often a tree is drawn: at once after an event, but not more often than
// minFrame, and every maxFrame so that times go on.
const (
	minFrame = 50 * time.Millisecond
	maxFrame = 100 * time.Millisecond
)

// follower shows runs as they go on: as a tree in a terminal, as lines
// elsewhere, or as JSON.
type follower struct {
	a      *app
	r      *remote
	asJSON bool
}

// follow shows the run until it ended and returns it as it ended. When ctx
// ends first the error is its cause and the run is as far as it got.
func (f follower) follow(ctx context.Context, run string) (screen.Run, error) {
	if f.asJSON {
		return f.lines(ctx, run, f.a.printEvent)
	}
	if _, _, ok := f.a.terminal(); ok {
		return f.live(ctx, run)
	}
	return f.lines(ctx, run, func(e screen.Event) error {
		if s := screen.Line(e); s != "" {
			writef(f.a.out, "%s\n", s)
		}
		return nil
	})
}

// printEvent writes an event as one line of JSON.
func (a *app) printEvent(e screen.Event) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// lines gives each event to show, then returns the run.
func (f follower) lines(ctx context.Context, run string, show func(screen.Event) error) (screen.Run, error) {
	for e, err := range f.r.events(ctx, run) {
		if err == nil {
			err = show(e)
		}
		if err != nil {
			return screen.Run{ID: run}, orCause(ctx, err)
		}
	}
	return f.last(ctx, run)
}

// last returns the run as it is now, or the reason why ctx ended.
func (f follower) last(ctx context.Context, run string) (screen.Run, error) {
	if ctx.Err() != nil {
		return screen.Run{ID: run}, context.Cause(ctx)
	}
	s, err := f.r.view(ctx, run)
	if err != nil {
		return s, orCause(ctx, err)
	}
	return s, nil
}

// orCause prefers the reason why ctx ended to what followed from it.
func orCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// live draws the run's tree in place until it ended.
func (f follower) live(ctx context.Context, run string) (screen.Run, error) {
	tree := screen.NewLive(f.a.out)
	defer tree.Done()
	wake := make(chan struct{}, 1)
	ring := func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	watching, stop := f.watch(ctx, run, ring)
	defer stop()
	var outline []screen.Outline
	for {
		s, err := f.r.view(ctx, run)
		if err != nil {
			return s, orCause(ctx, err)
		}
		if outline == nil {
			outline = f.r.outline(ctx, s.Workflow, s.Version)
		}
		f.draw(tree, s, outline)
		select {
		case err := <-watching:
			if err != nil {
				return s, orCause(ctx, err)
			}
			final, err := f.last(ctx, run)
			if err == nil {
				f.drawAll(tree, final, outline)
			}
			return final, err
		default:
		}
		f.pause(ctx, wake, ring)
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
	}
}

// watch rings at each event of the run, and sends once when there will be no
// more. stop ends it and waits for it.
func (f follower) watch(ctx context.Context, run string, ring func()) (ended <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, err := range f.r.events(ctx, run) {
			if err != nil {
				done <- err
				return
			}
			ring()
		}
		done <- nil
	})
	return done, func() {
		cancel()
		wg.Wait()
	}
}

// pause waits for the next frame.
func (f follower) pause(ctx context.Context, wake <-chan struct{}, ring func()) {
	soon := make(chan struct{})
	f.a.clock.AfterFunc(minFrame, func() { close(soon) })
	stop := f.a.clock.AfterFunc(maxFrame, ring)
	defer stop()
	select {
	case <-soon:
	case <-ctx.Done():
		return
	}
	select {
	case <-wake:
	case <-ctx.Done():
	}
}

// draw shows as much of the tree as fits the terminal.
func (f follower) draw(l *screen.Live, s screen.Run, outline []screen.Outline) {
	width, height, ok := f.a.terminal()
	if !ok {
		width, height = 80, 24
	}
	now := f.a.clock.Now()
	lines := screen.Fit(s, outline, now, width, height-3)
	foot := screen.Status(s.Status) + styleDim.Render("  "+screen.Elapsed(now.Sub(s.StartedAt)))
	if s.Cancelling {
		foot += "  " + styleWarn.Render("stopping")
	}
	l.Draw(append(lines, foot))
}

// drawAll leaves the whole tree on the screen.
func (f follower) drawAll(l *screen.Live, s screen.Run, outline []screen.Outline) {
	width, _, _ := f.a.terminal()
	l.Draw(screen.Tree(s, outline, f.a.clock.Now(), width))
}
