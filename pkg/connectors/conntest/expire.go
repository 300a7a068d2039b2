package conntest

import "context"

// expiring is a context whose time runs out when something happens, however
// long that takes on the machine.
type expiring struct {
	context.Context
	over chan struct{}
}

// expireWith returns a context with the values of ctx whose deadline has
// passed once event yields an element or ctx ends.
func expireWith(ctx context.Context, event <-chan struct{}) context.Context {
	e := &expiring{Context: ctx, over: make(chan struct{})}
	go func() {
		defer close(e.over)
		select {
		case <-event:
		case <-ctx.Done():
		}
	}()
	return e
}

func (e *expiring) Done() <-chan struct{} { return e.over }

func (e *expiring) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
