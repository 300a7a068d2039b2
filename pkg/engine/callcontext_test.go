package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A call's context does what a context of the standard library does, whatever
// is asked of it, and when: all orders of up to four of these are compared.
func TestCallContext(t *testing.T) {
	type key struct{}
	errs := []error{errors.New("first"), errors.New("second")}
	type subject struct {
		ctx    context.Context
		cancel func(error)
		stop   context.CancelCauseFunc // of the parent
		heard  atomic.Int64
	}
	see := func(s *subject) string {
		synctest.Wait()
		return fmt.Sprint(s.ctx.Err(), s.heard.Load())
	}
	actions := map[string]func(s *subject) string{
		"cancel":     func(s *subject) string { s.cancel(errs[0]); return "" },
		"cancel nil": func(s *subject) string { s.cancel(nil); return "" },
		"stop":       func(s *subject) string { s.stop(errs[1]); return "" },
		"cause":      func(s *subject) string { return fmt.Sprint(context.Cause(s.ctx)) },
		"value":      func(s *subject) string { return fmt.Sprint(s.ctx.Value(key{})) },
		"after": func(s *subject) string {
			context.AfterFunc(s.ctx, func() { s.heard.Add(1) })
			return ""
		},
		"derive": func(s *subject) string {
			ctx, cancel := context.WithCancel(s.ctx)
			defer cancel()
			return fmt.Sprint(ctx.Err(), context.Cause(ctx))
		},
		"done": func(s *subject) string {
			select {
			case <-s.ctx.Done():
				return "done"
			default:
				return "goes on"
			}
		},
	}
	var names []string
	for name := range actions {
		names = append(names, name)
	}
	slices.Sort(names)
	synctest.Test(t, func(t *testing.T) {
		var try func(done []string)
		try = func(done []string) {
			var log [2][]string
			for i := range log {
				parent, stop := context.WithCancelCause(context.WithValue(t.Context(), key{}, "v"))
				s := &subject{stop: stop}
				if i == 0 {
					ctx, cancel := context.WithCancelCause(parent)
					s.ctx, s.cancel = ctx, cancel
				} else {
					c := &callContext{parent: parent}
					s.ctx, s.cancel = c, c.cancel
				}
				for _, name := range done {
					log[i] = append(log[i], actions[name](s), see(s))
				}
				log[i] = append(log[i], fmt.Sprint(context.Cause(s.ctx)))
				s.cancel(nil)
				stop(nil)
			}
			if !slices.Equal(log[0], log[1]) {
				t.Errorf("%q: %q, want %q", done, log[1], log[0])
			}
			if len(done) < 4 {
				for _, name := range names {
					try(append(slices.Clone(done), name))
				}
			}
		}
		try(nil)
	})
}
