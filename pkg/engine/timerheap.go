package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"unique"
)

// streamKey stands for a stream: the bytes of a run's ID, or a hash of another
// name.
type streamKey [16]byte

func (t *timers) key(stream string) (k streamKey) {
	if isRunID(stream) {
		return keyOfRun(stream)
	}
	sum := sha256.Sum256([]byte(stream))
	k = streamKey(sum[:])
	t.names[k] = stream
	return k
}

func (t *timers) name(k streamKey) string {
	if name, ok := t.names[k]; ok {
		return name
	}
	return uuidText(k)
}

// keyOfRun returns the bytes that a run's ID is the text of.
func keyOfRun(id string) (k streamKey) {
	text := make([]byte, 0, 32)
	for _, part := range [...]string{id[0:8], id[9:13], id[14:18], id[19:23], id[24:36]} {
		text = append(text, part...)
	}
	_, _ = hex.Decode(k[:], text) // it is a run's ID
	return k
}

func (t *timers) slot(i int32) *timer { return &t.slots[i>>pageBits][i&(1<<pageBits-1)] }

// take returns a slot that is free.
func (t *timers) take() int32 {
	if i := t.free; i != none {
		t.free = t.slot(i).next
		return i
	}
	if int(t.used) == len(t.slots)<<pageBits {
		t.slots = append(t.slots, make([]timer, 1<<pageBits))
	}
	t.used++
	return t.used - 1
}

// find returns the slot of a timer.
func (t *timers) find(stream streamKey, id unique.Handle[string]) int32 {
	i, ok := t.streams[stream]
	if !ok {
		return none
	}
	for i != none && t.slot(i).id != id {
		i = t.slot(i).next
	}
	return i
}

// remove takes a timer out of the order and out of its stream's list.
func (t *timers) remove(i int32) {
	x := t.slot(i)
	last := len(t.order) - 1
	if at := int(x.place); at == last {
		t.order = t.order[:last]
	} else {
		t.put(at, t.order[last])
		t.order = t.order[:last]
		t.down(at)
		t.up(at)
	}
	switch before := t.streams[x.stream]; {
	case before == i && x.next == none:
		delete(t.streams, x.stream)
	case before == i:
		t.streams[x.stream] = x.next
	default:
		for t.slot(before).next != i {
			before = t.slot(before).next
		}
		t.slot(before).next = x.next
	}
	*x = timer{next: t.free}
	t.free = i
}

func (t *timers) put(at int, i int32) {
	t.order[at] = i
	t.slot(i).place = int32(at)
}

// before tells which of two timers falls due first.
func (t *timers) before(i, j int32) bool {
	a, b := t.slot(i), t.slot(j)
	if a.at == b.at {
		return a.count < b.count
	}
	return a.at < b.at
}

// up moves a timer to the front as far as it belongs there.
func (t *timers) up(at int) {
	i := t.order[at]
	for at > 0 {
		parent := (at - 1) / 2
		if !t.before(i, t.order[parent]) {
			break
		}
		t.put(at, t.order[parent])
		at = parent
	}
	t.put(at, i)
}

// down moves a timer to the back as far as it belongs there.
func (t *timers) down(at int) {
	i := t.order[at]
	for {
		child := 2*at + 1
		if child >= len(t.order) {
			break
		}
		if other := child + 1; other < len(t.order) && t.before(t.order[other], t.order[child]) {
			child = other
		}
		if !t.before(t.order[child], i) {
			break
		}
		t.put(at, t.order[child])
		at = child
	}
	t.put(at, i)
}
