package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// poolName is the limit that workflows and connections share.
const poolName = "shared"

// Limits says that there is one.
func (catalog) Limits() map[string]int { return map[string]int{poolName: 2} }

func isPool(stream string) bool { return strings.HasPrefix(stream, interpreter.PoolPrefix) }

// pool is what the process and the record know of a shared limit.
type pool struct {
	size    int
	calls   int      // slots that calls of connections hold in this turn
	holders []string // as recorded
	asks    bool     // it is planned that those who wait are offered slots
}

// offer says to a shared limit how many slots a turn may give: those that
// neither runs nor calls hold. It returns what to say to a twin.
func (b *book) offer() func(bookMachine) {
	m, ok := b.m.(*books.Limit)
	if !ok || !isPool(b.name) {
		return func(bookMachine) {}
	}
	b.pool.size = 1 + int(hash(b.world.seed, b.name)%2)
	b.pool.calls = 0
	if b.faults.dice.chance(30) {
		b.pool.calls = 1 + b.faults.dice.n(b.pool.size)
	}
	n := max(b.pool.size-len(m.Holders(""))-b.pool.calls, 0)
	m.Offer(n)
	return func(m bookMachine) { m.(*books.Limit).Offer(n) }
}

// offerAgain has those who wait offered slots once more, if some are free now
// or will be when the calls have ended.
func (b *book) offerAgain() {
	m, ok := b.m.(*books.Limit)
	if !ok || !isPool(b.name) || b.pool.asks || len(m.Waiting("")) == 0 || len(m.Holders("")) >= b.pool.size {
		return
	}
	if b.pool.calls == 0 {
		b.again = true
		return
	}
	b.pool.asks = true
	b.mine(time.Duration(1+b.faults.dice.n(3000))*time.Millisecond, func() { b.again, b.pool.asks = true, false })
}

// checkPool: no more runs hold a slot than there are.
func (b *book) checkPool(e fact.Event) {
	if !isPool(b.name) {
		return
	}
	switch f := e.Fact.(type) {
	case *books.SlotGiven:
		if b.pool.holders = append(b.pool.holders, f.Run); len(b.pool.holders) > b.pool.size {
			fail("event %d of %s: %d runs hold a slot, there are %d", e.Seq, b.name, len(b.pool.holders), b.pool.size)
		}
		b.report.pooled++
	case *books.SlotReturned:
		b.pool.holders = slices.DeleteFunc(b.pool.holders, func(run string) bool { return run == f.Run })
	}
}
