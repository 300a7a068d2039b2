package graph_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/keelstep/keelstep/pkg/graph"
)

var (
	shapes    = flag.Int("shapes", 150_000, "how many random blocks to compare with the model")
	shapeSeed = flag.Uint64("shapes.seed", 1, "the seed of the random blocks")
)

// ends are the statuses in which a step may end.
var ends = []graph.Status{graph.Succeeded, graph.Failed, graph.TimedOut, graph.Skipped, graph.Cancelled}

// shape is a block of up to eight steps as the model has it: sets of steps are
// bits.
type shape struct {
	n       int
	before  [8]uint16                    // predecessors
	allowed [8][8]graph.StatusSet        // of a step, by its predecessor
	status  [8]graph.Status              // how each ended
	block   *graph.Block                 // the same for the code under test
	nodes   [8]*graph.Node               // of block
	seen    map[graph.Status]map[int]int // blocks by status and number of failed leaves
}

// draw makes a block in which every step may follow any of those before it, in
// any order of positions, whatever status it asks for.
func (s *shape) draw(r *rand.Rand) {
	s.n = 1 + r.IntN(8)
	*s = shape{n: s.n, seen: s.seen, block: &graph.Block{Nodes: make([]*graph.Node, s.n)}}
	order := r.Perm(s.n) // so that a predecessor may stand behind
	for _, pos := range order {
		s.nodes[pos] = &graph.Node{Pos: pos, Block: s.block}
		s.block.Nodes[pos] = s.nodes[pos]
	}
	density := 1 + r.IntN(100)
	for i, pos := range order {
		for _, p := range order[:i] {
			if r.IntN(100) >= density {
				continue
			}
			set := graph.StatusSet(0)
			for _, st := range ends {
				if r.IntN(2) == 0 {
					set |= graph.Statuses(st)
				}
			}
			if set == 0 {
				set = graph.Statuses(graph.Succeeded)
			}
			s.before[pos] |= 1 << p
			s.allowed[pos][p] = set
			s.nodes[pos].After = append(s.nodes[pos].After, graph.Edge{From: s.nodes[p], Statuses: set})
		}
	}
	s.run(r, order)
}

// run ends the steps one after another: one whose predecessors did not end as
// it asks is skipped, any other ends as it may. One block in four ends without
// regard to that, as a stopped one does.
func (s *shape) run(r *rand.Rand, order []int) {
	stopped := r.IntN(4) == 0
	for _, pos := range order {
		s.status[pos] = ends[r.IntN(len(ends))]
		for p := range s.n {
			if !stopped && s.before[pos]>>p&1 == 1 && !s.allowed[pos][p].Has(s.status[p]) {
				s.status[pos] = graph.Skipped
			}
		}
	}
}

// model is the rule as it is written down: take the steps that nobody names,
// and as long as one of them was skipped put its predecessors in its place.
func (s *shape) model() (graph.Status, []int) {
	var named uint16
	for i := range s.n {
		named |= s.before[i]
	}
	leaves := (uint16(1)<<s.n - 1) &^ named
	for again := true; again; {
		again = false
		for i := range s.n {
			if leaves>>i&1 == 1 && s.status[i] == graph.Skipped {
				leaves = leaves&^(1<<i) | s.before[i]
				again = true
			}
		}
	}
	status, failed := graph.Succeeded, []int(nil)
	for i := range s.n {
		if leaves>>i&1 == 0 || s.status[i] != graph.Failed && s.status[i] != graph.TimedOut {
			continue
		}
		failed = append(failed, i)
		if s.status[i] == graph.Failed || status == graph.Succeeded {
			status = s.status[i]
		}
	}
	return status, failed
}

// The status of a block is that of the model, for random blocks of up to
// eight steps with every kind of edge.
func TestLeavesAgainstModel(t *testing.T) {
	r := rand.New(rand.NewPCG(*shapeSeed, 2))
	s := &shape{seen: map[graph.Status]map[int]int{}}
	for i := range *shapes {
		s.draw(r)
		want, wantFailed := s.model()
		got, failed := graph.BlockStatus(s.block, func(pos int) graph.Status { return s.status[pos] })
		slices.Sort(failed)
		if got != want || !slices.Equal(failed, wantFailed) {
			t.Fatalf("shape %d (rerun with -shapes.seed=%d): BlockStatus of %v with predecessors %b = %v, failed %v, want %v, %v",
				i, *shapeSeed, s.status[:s.n], s.before[:s.n], got, failed, want, wantFailed)
		}
		if s.seen[want] == nil {
			s.seen[want] = map[int]int{}
		}
		s.seen[want][len(wantFailed)]++
	}
	for _, st := range []graph.Status{graph.Failed, graph.TimedOut} {
		if s.seen[st][1] == 0 || s.seen[st][2] == 0 {
			t.Errorf("no block ended %v by one leaf, or none by two", st)
		}
	}
}
