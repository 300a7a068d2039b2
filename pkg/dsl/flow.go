package dsl

import (
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/graph"
)

func parseTime(text string) (time.Time, error) { return time.Parse(time.RFC3339Nano, text) }

func (c *compiler) warn(code diag.Code, n *node, message, hint string) {
	c.at(code, n, message, hint).Severity = diag.Warning
}

// checkFlow finds steps and handlers that can never run.
func (c *compiler) checkFlow() {
	c.checkAnswers()
	c.checkListens()
	for _, b := range c.doc.blocks {
		for _, s := range b.steps {
			if s.broken {
				continue
			}
			c.checkReached(s)
			c.checkCatches(s)
			c.checkGuard(s)
		}
	}
}

// checkReached reports a step that waits for one that never ends in a status
// that lets it run.
func (c *compiler) checkReached(s *step) {
	for _, e := range s.edges {
		p := e.from
		if never := e.impossible(c.defaultTimeout > 0); never != "" {
			c.report(codeUnreachable, e.n.parent, e.n.start, e.n.end, fmt.Sprintf("%s is never reached: %q never ends %s", s.label(), p.id, never),
				fmt.Sprintf("remove it, or name other statuses of %q", p.id))
			return
		}
		ends := endsRun(p)
		if !ends && (!neverSucceeds(p) || e.statuses != onSuccess) {
			continue
		}
		n := s.n.get("id")
		if n == nil {
			n = s.n
		}
		message := fmt.Sprintf("%s is never reached: %q before it always fails", s.label(), p.id)
		if ends {
			message = fmt.Sprintf("%s is never reached: %q before it ends the run", s.label(), p.id)
		}
		d := c.at(codeUnreachable, n, message, fmt.Sprintf("remove it, move it up, or give %q an if", p.id))
		d.Related = []diag.Related{{Span: c.tree.spanOf(p.n.get("id")), Message: fmt.Sprintf("%q is here", p.id)}}
		return
	}
}

// impossible returns the statuses of an edge when its predecessor can end in
// none of them, empty when it may. limited tells that actions have a timeout
// unless they say otherwise.
func (e edge) impossible(limited bool) string {
	p := e.from
	switch {
	case p.broken || e.n == nil:
		return ""
	case e.statuses == graph.Statuses(graph.Skipped) && !p.guarded() && len(p.edges) == 0 && !p.n.has("runAfter"):
		return graph.Skipped.String()
	case p.verb == "call" || p.verb == "action" && limited || p.n.has("timeout") || len(p.blocks) > 0:
		return ""
	case e.statuses == graph.Statuses(graph.TimedOut):
		return graph.TimedOut.String()
	}
	return ""
}

// endsRun tells that nothing runs behind s.
func endsRun(s *step) bool {
	return !s.broken && !s.guarded() && (s.verb == "return" || s.verb == "terminate")
}

// neverSucceeds tells that s certainly fails or ends the run.
func neverSucceeds(s *step) bool {
	if s.broken || s.guarded() || s.has("catch") || s.has("onTimeout") {
		return endsRun(s)
	}
	switch s.verb {
	case "return", "terminate", "fail":
		return true
	case "do", "until":
		return blockNever(s.body())
	case "parallel":
		return onErrorOf(s) != graph.Ignore && blockNever(s.body())
	case "race":
		return s.body() != nil && !slices.ContainsFunc(s.body().steps, func(b *step) bool { return !neverSucceeds(b) })
	case "if":
		return len(s.blocks) > 1 && s.blocks[1].name == "else" && blockNever(s.blocks[0]) && blockNever(s.blocks[1])
	case "switch":
		if !s.has("default") {
			return false
		}
		for _, b := range s.blocks {
			if b.role == roleBranch && !blockNever(b) {
				return false
			}
		}
		return true
	}
	return false
}

// blockNever tells that the block never succeeds: a step that its success
// needs does not.
func blockNever(b *block) bool {
	if b == nil {
		return false
	}
	for _, s := range b.steps {
		if s.sure && neverSucceeds(s) {
			return true
		}
	}
	return false
}

// checkCatches reports handlers behind one that handles everything.
func (c *compiler) checkCatches(s *step) {
	list := s.get("catch")
	if list == nil {
		return
	}
	for i, h := range list.items {
		if h.bad || h.has("when") || i == len(list.items)-1 {
			continue
		}
		next := list.items[i+1]
		c.at(codeShadowed, next, "this handler is never reached: the one before it has no when and handles every failure", "put it in front, or give the one before it a when")
		return
	}
}

// checkAnswers holds respond steps and http triggers against each other.
func (c *compiler) checkAnswers() {
	waits, http, split := false, false, false
	if list := c.doc.get("triggers"); list != nil {
		for _, t := range list.items {
			h := t.get("http")
			if t.bad || h == nil {
				known := !t.bad && kindOfTrigger(t) != ""
				waits, http = waits || !known, http || !known // it may be one
				continue
			}
			http = true
			answer := usable(h.get("answer"))
			switch {
			case t.has("splitOn"):
				split = true
			case answer == nil || answer.text == "respond":
				waits = true
			}
			if answer != nil && answer.text == "respond" && !c.responds() {
				c.at(codeNoAnswer, answer, "the trigger waits for an answer, but no step responds", "add a respond step, or write answer: accepted")
			}
		}
	} else if c.doc.n.has("triggers") || len(c.tree.gaps) > 0 {
		return
	}
	if waits {
		return
	}
	message, hint := "nobody waits for this answer: the workflow has no http trigger", "add an http trigger, or return a value with output:"
	switch {
	case split:
		message, hint = "nobody waits for this answer: the http trigger makes a run for each element of splitOn", "leave splitOn out, or return a value with output:"
	case http:
		message, hint = "nobody waits for this answer: the http trigger says answer: accepted", "write answer: respond, or leave answer out"
	}
	for _, s := range c.doc.steps {
		if s.verb == "respond" && !s.broken {
			c.atKey(codeNobodyWaits, s.n.get("respond"), message, hint)
		}
	}
}

func (c *compiler) responds() bool {
	for _, s := range c.doc.steps {
		if s.verb == "respond" || s.broken {
			return true
		}
	}
	return false
}
