package interpreter

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// schedule decides on an attempt of a call. The input is evaluated once, for
// the first attempt.
func (m *Machine) schedule(s *step, attempt int) (fact.Fact, error) {
	if attempt > 1 {
		return &stepScheduled{Path: s.path, Attempt: attempt, Repeat: s.repeat}, nil
	}
	f := &stepScheduled{Path: s.path, Attempt: 1, Deadline: m.deadline(s, 1)}
	call := s.node.Call
	var x any
	if call.With != nil {
		var err error
		if x, err = call.With.Eval(m.env(s)); err != nil {
			return m.evalFailed(s, err)
		}
	} else {
		x = map[string]any{}
	}
	if call.Repeat != nil {
		f.Repeat = call.Repeat(x)
	}
	v, err := m.packAny(x)
	if err != nil {
		return m.evalFailed(s, err)
	}
	f.Input = v
	return f, nil
}

// produce decides on a compose.
func (m *Machine) produce(s *step, t *expression.Template) (fact.Fact, error) {
	v, err := m.value(t, m.env(s))
	if err != nil {
		return m.evalFailed(s, err)
	}
	return m.leave(s, result{status: graph.Succeeded, out: &cell{v: v}})
}

// assign evaluates all values of a set before any is assigned.
func (m *Machine) assign(s *step) (fact.Fact, error) {
	f := &varsSet{Path: s.path}
	env := m.env(s)
	for _, a := range s.node.Sets {
		x, err := a.Value.Eval(env)
		if err != nil {
			return m.evalFailed(s, err)
		}
		old, err := m.decode(m.st.vars[m.look.Vars[a.Var]])
		if err != nil {
			return m.evalFailed(s, err)
		}
		if x, err = assigned(a, old, x); err != nil {
			return m.evalFailed(s, err)
		}
		v, err := m.packAny(x)
		if err != nil {
			return m.evalFailed(s, err)
		}
		f.Vars = append(f.Vars, varValue{Name: a.Var, Value: v})
	}
	return f, nil
}

// assigned returns the new value of a variable.
func assigned(a graph.Assignment, old, x any) (any, error) {
	wrong := func(format string, args ...any) error {
		return &expression.Error{Code: expression.CodeExpressionError, Message: fmt.Sprintf(format, args...)}
	}
	switch a.Op {
	case graph.Append:
		list, ok := old.([]any)
		if !ok && old != nil {
			return nil, wrong("variable %q is no list: nothing can be appended", a.Var)
		}
		return append(list[:len(list):len(list)], x), nil
	case graph.Increment:
		return incremented(a.Var, old, x, wrong)
	case graph.Assign:
		return x, nil
	default:
		panic(fmt.Sprintf("interpreter: unhandled assignment %d", a.Op))
	}
}

func incremented(name string, old, x any, wrong func(string, ...any) error) (any, error) {
	if old == nil {
		old = 0
	}
	i, iok := old.(int)
	j, jok := x.(int)
	if iok && jok {
		sum := i + j
		if (sum > i) != (j > 0) && j != 0 {
			return nil, wrong("variable %q leaves the range of integers", name)
		}
		return sum, nil
	}
	a, aok := number(old)
	b, bok := number(x)
	if !aok || !bok {
		return nil, wrong("variable %q can be incremented only when it and the amount are numbers", name)
	}
	return a + b, nil
}

func number(x any) (float64, bool) {
	switch n := x.(type) {
	case int:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// choose decides on an if: its condition, then the branch.
func (m *Machine) choose(s *step, attempt int) (fact.Fact, error) {
	ok, err := m.truth(s.node.Cond, m.env(s))
	if err != nil {
		return m.evalFailed(s, err)
	}
	f := &blockEntered{Path: s.path, Attempt: attempt, Deadline: m.deadline(s, attempt)}
	for i, b := range s.node.Branches {
		if b.Default != ok {
			f.Branch = i + 1
			break
		}
	}
	return f, nil
}

// pick decides on a switch: it compares as text.
func (m *Machine) pick(s *step, attempt int) (fact.Fact, error) {
	x, err := s.node.Subject.Eval(m.env(s))
	if err != nil {
		return m.evalFailed(s, err)
	}
	text, err := switchText(x)
	if err != nil {
		return m.evalFailed(s, err)
	}
	f := &blockEntered{Path: s.path, Attempt: attempt, Deadline: m.deadline(s, attempt)}
	for i, b := range s.node.Branches {
		if b.Default || b.Name == text {
			f.Branch = i + 1
			break
		}
	}
	return f, nil
}

// switchText returns a value as the cases of a switch are written.
func switchText(x any) (string, error) {
	switch v := x.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case nil:
		return "null", nil
	default:
		b, err := expression.Encode(x)
		if err != nil {
			return "", err
		}
		return string(b), nil
	}
}

// each decides on a foreach: the list is evaluated once.
func (m *Machine) each(s *step, attempt int) (fact.Fact, error) {
	x, err := s.node.Items.Eval(m.env(s))
	if err != nil {
		return m.evalFailed(s, err)
	}
	list, ok := x.([]any)
	if !ok && x != nil {
		return m.evalFailed(s, errors.New("foreach needs a list, "+s.node.Items.Source()+" is none"))
	}
	v, err := m.packAny(append([]any{}, list...))
	if err != nil {
		return m.evalFailed(s, err)
	}
	return &blockEntered{Path: s.path, Attempt: attempt, Items: v, Count: len(list), Deadline: m.deadline(s, attempt)}, nil
}

// wait decides on a wait: a past time passes at once.
func (m *Machine) wait(s *step) (fact.Fact, error) {
	due, err := m.waitUntil(s)
	if err != nil {
		return m.evalFailed(s, err)
	}
	if !due.After(m.at) {
		return m.leave(s, result{status: graph.Succeeded})
	}
	return &waitStarted{Path: s.path, Due: due, Deadline: m.deadline(s, max(s.attempt, 1))}, nil
}

func (m *Machine) waitUntil(s *step) (time.Time, error) {
	wrong := func(message string) error {
		return &expression.Error{Code: expression.CodeExpressionError, Message: message}
	}
	w := s.node.Wait
	if w.Until != nil {
		x, err := w.Until.Eval(m.env(s))
		if err != nil {
			return time.Time{}, err
		}
		switch v := x.(type) {
		case time.Time:
			return v, nil
		case string:
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, wrong(fmt.Sprintf("wait until needs an RFC 3339 time, got %v", x))
	}
	x, err := w.For.Eval(m.env(s))
	if err != nil {
		return time.Time{}, err
	}
	switch v := x.(type) {
	case expression.Duration:
		return m.at.Add(time.Duration(v)), nil
	case string:
		d, err := expression.ParseDuration(v)
		if err != nil {
			return time.Time{}, wrong(err.Error())
		}
		return m.at.Add(d), nil
	}
	return time.Time{}, wrong(fmt.Sprintf("wait needs a duration such as 30s, got %v", x))
}

// respond decides on an answer to the caller of the trigger.
func (m *Machine) respond(s *step) (fact.Fact, error) {
	f := &responded{Path: s.path, Status: 200, Ignored: m.st.answer != nil || !m.st.run.WantsAnswer}
	r, env := s.node.Response, m.env(s)
	if r.Status != nil {
		x, err := r.Status.Eval(env)
		if err != nil {
			return m.evalFailed(s, err)
		}
		code, ok := x.(int)
		if !ok || code < 100 || code > 599 {
			return m.leave(s, result{status: graph.Failed, err: m.failure(s, expression.CodeExpressionError,
				fmt.Sprintf("the status of a response is a number from 100 to 599, not %v", x))})
		}
		f.Status = code
	}
	var err error
	if f.Headers, err = m.value(r.Headers, env); err != nil {
		return m.evalFailed(s, err)
	}
	if f.Body, err = m.value(r.Body, env); err != nil {
		return m.evalFailed(s, err)
	}
	return f, nil
}

// returns decides on a return: the run stops with its value.
func (m *Machine) returns(s *step) (fact.Fact, error) {
	v, err := m.value(s.node.Value, m.env(s))
	if err != nil {
		return m.evalFailed(s, err)
	}
	return &stopBegan{By: s.path, Reason: stopReturn, Output: v, Due: m.at.Add(m.wf.CancelGrace)}, nil
}

// raised evaluates the error of a fail or terminate.
func (m *Machine) raised(s *step) (*graph.Failure, error) {
	spec := s.node.Error
	f := m.failure(s, spec.Code, "")
	if f.Code == "" {
		f.Code = CodeFailed
	}
	env := m.env(s)
	if spec.Message != nil {
		x, err := spec.Message.Eval(env)
		if err != nil {
			return nil, err
		}
		text, ok := x.(string)
		if !ok {
			b, err := json.Marshal(x)
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		f.Message = text
	}
	var err error
	f.Details, err = m.value(spec.Details, env)
	return f, err
}

func (m *Machine) raise(s *step) (fact.Fact, error) {
	f, err := m.raised(s)
	if err != nil {
		return m.evalFailed(s, err)
	}
	return m.leave(s, result{status: graph.Failed, err: f})
}

// terminate ends the run from anywhere: no finally, no compensation.
func (m *Machine) terminate(s *step) (fact.Fact, error) {
	f, err := m.raised(s)
	if err != nil {
		return m.evalFailed(s, err)
	}
	end := &runEnded{Status: s.node.Error.Status, By: s.path}
	if end.Status == graph.Failed {
		end.Error = f
	}
	return end, nil
}
