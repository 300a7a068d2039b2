package interpreter

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// state is everything that Apply folds facts into, and all of what carried
// holds. What is derived from it (indexes, decoded values) lives in Machine.
type state struct {
	seq uint64    // of the last event
	now time.Time // of the last event

	run       runStarted
	status    graph.Status // Pending before the start
	startedAt time.Time
	endedAt   time.Time
	output    *cell
	fail      *graph.Failure
	ending    stopReason // how the run is being stopped; 0: it is not
	endFail   *graph.Failure
	endOutput *cell
	answer    *AnswerCaller

	root    *frame
	vars    []*cell // in the order of graph.Workflow.Vars
	input   *cell
	trigger *cell
	params  []*cell

	agenda    queue
	timers    ordered[timer]
	calls     ordered[*step] // open calls, by path
	awaits    ordered[*step] // open awaits, by path
	children  ordered[*step] // children that are waited for, by path
	tasks     ordered[*step] // open tasks for people, by path
	closed    []closedTask   // tasks that are not open any more, the last ones
	suspended bool
	asked     bool // a slot was asked for
	slotKey   string
	matched   bool // a match was opened
	tracked   []varValue
	signals   []*signal
	signalIDs []string // of the last that were received, in order
	undos     []*step  // with a compensation registered, in order of completion

	burst      int // consequences since the last input
	burstBytes int
}

// cell is a value and its decoded form, once it was asked for. A cell of a
// loop or a signal has no value of its own: it is put together from them.
type cell struct {
	v   expression.Value
	of  *step   // a loop that ended
	sig *signal // a signal that was taken
	dec any
	has bool
}

// timer is an open timer. Its step is nil for those of the run.
type timer struct {
	id   string
	kind timerKind
	step *step
	due  time.Time
}

type timerKind uint8

const (
	timerWait timerKind = iota + 1
	timerRetry
	timerDeadline
	timerGrace
	timerRemind
)

func (k timerKind) String() string {
	return [...]string{"", "wait", "retry", "deadline", "grace", "remind"}[k]
}

// signal is one that arrived; it stays until an await takes it.
type signal struct {
	seq   uint64
	id    string
	name  string
	at    time.Time
	data  *cell
	taken bool
	// Of a CloudEvent.
	etype, source, subject string
}

// closedTask is a task for people that is not open any more.
type closedTask struct {
	path     string
	answered bool
}

// openTask is the part of a step that people answer.
type openTask struct {
	to, title *cell
	notified  int
	answers   []taskAnswered
}

// phase is where an execution of a step stands between its start and its end.
type phase uint8

const (
	idle     phase = iota // not started
	inBody                // its attempt runs
	retrying              // waits for the next attempt
	inOnTimeout
	inCatch
	inFinally
	done
)

// step is one execution of a node.
type step struct {
	path   string
	number int // in the state that was carried last
	node   *graph.Node
	in     *frame
	status graph.Status
	reason string
	phase  phase
	preds  int    // predecessors that have not ended
	order  uint64 // of its first event
	ended  uint64 // of its last event

	attempt          int
	started, endedAt time.Time
	due              time.Time
	out              *cell
	fail             *graph.Failure // of the last attempt, or what it ended with
	res              *result        // outcome that waits to be settled
	stopped          bool           // a block around it stops
	halt             stopReason     // its own body is being stopped
	struck           bool           // its own timeout struck
	undo             undo
	undoneBy         *step // the rollback that runs its compensation

	input  expression.Value // of its call
	repeat graph.Repeat
	issued bool // callStarted is recorded

	frames []*frame // bodies, branches and handlers, oldest first

	child  string // the run that it waits for
	task   *openTask
	winner *step // race: the branch that succeeded first
	loop   *loop
	seen   uint64           // await: the last signal that it was offered
	undos  []*graph.Failure // rollback: the failures of compensations
	tried  []*step          // rollback: what it has undone or tried to
	passed []*step          // rollback: what it left to another that was at it
}

// undo is where the compensation of a step stands.
type undo uint8

const (
	undoNone undo = iota
	undoReady
	undoRunning
	undoFailed
	undoDone
)

// loop is the part of a step that has passes.
type loop struct {
	items  *cell
	count  int
	next   int          // the pass that is entered next
	active int          // passes that were entered or queued and have not ended
	queued int          // passes that are queued
	live   []*frame     // of passes that run
	kept   []*frame     // of passes that ended and can still be looked at or undone
	pages  []resultPage // what the ended passes left
	failed int          // passes that failed
	first  *graph.Failure
	stop   bool // no pass is entered any more
}

// result is the outcome of a body or a handler.
type result struct {
	status graph.Status
	out    *cell
	err    *graph.Failure
}

type frameKind uint8

const (
	rootFrame frameKind = iota
	bodyFrame
	passFrame
	onTimeoutFrame
	catchFrame
	finallyFrame
	compensateFrame
	notifyFrame
)

// frame is one execution of a block.
type frame struct {
	kind     frameKind
	block    *graph.Block
	owner    *step // nil for the root
	pass     int
	index    int // of the catch; of the branch
	steps    []*step
	open     int // steps that have not ended
	stopping bool
	keep     bool           // a compensation is registered inside
	caught   *graph.Failure // what a handler handles
}

// frame returns the latest frame of that kind, nil when there is none.
func (s *step) frame(kind frameKind) *frame {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if s.frames[i].kind == kind {
			return s.frames[i]
		}
	}
	return nil
}

// current returns the frame that the step's phase runs.
func (s *step) current() *frame {
	switch s.phase {
	case inBody:
		return s.frame(bodyFrame)
	case inOnTimeout:
		return s.frame(onTimeoutFrame)
	case inCatch:
		return s.frame(catchFrame)
	case inFinally:
		return s.frame(finallyFrame)
	case idle, retrying, done:
	}
	return nil
}

// task is a decision that is due. Each task yields exactly one event, whose
// Apply takes the task away: so the agenda is part of the folded state, and a
// replayed machine goes on where the live one would.
type task struct {
	kind taskKind
	step *step // nil: the run
	pass int
}

type taskKind uint8

const (
	taskStart    taskKind = iota + 1 // a step whose predecessors have ended
	taskAttempt                      // the next attempt of a step
	taskSettle                       // an outcome to go on from
	taskPass                         // the next pass of a loop
	taskPassEnd                      // a pass whose steps have ended
	taskStop                         // a body that must stop
	taskAwait                        // a signal to offer
	taskRollback                     // the next compensation of a rollback
	taskUndone                       // a compensation whose steps have ended
	taskEndRun                       // nothing is left to run
	taskAdmit                        // a slot to ask for
	taskListen                       // a listen to open
	taskNotify                       // people to tell of a task
	taskPage                         // a page of a loop's results that is complete
)
