package sim

import (
	"math/bits"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// container is what a step stands in.
type container uint8

const (
	top container = iota
	inDo
	inParallel
	inForeach
	inWhile
	inUntil
	inRace
	inBranch
	inCatch
	inFinally
	inCompensate
	inOnTimeout
	inNotify
	inChild // the top of a run that another one called
	containers
)

var containerNames = [containers]string{
	"top", "do", "parallel", "foreach", "while", "until", "race", "branch", "catch", "finally", "compensate",
	"onTimeout", "notify", "child",
}

// cell is a verb in a container.
type cell struct {
	verb graph.Kind
	in   container
}

func (c cell) index() int { return int(c.verb)*int(containers) + int(c.in) }

// cells is a set of cells.
type cells [(verbs*int(containers) + 63) / 64]uint64

func (s *cells) add(c cell) { s[c.index()/64] |= 1 << (c.index() % 64) }

func (s *cells) has(c cell) bool { return s[c.index()/64]&(1<<(c.index()%64)) != 0 }

// without returns the cells that are not in the other set.
func (s cells) without(o cells) cells {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

// each visits the indexes of the cells.
func (s cells) each(visit func(int)) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			visit(i*64 + bits.TrailingZeros64(w))
		}
	}
}

// standsIn returns what a step stands in.
func standsIn(n *graph.Node, child bool) container {
	b, o := n.Block, n.Block.Owner
	switch {
	case o == nil && child:
		return inChild
	case o == nil:
		return top
	case b == o.Finally:
		return inFinally
	case b == o.Compensate:
		return inCompensate
	case b == o.OnTimeout:
		return inOnTimeout
	case b != o.Body && o.Kind != graph.If && o.Kind != graph.Switch:
		return inCatch
	}
	switch o.Kind {
	case graph.Parallel:
		return inParallel
	case graph.Foreach:
		return inForeach
	case graph.While:
		return inWhile
	case graph.Until:
		return inUntil
	case graph.Race:
		return inRace
	case graph.If, graph.Switch:
		for _, c := range o.Catch {
			if c.Do == b {
				return inCatch
			}
		}
		return inBranch
	default:
		return inDo
	}
}

// cellOf returns the cell of the step that a path names; ok is false for what
// is no step.
func (p *Program) cellOf(path string) (c cell, ok bool) {
	if i := strings.LastIndexByte(path, '.'); i > 0 {
		if before := path[:i]; strings.HasPrefix(before[strings.LastIndexByte(before, '.')+1:], "notify[") {
			return cell{graph.Action, inNotify}, true
		}
	}
	c, ok = p.cells[idOf(path)]
	return c, ok
}

// spares returns why a fault cannot strike a verb, empty when it can.
func (f Fault) spares(v graph.Kind) string {
	if f == Depth && v != graph.CallWorkflow {
		return "only a call starts a child"
	}
	return ""
}

// impossible returns why a verb cannot stand in a container, empty when it
// can.
func (c cell) impossible() string {
	switch {
	case c.in == inNotify && c.verb != graph.Action:
		return "a notification is one call"
	}
	return ""
}
