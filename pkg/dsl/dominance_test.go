package dsl

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/graph"
)

var seed = flag.Uint64("seed", 0, "of the random blocks; 0: a fixed one")

// What is said of the order of steps holds in every way that a block can go:
// random blocks are run in all their outcomes. A step that is called present
// succeeded whenever the reader ran, one that has ended had an end, and one
// that is sure succeeded whenever the block did.
func TestDominance(t *testing.T) {
	s := *seed
	if s == 0 {
		s = 4711
	}
	r := rand.New(rand.NewPCG(s, s))
	present, all := 0, 0
	for range 3000 {
		src := randomBlock(r)
		tree, l := Read("x.yaml", []byte(src))
		if l.HasErrors() || len(CheckSchema(tree, "workflow")) > 0 {
			t.Fatalf("%s: %v", src, l)
		}
		c := newCompiler(tree, nil)
		c.judging, c.graph = true, &graph.Workflow{}
		c.declare()
		c.layOut()
		c.linkSteps()
		c.markSure()
		if len(c.diags) > 0 {
			continue // a cycle
		}
		p, n := checkBlock(t, c, src)
		present, all = present+p, all+n
		if t.Failed() {
			t.Fatalf("seed %d: rerun with -seed=%d", s, s)
		}
	}
	t.Logf("%d of %d steps that have ended are known to have succeeded", present, all)
	if present == 0 || present == all {
		t.Error("the blocks are too simple")
	}
}

func randomBlock(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("workflow: x\nversion: \"1\"\nsteps:\n")
	n := 2 + r.IntN(4)
	for i := range n {
		fmt.Fprintf(&b, "  - id: s%d\n    compose: 1\n", i)
		if r.IntN(4) == 0 {
			b.WriteString("    if: input.x\n")
		}
		switch r.IntN(4) {
		case 0:
			b.WriteString("    runAfter: [")
			for j := range n {
				if j != i && r.IntN(n) == 0 {
					fmt.Fprintf(&b, "s%d, ", j)
				}
			}
			b.WriteString("]\n")
		case 1:
			b.WriteString("    runAfter: {")
			for j := range n {
				if j != i && r.IntN(n) == 0 {
					statuses := [...]string{"succeeded", "failed", "skipped", "succeeded, failed", "failed, skipped", "succeeded, failed, skipped", "timedOut"}
					fmt.Fprintf(&b, "s%d: [%s], ", j, statuses[r.IntN(len(statuses))])
				}
			}
			b.WriteString("}\n")
		}
	}
	return b.String()
}

// checkBlock runs a block in all its outcomes: each step that can run is passed
// over by its if, fails or succeeds.
func checkBlock(t *testing.T, c *compiler, src string) (present, all int) {
	t.Helper()
	b := c.doc.root
	for _, s := range b.steps {
		s.g.Block = b.g
		for _, e := range s.edges {
			s.g.After = append(s.g.After, graph.Edge{From: e.from.g, Statuses: e.statuses, PassedOver: e.passedOver})
		}
	}
	type claim struct{ x, y *step }
	ended, sure, failed := map[claim]bool{}, map[claim]bool{}, map[claim]bool{}
	for _, x := range b.steps {
		for _, y := range b.steps {
			if x == y {
				continue
			}
			e, s := c.before(x, y)
			ended[claim{x, y}], sure[claim{x, y}] = e, s
			failed[claim{x, y}] = certainFailure(placed{s: x}, y)
			if e {
				all++
			}
			if s {
				present++
			}
		}
	}
	order := b.inOrder()
	total := 1
	for range order {
		total *= 3
	}
	for outcome := range total {
		status, ran := runBlock(order, outcome)
		for k := range ended {
			if !ran[k.x] {
				continue
			}
			if sure[k] && (status[k.y.pos].Status != graph.Succeeded) {
				t.Errorf("%s\nat %s, %s is called present but is %v", src, k.x.id, k.y.id, status[k.y.pos])
			}
			if failed[k] && status[k.y.pos].Status != graph.Failed {
				t.Errorf("%s\nat %s, %s is called failed but is %v", src, k.x.id, k.y.id, status[k.y.pos])
			}
		}
		if st, _ := graph.BlockStatus(b.g, func(pos int) graph.Status { return status[pos].Status }); st == graph.Succeeded {
			for _, s := range b.steps {
				if s.sure && status[s.pos].Status != graph.Succeeded {
					t.Errorf("%s\nthe block succeeded, %s is called sure but is %v", src, s.id, status[s.pos])
				}
			}
		}
	}
	// What has ended must be reachable backwards, and only that.
	for k, e := range ended {
		if e != reaches(k.x, k.y) {
			t.Errorf("%s\n%s before %s: %v", src, k.y.id, k.x.id, e)
		}
	}
	return present, all
}

func reaches(x, y *step) bool {
	for _, e := range x.edges {
		if e.from == y || reaches(e.from, y) {
			return true
		}
	}
	return false
}

func runBlock(order []*step, outcome int) (status []stepOutcome, ran map[*step]bool) {
	status, ran = make([]stepOutcome, len(order)), map[*step]bool{}
	for _, s := range order {
		choice := outcome % 3
		outcome /= 3
		met := true
		for _, e := range s.edges {
			st := status[e.from.pos]
			met = met && (e.statuses.Has(st.Status) || e.passedOver && st.Status == graph.Skipped && st.Condition)
		}
		switch {
		case !met:
			status[s.pos].Status = graph.Skipped
		case choice == 0 && s.guarded():
			status[s.pos] = stepOutcome{Status: graph.Skipped, Condition: true}
			ran[s] = true // its if was evaluated
		case choice == 1:
			status[s.pos].Status, ran[s] = graph.Failed, true
		default:
			status[s.pos].Status, ran[s] = graph.Succeeded, true
		}
	}
	return status, ran
}

// stepOutcome is how a step of the model ended.
type stepOutcome struct {
	Status    graph.Status
	Condition bool
}
