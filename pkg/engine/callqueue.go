package engine

// callQueue is the calls that wait for room: runs take turns, so that one with
// a thousand calls does not keep the others waiting; the calls of one run keep
// their order.
type callQueue struct {
	turns []string // runs with waiting calls, the next one at head
	head  int
	runs  map[string][]*call
}

func (q *callQueue) push(c *call) {
	if q.runs == nil {
		q.runs = make(map[string][]*call)
	}
	if len(q.runs[c.run.id]) == 0 {
		q.turns = append(q.turns, c.run.id)
	}
	q.runs[c.run.id] = append(q.runs[c.run.id], c)
}

// pop returns the next call, nil when none waits.
func (q *callQueue) pop() *call {
	if q.head == len(q.turns) {
		return nil
	}
	id := q.turns[q.head]
	q.head++
	own := q.runs[id]
	c := own[0]
	own[0] = nil
	if own = own[1:]; len(own) == 0 {
		delete(q.runs, id)
	} else {
		q.runs[id] = own
		q.turns = append(q.turns, id)
	}
	if q.head > 1024 && q.head*2 > len(q.turns) {
		q.turns, q.head = append(q.turns[:0:0], q.turns[q.head:]...), 0
	}
	return c
}
