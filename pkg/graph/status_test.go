package graph_test

import (
	"testing"

	"github.com/keelstep/keelstep/pkg/graph"
)

// A block's status comes from its leaves; a skipped leaf stands for what is
// before it. The letters are the statuses of a chain a, b, c in which b and c
// follow the one before, as s(ucceeded) f(ailed) t(imed out) k(skipped)
// c(ancelled).
func TestBlockStatus(t *testing.T) {
	a, b, c := &graph.Node{Pos: 0}, &graph.Node{Pos: 1}, &graph.Node{Pos: 2}
	b.After, c.After = []graph.Edge{{From: a}}, []graph.Edge{{From: b}}
	chain := &graph.Block{Nodes: []*graph.Node{a, b, c}}
	fan := &graph.Block{Nodes: []*graph.Node{{Pos: 0}, {Pos: 1}, {Pos: 2}}}
	of := map[byte]graph.Status{'s': graph.Succeeded, 'f': graph.Failed, 't': graph.TimedOut, 'k': graph.Skipped, 'c': graph.Cancelled}
	for _, x := range []struct {
		block    *graph.Block
		statuses string
		want     graph.Status
		failed   int
	}{
		{chain, "sss", graph.Succeeded, 0},
		{chain, "fss", graph.Succeeded, 0}, // handled
		{chain, "fkk", graph.Failed, 1},    // looked through
		{chain, "sfk", graph.Failed, 1},
		{chain, "tkk", graph.TimedOut, 1},
		{chain, "kkk", graph.Succeeded, 0},
		{chain, "ssc", graph.Succeeded, 0},
		{fan, "sft", graph.Failed, 2},
		{fan, "tss", graph.TimedOut, 1},
		{&graph.Block{}, "", graph.Succeeded, 0},
	} {
		got, failed := graph.BlockStatus(x.block, func(pos int) graph.Status { return of[x.statuses[pos]] })
		if got != x.want || len(failed) != x.failed {
			t.Errorf("BlockStatus(%q) = %v with %d failed leaves, want %v with %d", x.statuses, got, len(failed), x.want, x.failed)
		}
	}
}
