package engine

import "testing"

// What was not used longest goes first; what is too heavy is not kept.
func TestCache(t *testing.T) {
	c := newCache[string, int](4)
	for i, k := range []string{"a", "b", "c", "d"} {
		c.put(k, i, 1)
	}
	c.get("a")
	c.put("e", 4, 1)
	c.put("heavy", 5, 2)
	c.put("c", 6, 1)
	for k, want := range map[string]int{"a": 0, "b": -1, "c": 6, "d": 3, "e": 4, "heavy": -1} {
		if got, ok := c.get(k); ok != (want >= 0) || ok && got != want {
			t.Errorf("get %s = %d, %v; want %d", k, got, ok, want)
		}
	}
	if c.weight != 4 || c.order.Len() != 4 || len(c.at) != 4 {
		t.Errorf("weight %d, %d entries", c.weight, c.order.Len())
	}
	c.put("a", 7, 2) // replaced by nothing
	if _, ok := c.get("a"); ok || c.weight != 3 {
		t.Errorf("weight %d", c.weight)
	}
}

// The calls of many runs take turns; those of one run keep their order.
func TestQueueIsFair(t *testing.T) {
	a, b := &run{id: "a"}, &run{id: "b"}
	var q callQueue
	for i := range 3 {
		q.push(&call{run: a, id: callID{"a", i}}, uint64(i))
	}
	for i := range 2 {
		q.push(&call{run: b, id: callID{"b", i}}, uint64(i))
	}
	got := ""
	for c := q.pop(0); c != nil; c = q.pop(0) {
		got += c.id.path + string(rune('0'+c.id.attempt)) + " "
	}
	if want := "a0 b0 a1 b1 a2 "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if q.pop(0) != nil || len(q.runs) != 0 || q.count != 0 {
		t.Error("the queue is not empty")
	}
}
