package engine

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// run is one run in memory. One goroutine at a time owns it, its loop, which
// lives while there is something to do.
type run struct {
	e  *Engine
	id string

	mu     sync.Mutex
	box    []mail
	active bool          // the loop lives
	going  atomic.Bool   // it is in memory, not ended and not answered: who waits for that is going to be told
	idle   *list.Element // in idleRuns; guarded by its lock

	// What follows belongs to the loop.
	hand    *hand                // who runs it
	spare   []mail               // memory for the box
	machine *interpreter.Machine // nil: not loaded
	flow    *graph.Workflow
	summary eventlog.Summary // as committed
	records uint64           // of the stream
	pending []mail           // inputs that were not taken yet
	asked   []question       // not answered yet
	inbox   bool             // messages wait in the store
	again   bool             // Decide has more to say without an input
	reissue bool             // loaded, and what is outstanding not yet issued
	blocked bool             // waits for the moment to try again
	lacks   int              // turns in a row that only wanted bytes
	streak  int              // conflicts in a row

	turn turn // under way; kept for its memory

	carried    uint64 // the event that holds the state which reading begins with
	carryAfter uint64 // how many events behind it the next one comes
	carrying   bool   // it was asked for
	noCarry    bool   // the state is too large for a record

	places []place // where states are carried, oldest first

	settled []chan<- struct{} // the run is being recovered, and who hears of it
	alone   bool              // recovery waits for what becomes of it
	tries   int               // attempts that recovery counted, until a turn has events
	woken   int               // timers that woke it, until it has taken a turn
	calls   map[callID]*call  // issued or about to be, not yet answered in the log
}

// mail is what the loop of a run is told: an input, a question, or that it
// should have a look.
type mail struct {
	in      interpreter.Input
	call    *call        // the call that in belongs to
	started chan<- error // hears of the commit, or why there is none
	direct  bool         // in need not go through the inbox, if the run can take it at once
	ask     question     // called between turns
	inbox   bool         // messages wait in the store
	retry   bool         // the moment to try again has come
	woken   bool         // a timer is due, which in says unless it has to be read
	// recover has the run loaded with the attempt counted, and hears once it
	// has taken a turn.
	recover chan<- struct{}
	alone   bool // hears not before a turn had events, if one is to come at once
}

// question is what somebody wants to know of a run. It is called with the
// run's machine as committed, or with the error of loading it.
type question func(r *run, err error)

func timerInput(timer string) interpreter.Input { return interpreter.TimerFired{Timer: timer} }

// put adds m to the box. It returns whether the loop lives already.
func (r *run) put(m mail) (awake bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.box = append(r.box, m)
	awake, r.active = r.active, true
	if !awake {
		r.e.idle.remove(r)
	}
	return awake
}

// do works until there is nothing to do.
func (r *run) do(h *hand) {
	r.hand = h
	for r.e.ctx.Err() == nil {
		r.collect()
		if len(r.settled) == 0 && r.e.untried.suspects(r.id) {
			r.wakened()
			if r.e.runs.park(r) { // recovery comes to it
				return
			}
			continue
		}
		if r.machine == nil || r.records > 0 { // else it is about to begin
			r.answer()
		}
		busy := r.work()
		r.settle()
		r.wakened()
		if busy {
			continue
		}
		r.answer()
		if r.e.runs.park(r) {
			return
		}
	}
}

// collect empties the box into what the loop owns.
func (r *run) collect() {
	r.mu.Lock()
	box := r.box
	r.box = r.spare
	r.mu.Unlock()
	defer func() { r.spare = without(box, len(box)) }()
	for _, m := range box {
		if m.woken {
			r.woken++
		}
		switch {
		case m.ask != nil:
			r.asked = append(r.asked, m.ask)
			continue
		case m.direct && !r.ready():
			m.started <- errIndirect
			continue
		case m.in != nil:
			r.pending = append(r.pending, m)
			continue
		case m.inbox:
			r.inbox = true
			continue
		case m.retry:
			r.blocked = false
		case m.recover != nil:
			r.settled, r.alone = append(r.settled, m.recover), m.alone
		default: // it is to have a look
		}
		r.again = r.again || r.machine == nil
	}
}

// errIndirect says that an input has to go through the inbox.
var errIndirect = errors.New("the run does not take it at once")

// ready tells that the run can take a signal at once: it is loaded, nothing
// stands before it in the inbox, it can write, and it has room.
func (r *run) ready() bool {
	return r.machine != nil && r.records > 0 && !r.inbox && !r.blocked && !r.e.opts.Still && !r.machine.FullOfSignals()
}

// redirect has what came directly go through the inbox after all: there it
// stays when the run fails on it.
func (r *run) redirect() {
	r.pending = slices.DeleteFunc(r.pending, func(m mail) bool {
		if m.direct {
			m.started <- errIndirect
		}
		return m.direct
	})
}

// answer answers the questions that came.
func (r *run) answer() {
	for len(r.asked) > 0 {
		r.hand.hurry()
		ask := r.asked[0]
		err := r.load()
		if err == nil && r.records == 0 { // it is about to begin
			if err = ErrNoRun; !r.e.opts.Still {
				r.again = true
				return
			}
		}
		if err != nil && !errors.Is(err, ErrNoRun) && !errors.Is(err, ErrRunStuck) {
			r.again = true // work finds out what it means
		}
		r.asked = r.asked[1:]
		ask(r, err)
	}
	r.asked = nil
}

// work takes one turn. It returns false when there is nothing to do now.
func (r *run) work() bool {
	if r.blocked || r.e.opts.Still || len(r.pending) == 0 && !r.inbox && !r.again {
		return false
	}
	r.hand.hurry()
	if err := r.load(); err != nil {
		return r.unloaded(err)
	}
	inputs, messages, err := r.inputs()
	if err != nil {
		return r.fault(err)
	}
	if err := r.countAgain(); err != nil {
		return r.uncommitted(err)
	}
	t := &r.turn
	defer t.reset()
	if err := r.decide(t, inputs); err != nil {
		var unstored *unstoredError
		if errors.As(err, &unstored) {
			return r.uncommitted(unstored.err)
		}
		return r.fault(err)
	}
	if err := r.commit(t, messages); err != nil {
		return r.uncommitted(err)
	}
	r.missed(t, inputs)
	if err := r.after(t); err != nil {
		return r.fault(err)
	}
	return true
}

// unloaded deals with a run that cannot be loaded: what was meant for it is
// answered, not kept.
func (r *run) unloaded(err error) bool {
	if r.e.ctx.Err() != nil {
		return false
	}
	if !errors.Is(err, ErrNoRun) && !errors.Is(err, ErrRunStuck) {
		return r.fault(err)
	}
	r.forget(err)
	return false
}

// forget drops everything that waits for the run.
func (r *run) forget(err error) {
	for _, m := range r.pending {
		if m.started != nil {
			m.started <- err
		}
		if _, ok := m.in.(interpreter.CallStarted); ok {
			r.e.calls.giveUp(m.call)
		}
	}
	for _, c := range r.calls {
		c.ctx.cancel(err)
	}
	r.pending, r.calls = nil, nil
	r.inbox, r.again, r.reissue = false, false, false
	r.unload()
}

// unload drops the machine.
func (r *run) unload() {
	r.going.Store(false)
	r.machine, r.flow = nil, nil
}

// uncommitted deals with a turn that was not written. The machine has gone
// ahead of the log, so it is dropped and read again.
func (r *run) uncommitted(err error) bool {
	r.unload()
	told := eventlog.ErrConflict
	switch {
	case errors.Is(err, eventlog.ErrConflict) && r.streak < 3:
		r.streak++
	case errors.Is(err, eventlog.ErrFull), errors.Is(err, eventlog.ErrInboxFull):
		told = ErrStorageFull
		r.retryLater()
	case errors.Is(err, eventlog.ErrInvalid) && r.carrying:
		r.dropCarry()
		return true
	case errors.Is(err, eventlog.ErrInvalid):
		return r.fault(&stuckError{ReasonLimit, err})
	case errors.Is(err, eventlog.ErrCorrupt):
		return r.fault(&stuckError{ReasonCorrupt, err})
	default:
		_ = r.e.appendErr(err) // ends the engine
		return false
	}
	r.carrying = false
	kept := r.pending[:0]
	for _, m := range r.pending {
		if m.started != nil {
			m.started <- told
			continue
		}
		if _, ok := m.in.(interpreter.Carry); ok {
			continue
		}
		kept = append(kept, m)
	}
	r.pending = kept
	r.again = true
	return !r.blocked
}

// retryDelay is how long a run waits before it tries again to write to a full
// disk.
const retryDelay = time.Second

func (r *run) retryLater() {
	r.blocked = true
	r.e.clock.AfterFunc(retryDelay, func() { r.e.runs.deliver(r.id, mail{retry: true}) })
}

// ask has f called between two turns of the run, with its machine as
// committed, and waits until it was. f gets the error of loading the run.
func (e *Engine) ask(ctx context.Context, id string, f func(r *run, err error) error) error {
	if err := e.Err(); err != nil {
		return err
	}
	if !isRunID(id) {
		return ErrNoRun
	}
	answer := make(chan error, 1)
	q := func(r *run, err error) { answer <- f(r, err) }
	if !e.runs.deliver(id, mail{ask: q}) {
		return e.stopped()
	}
	return e.answered(ctx, answer)
}
