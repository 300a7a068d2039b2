package interpreter

import (
	"strconv"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// env is what an expression at one place of a run reads.
type env struct {
	m     *Machine
	f     *frame // where names are looked up
	seed  string
	err   *graph.Failure // set: what error means, whatever is being handled
	event any            // what event means
	self  *step          // its outcome is res, though it has not ended yet
	res   result
	opens *step // a loop that decides on its next pass: its index is that of this one
}

var _ expression.Env = env{}

// env returns what the expressions of a step itself read.
func (m *Machine) env(s *step) env { return env{m: m, f: s.in, seed: s.path} }

// envIn returns what expressions read that belong to the inside of a frame.
func (m *Machine) envIn(f *frame) env {
	return env{m: m, f: f, seed: framePrefix(f)}
}

// Now returns the time of the fact that is being decided.
func (e env) Now() time.Time { return e.m.time() }

// Seed returns the run, the step and the number of the event that is being
// decided.
func (e env) Seed() string {
	return e.m.st.run.Run + "\x00" + e.seed + "\x00" + strconv.FormatUint(e.m.st.seq, 10)
}

// Read returns the value of a slot.
func (e env) Read(r expression.Read) (any, error) {
	m := e.m
	switch r.Root {
	case expression.RootInput:
		return m.decode(m.st.input)
	case expression.RootTrigger:
		return m.decode(m.st.trigger)
	case expression.RootParams:
		return m.param(r.Name)
	case expression.RootVars:
		if i, ok := m.look.Vars[r.Name]; ok {
			return m.decode(m.st.vars[i])
		}
		return nil, nil
	case expression.RootSteps:
		return e.step(r)
	case expression.RootLoops:
		return e.loop(r)
	case expression.RootError:
		if e.err != nil {
			return m.failureObject(e.err)
		}
		return m.failureObject(m.caughtAt(e.f))
	case expression.RootEvent:
		return e.event, nil
	case expression.RootRun:
		return m.runField(r.Field), nil
	case expression.RootSecrets:
		return expression.Sealed{Secret: r.Name}, nil
	case expression.RootTask:
		return m.taskObject(e.f)
	}
	return nil, nil
}

func (m *Machine) param(name string) (any, error) {
	for i, p := range m.st.run.Params {
		if p.Name == name {
			if p.Secret {
				return expression.Sealed{Secret: "params." + name}, nil
			}
			return m.decode(m.st.params[i])
		}
	}
	return nil, nil
}

func (m *Machine) runField(field string) any {
	r := &m.st.run
	switch field {
	case "id":
		return r.Run
	case "workflow":
		return r.Workflow
	case "version":
		return r.Version
	case "startedAt":
		return formatTime(m.startedAt())
	}
	return nil
}

// step returns a field of the execution of a step that can be seen from here.
func (e env) step(r expression.Read) (any, error) {
	n := e.m.look.Steps[r.Name]
	var s *step
	if n != nil {
		s = e.m.lookup(e.f, n)
	}
	if s == nil {
		if r.Field == "status" {
			return graph.Pending.String(), nil
		}
		return nil, nil
	}
	if s == e.self {
		return e.own(r.Field)
	}
	switch r.Field {
	case "output":
		return e.m.decode(s.out)
	case "status":
		return s.status.String(), nil
	case "error":
		if s.status == graph.Failed || s.status == graph.TimedOut || s.status == graph.Cancelled {
			return e.m.failureObject(s.fail)
		}
	}
	return nil, nil
}

// own returns a field of the step that is just about to end.
func (e env) own(field string) (any, error) {
	switch {
	case field == "status":
		return e.res.status.String(), nil
	case field == "error" && e.res.err != nil:
		return e.m.failureObject(e.res.err)
	case field == "output" && e.res.status == graph.Succeeded:
		if e.res.out != nil {
			return e.m.decode(e.res.out)
		}
		return e.m.decode(e.m.outcomeCell(e.self, graph.Succeeded, expression.Value{}))
	}
	return nil, nil
}

// loop returns the item or index of the pass that this is part of.
func (e env) loop(r expression.Read) (any, error) {
	if e.opens != nil && e.opens.node.ID == r.Name && r.Field == "index" {
		return e.opens.loop.next, nil
	}
	for f := e.f; f != nil; f = parent(f) {
		if f.kind == passFrame && f.owner.node.ID == r.Name {
			if r.Field == "index" {
				return f.pass, nil
			}
			return e.m.item(f.owner, f.pass)
		}
	}
	return nil, nil
}

// lookup returns the execution of n that can be seen from f: in a frame around
// it, or inside a step of one of those. Steps of loops are seen only from
// within their pass.
func (m *Machine) lookup(f *frame, n *graph.Node) *step {
	// chain leads from the block of n outwards.
	var chain []*graph.Node
	for b := n; b != nil; b = b.Block.Owner {
		chain = append(chain, b)
	}
	for ; f != nil; f = parent(f) {
		for i, c := range chain {
			if c.Block != f.block {
				continue
			}
			s := f.steps[c.Pos]
			for ; i > 0 && s != nil; i-- {
				s = s.inner(chain[i-1])
			}
			return s
		}
	}
	return nil
}

// inner returns the execution of a node that stands in one of the step's
// blocks.
func (s *step) inner(n *graph.Node) *step {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if f := s.frames[i]; f.block == n.Block {
			return f.steps[n.Pos]
		}
	}
	return nil
}

// failureObject returns an error as expressions see it: {code, message,
// status, step, attempt, details}.
func (m *Machine) failureObject(f *graph.Failure) (any, error) {
	if f == nil {
		return nil, nil
	}
	details, err := m.decode(&cell{v: f.Details})
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"code": f.Code, "message": f.Message, "status": f.Status,
		"step": f.Step, "attempt": f.Attempt, "details": details,
	}, nil
}
