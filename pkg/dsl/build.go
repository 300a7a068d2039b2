package dsl

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// stepTypes are the static types that a step gives to others.
type stepTypes struct {
	output *expression.Type // nil: not known
	item   *expression.Type // of a foreach
}

// layOut makes the nodes and blocks of the graph, still empty.
func (c *compiler) layOut() {
	for _, b := range c.doc.blocks {
		b.g = &graph.Block{}
	}
	c.graph.Root = c.doc.root.g
	for i, s := range c.doc.steps {
		if s.broken || s.verb == "" || s.id == "" {
			s.broken = s.broken || s.verb == ""
			c.fail(fmt.Errorf("%s is no step", s.n.pointer()))
		}
		s.g = &graph.Node{Index: i, Pos: s.pos, ID: s.id, Block: s.block.g, Kind: kindOf(s.verb)}
		s.block.g.Nodes = append(s.block.g.Nodes, s.g)
		c.graph.Nodes = append(c.graph.Nodes, s.g)
		c.graph.HasRespond = c.graph.HasRespond || s.verb == "respond"
	}
}

func kindOf(verb string) graph.Kind {
	switch verb {
	case "compose":
		return graph.Compose
	case "set", "append", "increment":
		return graph.Set
	case "if":
		return graph.If
	case "switch":
		return graph.Switch
	case "foreach":
		return graph.Foreach
	case "while":
		return graph.While
	case "until":
		return graph.Until
	case "parallel":
		return graph.Parallel
	case "race":
		return graph.Race
	case "do":
		return graph.Scope
	case "wait":
		return graph.Wait
	case "await":
		return graph.Await
	case "approval":
		return graph.Approval
	case "call":
		return graph.CallWorkflow
	case "emit":
		return graph.Emit
	case "respond":
		return graph.Respond
	case "return":
		return graph.Return
	case "fail":
		return graph.Fail
	case "terminate":
		return graph.Terminate
	case "rollback":
		return graph.Rollback
	default:
		return graph.Action
	}
}

// buildSteps fills the nodes, each block in an order in which what a step may
// read comes before it.
func (c *compiler) buildSteps() {
	c.buildBlock(c.doc.root)
	c.graph.Link()
}

func (c *compiler) buildBlock(b *block) {
	for _, s := range b.inOrder() {
		if s.broken {
			continue
		}
		c.buildStep(s)
	}
}

// inOrder returns the steps, predecessors first.
func (b *block) inOrder() []*step {
	out := make([]*step, 0, len(b.steps))
	done := make([]bool, len(b.steps))
	for _, s := range b.steps {
		for todo := []*step{s}; len(todo) > 0; {
			t := todo[len(todo)-1]
			ready := true
			if !done[t.pos] {
				for _, e := range t.edges {
					if !done[e.from.pos] {
						todo, ready = append(todo, e.from), false
					}
				}
			}
			if ready {
				if !done[t.pos] {
					done[t.pos] = true
					out = append(out, t)
				}
				todo = todo[:len(todo)-1]
			}
		}
	}
	return out
}

// buildStep fills the node of s and what is below it.
func (c *compiler) buildStep(s *step) {
	at := place{placed: placed{s: s}}
	for _, e := range s.edges {
		s.g.After = append(s.g.After, graph.Edge{From: e.from.g, Statuses: e.statuses, PassedOver: e.passedOver})
	}
	if s.verb != "if" {
		if n := s.get("if"); n != nil {
			s.g.If = c.condition(n, at.asChoice())
		}
	}
	c.buildWrap(s)
	c.buildVerb(s, at)
	c.buildHandlers(s)
	c.buildTrack(s)
}

// buildWrap reads what wraps any verb.
func (c *compiler) buildWrap(s *step) {
	g := s.g
	action := s.verb == "action"
	g.Timeout = c.duration(s.get("timeout"))
	if g.Timeout == 0 && action {
		g.Timeout = c.defaultTimeout
	}
	if s.get("onTimeout") != nil && g.Timeout == 0 && !s.has("timeout") {
		c.atKey(codeIneffective, s.n.get("onTimeout"), "onTimeout has no effect in a step without timeout", "add timeout:, or handle the failure with catch:")
	}
	if n := s.get("secure"); n != nil {
		for _, item := range c.eachOnce(n) {
			text, _ := item.str()
			g.SecureInput = g.SecureInput || text == "input"
			g.SecureOutput = g.SecureOutput || text == "output"
		}
	}
	own := s.get("retry")
	if own == nil && !action {
		return
	}
	g.Retry = &graph.Retry{Attempts: defaultAttempts, Delay: defaultDelay, Exponential: true, MaxDelay: defaultMaxDelay, Jitter: true}
	if action {
		if defaults := c.doc.get("defaults"); defaults != nil {
			c.buildRetry(s, usable(defaults.get("retry")), placed{})
		}
	}
	c.buildRetry(s, own, placed{s: s, self: true})
}

// has tells whether the step has the key, be its value good or bad.
func (s *step) has(key string) bool { return s.n.has(key) }

// buildRetry lets what n says take the place of what the step's retry had.
func (c *compiler) buildRetry(s *step, n *node, at placed) {
	if n == nil {
		return
	}
	r := s.g.Retry
	if v := usable(n.get("attempts")); v != nil {
		r.Attempts, _ = v.value.(int)
	}
	if v := usable(n.get("delay")); v != nil {
		r.Delay = c.duration(v)
	}
	if v := usable(n.get("maxDelay")); v != nil {
		r.MaxDelay = c.duration(v)
	}
	if v := usable(n.get("backoff")); v != nil {
		r.Exponential = v.text == "exponential"
	}
	if v := usable(n.get("jitter")); v != nil {
		r.Jitter = v.value == true
	}
	if v := usable(n.get("attemptTimeout")); v != nil {
		s.g.AttemptTimeout = c.duration(v)
	}
	if v := usable(n.get("if")); v != nil {
		at.self = true
		r.If = c.condition(v, place{placed: at})
	}
}

// buildHandlers builds what stands beside the verb, and joins the types of
// handlers that may stand for the step's own output.
func (c *compiler) buildHandlers(s *step) {
	output := s.types.output
	for _, b := range s.blocks {
		switch b.role {
		case roleOnTimeout:
			c.buildBlock(b)
			s.g.OnTimeout = b.g
			output = joined(output, b)
		case roleCatch:
			h := graph.Catch{Do: b.g}
			if when := usable(b.n.parent.get("when")); when != nil {
				h.When = c.condition(when, place{placed: placed{s: s, self: true}})
			}
			c.buildBlock(b)
			s.g.Catch = append(s.g.Catch, h)
			output = joined(output, b)
		case roleCompensate:
			s.types.output = output // an uncertain call is undone though a handler gave the output
			c.buildBlock(b)
			s.g.Compensate = b.g
		case roleFinally:
			c.buildBlock(b)
			s.g.Finally = b.g
		default: // built with the verb
		}
	}
	s.types.output = output
}

func known(t *expression.Type) *expression.Type {
	if t == nil {
		return anyType
	}
	return t
}

// joined is the type of the output of a step that is its own or, when it was
// handled by b, that of the last step of b: null of none, and of one that did
// not run though b succeeded.
func joined(own *expression.Type, b *block) *expression.Type {
	if len(b.steps) == 0 {
		return expression.Union(known(own), nullType)
	}
	last := b.steps[len(b.steps)-1]
	switch {
	case last.sure && neverSucceeds(last):
		return own
	case !last.sure:
		return expression.Union(known(own), nullable(known(last.types.output)))
	}
	return expression.Union(known(own), known(last.types.output))
}

// buildVerb fills what the verb of s needs and tells its type.
func (c *compiler) buildVerb(s *step, at place) {
	g := s.g
	s.types.output = nullType
	switch s.verb {
	case "action":
		c.buildCall(s, at)
	case "compose":
		g.Value, s.types.output = c.template(s.get("compose"), at)
		s.types.output = s.types.output.Recorded()
	case "set", "append", "increment":
		c.buildSet(s, at)
	case "if", "switch":
		c.buildBranches(s, at)
	case "foreach", "while", "until", "do", "parallel", "race":
		c.buildBody(s, at)
	case "wait":
		c.buildWait(s, at)
	case "await":
		c.buildAwait(s, at)
	case "approval":
		c.buildApproval(s, at)
	case "call":
		c.buildChild(s, at)
	case "emit":
		c.buildEmit(s, at)
	case "respond":
		c.buildRespond(s, at)
	case "return":
		var t *expression.Type
		g.Value, t = c.template(s.get("return"), at)
		c.endsWith(t)
		s.types.output = anyType
	case "fail", "terminate":
		c.buildError(s, at)
		s.types.output = anyType
		if s.verb == "terminate" && g.Error != nil && g.Error.Status == graph.Succeeded {
			c.endsWith(nullType)
		}
	case "rollback":
		c.buildRollback(s)
	default:
		panic(fmt.Sprintf("dsl: unhandled verb %q", s.verb))
	}
}

// buildBranches builds an if or a switch.
func (c *compiler) buildBranches(s *step, at place) {
	if s.verb == "if" {
		s.g.Cond = c.condition(s.get("if"), at.asChoice())
	} else {
		s.g.Subject, _ = c.bare(s.get("switch"), at)
	}
	for _, b := range s.blocks {
		if b.role != roleBranch {
			continue
		}
		c.buildBlock(b)
		fallback := s.verb == "if" && b.name == "else" || s.verb == "switch" && b.order < 0
		s.g.Branches = append(s.g.Branches, graph.Branch{Name: b.name, Default: fallback, Body: b.g})
	}
}

// body returns the block that the verb runs, nil when it is missing.
func (s *step) body() *block {
	for _, b := range s.blocks {
		if b.role == roleBody {
			return b
		}
	}
	return nil
}

// buildBody builds a loop, a scope or a parallel.
func (c *compiler) buildBody(s *step, at place) {
	g, b := s.g, s.body()
	if s.verb == "foreach" {
		c.buildItems(s, at)
	}
	if s.verb == "while" {
		g.Cond = c.condition(s.get("while"), place{placed: placed{s: s, within: s.loopStart()}})
	}
	if n := s.get("maxPasses"); n != nil {
		g.MaxPasses, _ = n.value.(int)
	} else if s.verb == "while" || s.verb == "until" {
		g.MaxPasses = defaultMaxPasses
	}
	if b != nil {
		c.buildBlock(b)
		g.Body = b.g
	}
	behind := place{placed: placed{s: s, within: b}}
	if s.verb == "until" {
		g.Cond = c.condition(s.get("until"), behind)
	}
	result := nullType
	if n := s.get("output"); n != nil {
		g.Output, result = c.template(n, behind)
		result = result.Recorded()
	}
	g.OnError = onErrorOf(s)
	s.types.output = bodyOutput(s, result)
}

// loopStart is the place of a while's condition: the loop's index is known,
// the steps of the pass have not run.
func (s *step) loopStart() *block {
	return &block{role: roleBody, owner: s, depth: s.block.depth + 1}
}

func (c *compiler) buildItems(s *step, at place) {
	at.wantList = true
	var t *expression.Type
	s.g.Items, t = c.bare(s.get("foreach"), at)
	s.types.item = anyType
	if t != nil && t.Kind == expression.TypeList && t.Elem != nil {
		s.types.item = t.Elem.Recorded()
	}
	s.g.Parallelism = 1
	if n := s.get("concurrency"); n != nil {
		s.g.Parallelism, _ = n.value.(int)
	}
}

func onErrorOf(s *step) graph.OnError {
	text, _ := s.get("onError").str()
	switch text {
	case "stop":
		return graph.Stop
	case "cancel":
		return graph.Cancel
	case "settle":
		return graph.Settle
	case "ignore":
		return graph.Ignore
	}
	if s.verb == "parallel" {
		return graph.Settle
	}
	return graph.Stop
}

// bodyOutput is the type of the output of a loop, scope or parallel whose
// output: has the type result.
func bodyOutput(s *step, result *expression.Type) *expression.Type {
	failed := &expression.Type{Kind: expression.TypeList, Elem: object(
		field("index", intType), field("item", known(s.types.item)), field("error", errorType))}
	switch s.verb {
	case "foreach":
		if onErrorOf(s) == graph.Ignore {
			result = nullable(result)
		}
		return object(field("count", intType), field("results", &expression.Type{Kind: expression.TypeList, Elem: result}), field("failed", failed))
	case "while", "until":
		return &expression.Type{Kind: expression.TypeList, Elem: result}
	case "parallel":
		if onErrorOf(s) == graph.Ignore {
			return object(field("failed", listType))
		}
		return nullType
	case "race":
		return raceOutput(s.body())
	}
	return result
}

// raceOutput is the type of the output of a race: who won, and with what. It is
// null where all of them may be passed over.
func raceOutput(b *block) *expression.Type {
	winner := &expression.Type{Kind: expression.TypeString}
	var output *expression.Type
	passable := true
	if b != nil {
		for _, s := range b.steps {
			passable = passable && s.guarded()
			if neverSucceeds(s) {
				continue
			}
			if s.id != "" {
				winner.Enum = append(winner.Enum, s.id)
			}
			if output == nil {
				output = known(s.types.output)
			} else {
				output = expression.Union(output, known(s.types.output))
			}
		}
	}
	t := object(field("winner", winner), field("output", nullable(known(output))))
	if passable {
		return nullable(t)
	}
	return t
}
