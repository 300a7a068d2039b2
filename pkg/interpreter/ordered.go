package interpreter

// ordered is a set by key that keeps the order in which its elements were
// added. Adding, removing and finding one cost the same however many there
// are. The zero value is empty.
type ordered[T any] struct {
	at    map[string]int // position in list
	list  []entry[T]
	holes int
}

type entry[T any] struct {
	key  string
	x    T
	gone bool
}

func (o *ordered[T]) add(key string, x T) {
	o.remove(key)
	if o.at == nil {
		o.at = map[string]int{}
	}
	o.at[key] = len(o.list)
	o.list = append(o.list, entry[T]{key: key, x: x})
}

func (o *ordered[T]) get(key string) (x T, ok bool) {
	i, ok := o.at[key]
	if !ok {
		return x, false
	}
	return o.list[i].x, true
}

func (o *ordered[T]) has(key []byte) bool {
	_, ok := o.at[string(key)]
	return ok
}

func (o *ordered[T]) remove(key string) bool {
	i, ok := o.at[key]
	if !ok {
		return false
	}
	delete(o.at, key)
	o.list[i] = entry[T]{gone: true}
	o.holes++
	if o.holes > 16 && o.holes > len(o.list)/2 {
		o.compact()
	}
	return true
}

func (o *ordered[T]) compact() {
	kept := o.list[:0]
	for _, e := range o.list {
		if !e.gone {
			o.at[e.key] = len(kept)
			kept = append(kept, e)
		}
	}
	clear(o.list[len(kept):])
	o.list, o.holes = kept, 0
}

func (o *ordered[T]) len() int { return len(o.at) }

// all returns the elements in the order in which they were added.
func (o *ordered[T]) all() []T {
	xs := make([]T, 0, len(o.at))
	for _, e := range o.list {
		if !e.gone {
			xs = append(xs, e.x)
		}
	}
	return xs
}

// queue is the agenda: first in, first out.
type queue struct {
	tasks []task
	head  int
}

func (q *queue) push(t task) { q.tasks = append(q.tasks, t) }

func (q *queue) empty() bool { return q.head == len(q.tasks) }

func (q *queue) first() task { return q.tasks[q.head] }

func (q *queue) pop() {
	q.tasks[q.head] = task{}
	q.head++
	if q.head == len(q.tasks) {
		q.tasks, q.head = q.tasks[:0], 0
	} else if q.head > 1024 && q.head > len(q.tasks)/2 {
		n := copy(q.tasks, q.tasks[q.head:])
		clear(q.tasks[n:])
		q.tasks, q.head = q.tasks[:n], 0
	}
}

// drop takes away the tasks for which it returns true.
func (q *queue) drop(drop func(task) bool) {
	kept := q.tasks[:q.head]
	for _, t := range q.tasks[q.head:] {
		if !drop(t) {
			kept = append(kept, t)
		}
	}
	clear(q.tasks[len(kept):])
	q.tasks = kept
}

func (q *queue) all() []task { return q.tasks[q.head:] }
