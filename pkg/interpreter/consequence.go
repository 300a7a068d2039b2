package interpreter

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Codes of errors that the interpreter raises itself.
const (
	CodeUncertain      = "Uncertain"      // whether a call had an effect is not known
	CodeTimeout        = "Timeout"        // a step's own timeout struck
	CodeCancelled      = "Cancelled"      // a call did not answer while its block stopped
	CodeOutputInvalid  = "OutputInvalid"  // an output does not fit returns
	CodeLimitReached   = "LimitReached"   // a loop reached maxPasses
	CodeRollbackFailed = "RollbackFailed" // a compensation failed
	CodeFailed         = "Failed"         // a fail step without a code
	CodeRunTimeout     = "RunTimeout"     // the run took longer than its timeout
	CodeDepthReached   = "DepthReached"   // too many parents above a child
)

// Reasons why a step was skipped.
const (
	reasonDependency = "dependency" // its predecessors did not end as it needs
	reasonCondition  = "condition"  // its if was false
	reasonStopped    = "stopped"    // its block stopped before it started
)

// consequence returns the one fact that a task leads to, or a *Lack.
func (m *Machine) consequence(t task) (fact.Fact, error) {
	switch t.kind {
	case taskStart:
		return m.start(t.step)
	case taskAttempt:
		return m.attempt(t.step)
	case taskSettle:
		return m.settle(t.step)
	case taskPass:
		return m.pass(t.step)
	case taskPassEnd:
		return m.endPass(t.step, t.pass)
	case taskStop:
		return m.stop(t.step), nil
	case taskAwait:
		return m.check(t.step)
	case taskRollback:
		return m.rollback(t.step)
	case taskUndone:
		return m.undone(t.step), nil
	case taskEndRun:
		return m.finish()
	case taskAdmit:
		return m.admit()
	case taskListen:
		return m.listen(t.pass)
	case taskNotify:
		return m.notify(t.step), nil
	case taskPage:
		return m.recordPage(t.step, t.pass)
	default:
		panic(fmt.Sprintf("interpreter: unhandled task %d", t.kind))
	}
}

// start decides on a step whose predecessors have ended.
func (m *Machine) start(s *step) (fact.Fact, error) {
	for _, e := range s.node.After {
		from := s.in.steps[e.From.Pos]
		passed := e.PassedOver && from.status == graph.Skipped && from.reason == reasonCondition
		if !passed && !e.Statuses.Has(from.status) {
			return &stepSkipped{Path: s.path, Reason: reasonDependency}, nil
		}
	}
	if s.node.If != nil {
		ok, err := m.truth(s.node.If, m.env(s))
		if err != nil {
			return m.evalFailed(s, err)
		}
		if !ok {
			return &stepSkipped{Path: s.path, Reason: reasonCondition}, nil
		}
	}
	return m.begins(s, 1)
}

// attempt decides on the next attempt of a step.
func (m *Machine) attempt(s *step) (fact.Fact, error) { return m.begins(s, s.attempt) }

// begins decides how an attempt of a step begins.
func (m *Machine) begins(s *step, attempt int) (fact.Fact, error) {
	n := s.node
	switch n.Kind {
	case graph.Action:
		return m.schedule(s, attempt)
	case graph.Compose:
		return m.produce(s, n.Value)
	case graph.Set:
		return m.assign(s)
	case graph.If:
		return m.choose(s, attempt)
	case graph.Switch:
		return m.pick(s, attempt)
	case graph.Foreach:
		return m.each(s, attempt)
	case graph.While, graph.Until, graph.Parallel, graph.Race, graph.Scope:
		return &blockEntered{Path: s.path, Attempt: attempt, Deadline: m.deadline(s, attempt)}, nil
	case graph.Wait:
		return m.wait(s)
	case graph.Await:
		return m.await(s, attempt)
	case graph.Respond:
		return m.respond(s)
	case graph.Return:
		return m.returns(s)
	case graph.Fail:
		return m.raise(s)
	case graph.Terminate:
		return m.terminate(s)
	case graph.Rollback:
		return m.rollback(s)
	case graph.CallWorkflow:
		return m.callWorkflow(s, attempt)
	case graph.Emit:
		return m.emit(s)
	case graph.Approval:
		return m.ask(s, attempt)
	default:
		panic(fmt.Sprintf("interpreter: unhandled kind %d", n.Kind))
	}
}

// deadline returns when the step's timeout falls due. It is measured by the
// clock as read, not by the time of the run.
func (m *Machine) deadline(s *step, attempt int) time.Time {
	if s.node.Timeout <= 0 || attempt > 1 {
		return time.Time{}
	}
	return m.at.Add(s.node.Timeout)
}

// failure returns an error raised at a step.
func (m *Machine) failure(s *step, code, message string) *graph.Failure {
	return &graph.Failure{Code: code, Message: message, Step: s.node.ID, Attempt: max(s.attempt, 1)}
}

// evalFailed makes an evaluation that failed the outcome of the step; a *Lack
// passes through.
func (m *Machine) evalFailed(s *step, err error) (fact.Fact, error) {
	f, lack := m.evalFailure(s, err)
	if lack != nil {
		return nil, lack
	}
	return m.leave(s, result{status: graph.Failed, err: f})
}

// evalFailure turns the error of an evaluation into a failure.
func (m *Machine) evalFailure(s *step, err error) (*graph.Failure, error) {
	var lack *expression.Lack
	if errors.As(err, &lack) {
		return nil, lack
	}
	f := &graph.Failure{Code: expression.CodeExpressionError, Message: err.Error(), Final: true}
	var ee *expression.Error
	if errors.As(err, &ee) {
		f.Code = ee.Code
		if ee.Source != "" && !strings.Contains(f.Message, ee.Source) {
			f.Message += ", in " + shortened(ee.Source)
		}
	}
	if s != nil {
		f.Step, f.Attempt = s.node.ID, max(s.attempt, 1)
	}
	return f, nil
}

// shortened returns an expression as messages show it.
func shortened(source string) string {
	const most = 120
	source = strings.Join(strings.Fields(source), " ")
	if len(source) <= most {
		return source
	}
	return strings.ToValidUTF8(source[:most], "") + "…"
}

// truth evaluates a condition.
func (m *Machine) truth(p *expression.Program, env expression.Env) (bool, error) {
	x, err := p.Eval(env)
	if err != nil {
		return false, err
	}
	ok, is := x.(bool)
	if !is {
		return false, &expression.Error{
			Code: expression.CodeExpressionError, Source: p.Source(),
			Message: "the condition " + p.Source() + " is not true or false",
		}
	}
	return ok, nil
}

// value evaluates a template to a recorded value; nil is absent.
func (m *Machine) value(t *expression.Template, env expression.Env) (expression.Value, error) {
	if t == nil {
		return expression.Value{}, nil
	}
	x, err := t.Eval(env)
	if err != nil {
		return expression.Value{}, err
	}
	return m.packAny(x)
}
