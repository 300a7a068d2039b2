package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// The causes of the end of a call's context.
var (
	errStopCall    = errors.New("the step is being stopped")
	errCallTimeout = errors.New("the time for the call ran out")
)

// dispatcher carries out calls, a bounded number at once. Where they have to
// wait, runs take turns.
type dispatcher struct {
	e    *Engine
	conn *connections

	mu      sync.Mutex
	running int
	queue   callQueue
}

// call is one attempt of an operation on its way to a connector.
type call struct {
	run *run
	id  callID
	cmd interpreter.Call
	ctx context.Context
	// cancel ends ctx. The call still answers.
	cancel context.CancelCauseFunc
}

func newDispatcher(e *Engine) *dispatcher {
	return &dispatcher{e: e, conn: newConnections(e)}
}

// prepare makes a call that is not submitted yet.
func (d *dispatcher) prepare(r *run, id callID, cmd interpreter.Call) *call {
	c := &call{run: r, id: id, cmd: cmd}
	c.ctx, c.cancel = context.WithCancelCause(d.e.ctx)
	return c
}

// submit has a call carried out as soon as there is room.
func (d *dispatcher) submit(c *call) {
	d.mu.Lock()
	if d.running >= d.e.opts.Parallel {
		d.queue.push(c)
		d.mu.Unlock()
		return
	}
	d.running++
	d.mu.Unlock()
	if !d.e.crew.run(func() { d.work(c) }) {
		c.cancel(ErrStopping)
	}
}

// work carries out c and then what waits.
func (d *dispatcher) work(c *call) {
	for c != nil {
		d.carryOut(c)
		c = d.next()
	}
}

func (d *dispatcher) next() *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	var c *call
	if d.e.ctx.Err() == nil {
		c = d.queue.pop()
	}
	if c == nil {
		d.running--
	}
	return c
}

// carryOut performs a call and hands its result to the run. What the end of
// the engine interrupted has no result.
func (d *dispatcher) carryOut(c *call) {
	defer c.cancel(nil)
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
	d.e.runs.deliver(c.run.id, mail{in: res, call: c})
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
		return nil, connectors.Stopped(c.ctx, false)
	}
	if c.cmd.Timeout > 0 {
		stop := d.e.clock.AfterFunc(c.cmd.Timeout, func() { c.cancel(errCallTimeout) })
		defer stop()
	}
	op, ok := d.e.opts.Registry.Operation(c.cmd.Operation)
	if !ok {
		return nil, notIssued("UnknownOperation", "this engine has no operation "+c.cmd.Operation)
	}
	conn, release, err := d.conn.use(c.ctx, c.cmd.Connection, op.Connector())
	if err != nil {
		return nil, err
	}
	defer release()
	input, err := d.e.openInput(c.cmd.Input)
	if err != nil {
		return nil, err
	}
	return op.Run(c.ctx, connectors.Call{Key: c.cmd.Key, Attempt: c.id.attempt, Conn: conn, Input: input})
}

// notIssued is the error of a call that certainly did nothing.
func notIssued(code, message string) *connectors.Error {
	return &connectors.Error{Code: code, Message: message, Final: true, Certain: true}
}

// maxRetryAfter bounds how long another side can make a run wait.
const maxRetryAfter = 24 * time.Hour
