package engine

import (
	"container/list"
	"sync"
)

// cache is what was used last, up to a total weight. Its methods may be called
// from many goroutines.
type cache[K comparable, V any] struct {
	most int

	mu     sync.Mutex
	weight int
	order  list.List // of cached[K, V], the one used last in front
	at     map[K]*list.Element
}

type cached[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

func newCache[K comparable, V any](most int) *cache[K, V] {
	return &cache[K, V]{most: most, at: make(map[K]*list.Element)}
}

func (c *cache[K, V]) get(key K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.at[key]
	if e == nil {
		return v, false
	}
	c.order.MoveToFront(e)
	return e.Value.(cached[K, V]).value, true
}

// put keeps a value, in place of what the key had, unless it weighs more than
// a quarter of what the cache holds.
func (c *cache[K, V]) put(key K, v V, weight int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.at[key]; old != nil {
		c.remove(old)
	}
	if weight > c.most/4 {
		return
	}
	c.at[key] = c.order.PushFront(cached[K, V]{key, v, weight})
	c.weight += weight
	for c.weight > c.most {
		c.remove(c.order.Back())
	}
}

func (c *cache[K, V]) remove(e *list.Element) {
	old := c.order.Remove(e).(cached[K, V])
	delete(c.at, old.key)
	c.weight -= old.weight
}

// drop forgets what a key has.
func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.at[key]; e != nil {
		c.remove(e)
	}
}
