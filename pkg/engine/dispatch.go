package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The causes of the end of a call's context.
var (
	errStopCall    = errors.New("the step is being stopped")
	errCallTimeout = errors.New("the time for the call ran out")
)

// dispatcher carries out calls, a bounded number at once, and no more through
// a connection than its limit allows. Where they have to wait, runs take turns.
type dispatcher struct {
	e    *Engine
	conn *connections

	lanes  map[string]*lane // by connection; one without a limit has none
	shared map[string]*lane // of limits that have names, by the stream of their book

	mu      sync.Mutex
	open    bool // what waits may go
	running int
	all     []*lane // those without a limit first
	turn    uint64  // turns given so far
}

// call is one attempt of an operation on its way to a connector.
type call struct {
	run *run
	id  callID
	cmd interpreter.Call
	ctx callContext // the call still answers when it was cancelled

	// What follows is guarded by the lock of the dispatcher.
	lane    *lane       // nil: it counts nowhere but in the whole
	state   callState   // of its way
	counted bool        // it has a slot of its lane for itself
	unwatch func() bool // ends the watch over ctx; nil: there is none
}

// callState says how far a call has come.
type callState uint8

const (
	callNew     callState = iota
	callWaiting           // in the queue of its lane
	callGoing             // it has its place, until its answer
	callLeft
)

func newDispatcher(e *Engine) *dispatcher {
	d := &dispatcher{e: e, conn: newConnections(e), all: []*lane{newLane("", config.Limit{})}}
	d.makeLanes(e.opts.Env)
	return d
}

// makeLanes makes a lane for each limit of the environment.
func (d *dispatcher) makeLanes(env *config.Environment) {
	if env == nil {
		return
	}
	d.lanes, d.shared = make(map[string]*lane), make(map[string]*lane)
	for _, name := range env.LimitNames() {
		l := newLane("limit "+name, env.Limits[name])
		l.stream = interpreter.PoolPrefix + name
		d.shared[l.stream] = l
		d.all = append(d.all, l)
	}
	for _, name := range env.ConnectionNames() {
		switch c := env.Connections[name]; {
		case c.LimitName != "":
			d.lanes[name] = d.shared[interpreter.PoolPrefix+c.LimitName]
		case c.Limits != config.Limit{}:
			d.lanes[name] = newLane("connection "+name, c.Limits)
			d.all = append(d.all, d.lanes[name])
		}
	}
}

// prepare makes a call that is not admitted yet.
func (d *dispatcher) prepare(r *run, id callID, cmd interpreter.Call) *call {
	return &call{run: r, id: id, cmd: cmd, lane: d.lanes[cmd.Connection], ctx: callContext{parent: d.e.ctx}}
}

// admit gives a call its place. When there is none it returns false: the call
// waits, and goes on by itself once there is. A call that waits and is
// cancelled leaves the queue and answers.
func (d *dispatcher) admit(c *call) bool {
	d.mu.Lock()
	if c.lane == nil && d.running < d.e.opts.Parallel {
		d.running++
		c.state = callGoing
		d.mu.Unlock()
		return true
	}
	lane := c.lane
	if lane == nil {
		lane = d.all[0]
	}
	c.state = callWaiting
	d.turn++
	lane.queue.push(c, d.turn)
	next := d.pump()
	admitted := c.state == callGoing
	if !admitted {
		c.unwatch = context.AfterFunc(&c.ctx, func() { d.withdraw(c) })
	}
	d.mu.Unlock()
	d.send(next, c)
	return admitted
}

// start lets go what waits, now that all is known that counts.
func (d *dispatcher) start() {
	d.mu.Lock()
	d.open = true
	next := d.pump()
	d.mu.Unlock()
	d.send(next, nil)
}

// moves is what has become possible: calls that have their place now, and
// books of shared limits that can admit a run.
type moves struct {
	calls []*call
	books []string
}

// pump returns what has become possible. The caller holds the lock.
func (d *dispatcher) pump() (m moves) {
	if !d.open || d.e.draining.Load() {
		return m // the next start takes it up
	}
	for d.running < d.e.opts.Parallel {
		c := d.next()
		if c == nil {
			break
		}
		d.running++
		c.state = callGoing
		if c.unwatch != nil {
			c.unwatch()
		}
		m.calls = append(m.calls, c)
	}
	if len(d.shared) == 0 {
		return m
	}
	for _, l := range d.all {
		if l.waiting > 0 && !l.told && l.forRuns() > 0 {
			l.told = true
			m.books = append(m.books, l.stream)
		}
	}
	return m
}

// next takes the call whose turn it is among those that can go.
func (d *dispatcher) next() *call {
	var now time.Time
	var lane *lane
	var first *runCalls
	for _, l := range d.all {
		if l.queue.count == 0 {
			continue
		}
		if now.IsZero() {
			now = d.e.clock.Now()
		}
		own, wait := l.next(now)
		switch {
		case wait > 0 && l.alarm == nil:
			l.alarm = d.e.clock.AfterFunc(wait, func() { d.ring(l) })
		case own != nil && (first == nil || own.turn < first.turn):
			lane, first = l, own
		}
	}
	if first == nil {
		return nil
	}
	d.turn++
	return lane.take(first, d.turn, now)
}

// ring goes on with a lane whose rate has kept calls back.
func (d *dispatcher) ring(l *lane) {
	d.mu.Lock()
	l.alarm = nil
	next := d.pump()
	d.mu.Unlock()
	d.send(next, nil)
}

// send has calls that waited go on, all but one, and books look. The start of
// a call that is never repeated is recorded before.
func (d *dispatcher) send(m moves, but *call) {
	for _, stream := range m.books {
		d.e.shelf.deliver(stream, bookMail{wake: true})
	}
	for _, c := range m.calls {
		switch {
		case c == but:
		case c.cmd.Repeat == graph.Never:
			d.e.runs.deliver(c.run.id, mail{in: interpreter.CallStarted{Path: c.id.path, Attempt: c.id.attempt}, call: c})
		default:
			d.begin(c, nil)
		}
	}
}

// begin carries out a call that has its place, in the goroutine of h if it is
// not nil.
func (d *dispatcher) begin(c *call, h *hand) {
	if !d.e.crew.pass(h, c) {
		c.ctx.cancel(ErrStopping)
	}
}

func (c *call) do(h *hand) { c.run.e.calls.work(c, h) }

// work carries out a call, and then one of those that waited for its place.
func (d *dispatcher) work(c *call, h *hand) {
	for c != nil {
		h.hurry()
		d.carryOut(c, h)
		next := d.leave(c)
		c = nil
		for _, x := range next.calls {
			if x.cmd.Repeat != graph.Never {
				c = x
				break
			}
		}
		d.send(next, c)
	}
}

// leave gives up the place of a call and returns what has become possible.
func (d *dispatcher) leave(c *call) moves {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.state != callGoing {
		return moves{}
	}
	c.state = callLeft
	d.running--
	if c.lane != nil {
		c.lane.leave(c)
	}
	return d.pump()
}

// giveUp takes back a call that has its place and is not going to be sent.
func (d *dispatcher) giveUp(c *call) {
	c.ctx.cancel(nil)
	d.send(d.leave(c), nil)
}

// withdraw takes a call that waits out of the queue and answers it.
func (d *dispatcher) withdraw(c *call) {
	if d.e.ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	waits := c.state == callWaiting
	var next moves
	if waits {
		c.state = callLeft
		lane := c.lane
		if lane == nil {
			lane = d.all[0]
		}
		lane.queue.remove(c)
		next = d.pump()
	}
	d.mu.Unlock()
	if waits {
		d.send(next, nil)
		d.e.crew.run(jobFunc(func() { d.carryOut(c, nil) }))
	}
}

// waitsFor tells what a call waits for, empty when it does not.
func (d *dispatcher) waitsFor(c *call) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case c.state != callWaiting:
		return ""
	case c.lane == nil:
		return "the engine's other calls"
	}
	return c.lane.name
}

// close ends the alarms. What waits is taken up by the next start.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.all {
		if l.alarm != nil {
			l.alarm()
		}
	}
}

// carryOut performs a call and hands its result to the run. What the end of
// the engine interrupted has no result.
func (d *dispatcher) carryOut(c *call, h *hand) {
	defer c.ctx.cancel(nil)
	res := interpreter.CallResult{Path: c.id.path, Attempt: c.id.attempt}
	out, err := d.perform(c)
	if d.e.ctx.Err() != nil {
		return
	}
	if err == nil {
		if out, err = d.e.imported(out); err != nil {
			err = &connectors.Error{Code: connectors.CodeInvalidOutput, Message: err.Error(), Final: true, Lost: true}
		}
	}
	res.Output = out
	if err != nil {
		res = interpreter.FailedCall(c.cmd, *d.failure(c, err))
	}
	d.e.runs.deliverBy(h, c.run.id, mail{in: res, call: c})
}

// perform issues the call unless it was stopped while it waited.
func (d *dispatcher) perform(c *call) (out json.RawMessage, err error) {
	defer func() {
		if v := recover(); v != nil {
			d.e.log.Error("call failed inside the engine", "run", c.run.id, "step", c.id.path,
				"operation", c.cmd.Operation, "error", fmt.Sprint(v), "stack", string(debug.Stack()))
			out, err = nil, &connectors.Error{
				Code: connectors.CodeConnectorPanic, Message: fmt.Sprintf("%s has a fault: %v", c.cmd.Operation, v),
				Final: true, Lost: true,
			}
		}
	}()
	if c.ctx.Err() != nil {
		return nil, connectors.Stopped(&c.ctx, false)
	}
	if c.cmd.Timeout > 0 {
		stop := d.e.clock.AfterFunc(c.cmd.Timeout, func() { c.ctx.cancel(errCallTimeout) })
		defer stop()
	}
	op, ok := d.e.opts.Registry.Operation(c.cmd.Operation)
	if !ok {
		return nil, notIssued("UnknownOperation", "this engine has no operation "+c.cmd.Operation)
	}
	conn, release, err := d.conn.use(&c.ctx, c.cmd.Connection, op.Connector())
	if err != nil {
		return nil, err
	}
	defer release()
	input, err := d.e.openInput(c.cmd.Input)
	if err != nil {
		return nil, err
	}
	return op.Run(&c.ctx, connectors.Call{Key: c.cmd.Key, Attempt: c.id.attempt, Conn: conn, Input: input})
}

// notIssued is the error of a call that certainly did nothing.
func notIssued(code, message string) *connectors.Error {
	return &connectors.Error{Code: code, Message: message, Final: true, Certain: true}
}

// maxRetryAfter bounds how long another side can make a run wait.
const maxRetryAfter = 24 * time.Hour
