package dsl

import (
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
)

// asChoice is the place of the condition that decides whether the step runs,
// or which of its branches.
func (p place) asChoice() place {
	p.choice = true
	return p
}

// givenAt returns what the conditions around a place have shown: each of them
// was evaluated before the place is, and what it read has not changed since.
func (c *compiler) givenAt(p place) []expression.Facts {
	s := p.s
	switch {
	case !c.judging || s == nil:
		return nil
	case p.within != nil && p.within.n == nil: // the condition of a while
		return entering(p.within, c.givenIn(s))
	case p.within != nil:
		return c.givenInside(p.within)
	case p.choice:
		return c.givenInside(s.block)
	case p.self:
		return without(c.givenAfter(s), "error") // here it is that of this step
	}
	return c.givenIn(s)
}

// givenIn returns what holds while the step runs.
func (c *compiler) givenIn(s *step) []expression.Facts {
	return added(c.givenInside(s.block), c.guardOf(s))
}

// givenAfter returns what holds once the step has been attempted or has ended.
// The failure may be one of its own condition, where that can fail.
func (c *compiler) givenAfter(s *step) []expression.Facts {
	guard := c.guardOf(s)
	if !guard.Total() {
		guard = expression.Facts{}
	}
	return added(c.givenInside(s.block), guard)
}

// givenInside returns what holds for the steps of a block.
func (c *compiler) givenInside(b *block) []expression.Facts {
	if b.owner == nil || b.givenKnown {
		return b.given
	}
	given := []expression.Facts(nil)
	switch b.role {
	case roleCatch, roleFinally:
		given = c.givenAfter(b.owner)
	default:
		given = c.givenIn(b.owner)
	}
	b.given, b.givenKnown = added(entering(b, given), c.entry(b)), true
	return b.given
}

// entering drops what means something else inside of a block than in front of
// it: the error that is handled, and the item and index of a loop.
func entering(b *block, given []expression.Facts) []expression.Facts {
	switch b.role {
	case roleCatch, roleOnTimeout, roleCompensate, roleFinally:
		return without(given, "error")
	case roleBody:
		if !b.owner.looping() {
			return given
		}
		if b.owner.verb == "foreach" {
			return without(given, "index", b.owner.itemName())
		}
		return without(given, "index")
	default:
		return given
	}
}

// guardOf returns what the if of a step shows, when it has one that may pass
// the step over.
func (c *compiler) guardOf(s *step) expression.Facts {
	if s.guard == nil {
		s.guard = &expression.Facts{}
		if s.guarded() {
			*s.guard = c.shown(s.n.get("if"), place{placed: placed{s: s}, choice: true}, true)
		}
	}
	return *s.guard
}

// entry returns what a block is entered for.
func (c *compiler) entry(b *block) expression.Facts {
	s := b.owner
	own := place{placed: placed{s: s}, choice: s.verb == "if"}
	switch {
	case b.role == roleBranch && s.verb == "if":
		return c.shown(s.n.get("if"), own, b.name == "then")
	case b.role == roleBranch && b.order >= 0:
		if text, ok := s.n.get("switch").str(); ok {
			return expression.ShownText(text, b.name, c.scope(text, own))
		}
	case b.role == roleBranch && s.get("cases").has("null"): // null has a case of its own
		if text, ok := s.n.get("switch").str(); ok {
			return expression.Shown("("+text+") != null", true, c.scope(text, own))
		}
	case b.role == roleBody && s.verb == "while":
		return c.shown(s.n.get("while"), place{placed: placed{s: s, within: s.loopStart()}}, true)
	case b.role == roleCatch:
		return c.shown(b.n.parent.get("when"), place{placed: placed{s: s, self: true}}, true)
	}
	return expression.Facts{}
}

// shown returns what the condition that n holds shows when it yields truth.
func (c *compiler) shown(n *node, p place, truth bool) expression.Facts {
	text, ok := n.str()
	if !ok {
		return expression.Facts{}
	}
	p.wantBool = true
	return expression.Shown(text, truth, c.scope(text, p))
}

// added returns given and one more; given itself stays as it is.
func added(given []expression.Facts, one expression.Facts) []expression.Facts {
	if one.Empty() {
		return given
	}
	return append(slices.Clip(given), one)
}

// without returns given without what is behind the names.
func without(given []expression.Facts, names ...string) []expression.Facts {
	var out []expression.Facts
	for _, one := range given {
		out = added(out, one.Without(names...))
	}
	return out
}
