package engine

import "slices"

// callQueue is the calls that wait for room: runs take turns, so that one with
// a thousand calls does not keep the others waiting; the calls of one run keep
// their order.
type callQueue struct {
	turns []*runCalls // the next one at head; one without calls is passed over
	head  int
	runs  map[string]*runCalls
	count int
}

// runCalls is the waiting calls of one run. Its turn tells which of two runs
// in different queues is next.
type runCalls struct {
	run   string
	turn  uint64
	calls []*call
}

// push adds a call. A run that has no other waiting takes that turn.
func (q *callQueue) push(c *call, turn uint64) {
	if q.runs == nil {
		q.runs = make(map[string]*runCalls)
	}
	own := q.runs[c.run.id]
	if own == nil {
		own = &runCalls{run: c.run.id, turn: turn}
		q.runs[own.run] = own
		q.turns = append(q.turns, own)
	}
	own.calls = append(own.calls, c)
	q.count++
}

// first returns the run whose turn it is, nil when no call waits.
func (q *callQueue) first() *runCalls {
	for ; q.head < len(q.turns); q.head++ {
		own := q.turns[q.head]
		if len(own.calls) > 0 {
			return own
		}
		delete(q.runs, own.run)
		q.turns[q.head] = nil
	}
	q.turns, q.head = q.turns[:0], 0
	return nil
}

// pop takes the next call of the run whose turn it is. A run with more calls
// takes another turn behind all others.
func (q *callQueue) pop(turn uint64) *call {
	own := q.first()
	if own == nil {
		return nil
	}
	c := q.takeFrom(own)
	q.turns[q.head] = nil
	q.head++
	delete(q.runs, own.run)
	if len(own.calls) > 0 {
		own.turn = turn
		q.runs[own.run] = own
		q.turns = append(q.turns, own)
	}
	if q.head > 1024 && q.head*2 > len(q.turns) {
		q.turns, q.head = append(q.turns[:0:0], q.turns[q.head:]...), 0
	}
	return c
}

// takeFrom takes the next call of a run out of turn.
func (q *callQueue) takeFrom(own *runCalls) *call {
	c := own.calls[0]
	own.calls[0] = nil
	own.calls = own.calls[1:]
	q.count--
	return c
}

// remove takes one call out.
func (q *callQueue) remove(c *call) {
	own := q.runs[c.run.id]
	if own == nil {
		return
	}
	if i := slices.Index(own.calls, c); i >= 0 {
		own.calls = slices.Delete(own.calls, i, i+1)
		q.count--
	}
}
