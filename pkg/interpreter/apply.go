package interpreter

import (
	"errors"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

var errEnded = errors.New("the run has ended")

// apply folds a fact. Input facts come at any time; every other fact takes
// away the task at the head of the agenda, which must be of its step.
func (m *Machine) apply(e fact.Event) error {
	if m.st.status == graph.Pending {
		switch f := e.Fact.(type) {
		case *runStarted:
			m.begin()
			return m.applyStart(e, f)
		case *carried:
			return m.restore(f)
		default:
			return errors.New("the run has not begun")
		}
	}
	switch f := e.Fact.(type) {
	case *lateResult:
		m.begin()
		return nil
	case *carried:
		return nil // the machine is in that state
	default:
		if m.Ended() {
			return errEnded
		}
		if done, err := m.applyInput(e, f); done {
			return err
		}
	}
	if m.full() {
		m.st.burst, m.st.burstBytes = 0, 0
	}
	m.st.burst++
	m.st.burstBytes += size(e.Fact)
	return m.applyDecision(e)
}

// begin notes that an input was taken: its consequences are counted anew.
func (m *Machine) begin() { m.st.burst, m.st.burstBytes = 0, 0 }

// applyInput folds an input fact; done is false when the fact is none.
func (m *Machine) applyInput(e fact.Event, f fact.Fact) (done bool, err error) {
	switch f := f.(type) {
	case *callStarted:
		err = m.applyCallStarted(f)
	case *callEnded:
		err = m.applyCallEnded(e, f)
	case *timerFired:
		err = m.applyTimer(e, f)
	case *signalReceived:
		m.remember(f.ID)
		m.keep(&signal{seq: e.Seq, id: f.ID, name: f.Signal, at: e.Time, data: &cell{v: f.Data}})
		m.offerSignals()
	case *childEnded:
		err = m.applyChildEnded(f)
	case *eventArrived:
		m.applyEvent(e, f)
	case *suspended:
		m.st.suspended = true
	case *resumed:
		m.st.suspended = false
	case *admitted:
		m.st.status = graph.Running
		m.enterRoot()
	case *taskAnswered:
		err = m.applyAnswer(e, f)
	case *taskReassigned:
		err = m.applyReassigned(f)
	case *stopBegan:
		if f.Path != "" || f.Reason != stopCancel {
			return false, nil
		}
		m.begin()
		m.st.suspended = false
		m.stopRun(e, f)
		return true, nil
	case *runEnded:
		if f.By != "" || !m.st.agenda.empty() && m.st.agenda.first().kind == taskEndRun {
			return false, nil
		}
		m.begin() // a second cancel
		m.endRun(e, f)
		return true, nil
	default:
		return false, nil
	}
	m.begin()
	return true, err
}

// applyDecision folds a fact that was decided.
func (m *Machine) applyDecision(e fact.Event) error {
	path := pathOf(e.Fact)
	if m.st.agenda.empty() {
		return errors.New("nothing is due")
	}
	t := m.st.agenda.first()
	if t.step == nil && path != "" || t.step != nil && t.step.path != path {
		return fmt.Errorf("step %q is not due", path)
	}
	m.st.agenda.pop()
	s := t.step
	switch f := e.Fact.(type) {
	case *stepSkipped:
		s.reason = f.Reason
		m.end(e, s, graph.Skipped)
	case *stepEnded:
		m.applyStepEnded(e, s, f)
	case *retryScheduled:
		m.applyRetry(e, s, f)
	case *blockEntered:
		return m.applyEntered(e, s, f)
	case *passEntered:
		m.applyPassEntered(s, f)
	case *passEnded:
		m.applyPassEnded(e, s, f)
	case *handlerEntered:
		return m.applyHandler(e, s, f)
	case *stopBegan:
		m.applyStop(e, s, f)
	case *compensationStarted:
		return m.applyUndo(e, s, f)
	case *compensationEnded:
		m.applyUndone(s, f)
	case *runEnded:
		if s != nil { // a terminate
			m.enter(e, s, graph.Succeeded)
			s.phase, s.endedAt = done, e.Time
		}
		m.endRun(e, f)
	default:
		return m.applyLeaf(e, s)
	}
	return nil
}

// applyLeaf folds a fact by which the body of a leaf begins, or by which the
// run asks for something.
func (m *Machine) applyLeaf(e fact.Event, s *step) error {
	switch f := e.Fact.(type) {
	case *stepScheduled:
		m.applyScheduled(e, s, f)
	case *waitStarted:
		m.enter(e, s, graph.Waiting)
		m.setDeadline(s, f.Deadline)
		s.due = f.Due
		m.setTimer(timerWait, s, f.Due)
	case *awaitStarted:
		m.enter(e, s, graph.Waiting)
		m.setDeadline(s, f.Deadline)
		m.st.awaits.add(s.path, s)
		m.st.matched = m.st.matched || s.node.Await.Event != ""
		m.offerSignals()
	case *signalChecked:
		m.applyChecked(e, s, f)
	case *varsSet:
		return m.applyVars(e, s, f)
	case *responded:
		m.applyResponded(e, s, f)
	case *childStarted:
		m.applyChild(e, s, f)
	case *emitted:
		m.enter(e, s, graph.Running)
		s.res = &result{status: graph.Succeeded, out: &cell{v: idOutput(f.Event.ID)}}
		m.settleLater(s)
	case *listenOpened:
		m.st.matched = true
	case *admissionAsked:
		m.st.asked, m.st.slotKey = true, f.Key
	case *taskOpened:
		m.applyTask(e, s, f)
	case *taskNotified:
		m.applyNotified(s, f)
	case *pageRecorded:
		return m.applyPage(s, f)
	default:
		panic(fmt.Sprintf("interpreter: unhandled %T", f))
	}
	return nil
}

// pathOf returns the path of the step whose task a decided fact takes away.
func pathOf(f fact.Fact) string {
	switch f := f.(type) {
	case *stepSkipped:
		return f.Path
	case *stepScheduled:
		return f.Path
	case *stepEnded:
		return f.Path
	case *waitStarted:
		return f.Path
	case *awaitStarted:
		return f.Path
	case *signalChecked:
		return f.Path
	case *childStarted:
		return f.Path
	case *emitted:
		return f.Path
	case *taskOpened:
		return f.Path
	case *taskNotified:
		return f.Path
	case *retryScheduled:
		return f.Path
	case *blockEntered:
		return f.Path
	case *passEntered:
		return f.Path
	case *passEnded:
		return f.Path
	case *pageRecorded:
		return f.Path
	case *handlerEntered:
		return f.Path
	case *varsSet:
		return f.Path
	case *responded:
		return f.Path
	case *stopBegan:
		if f.By != "" {
			return f.By
		}
		return f.Path
	case *compensationStarted:
		return f.By
	case *compensationEnded:
		return f.Path
	case *runEnded:
		return f.By
	default: // of the run
		return ""
	}
}

// size returns about how many bytes a fact takes in a record.
func size(f fact.Fact) int {
	n := 48
	add := func(v expression.Value) { n += len(v.Inline()) }
	switch f := f.(type) {
	case *runStarted:
		add(f.Input)
		add(f.Trigger)
	case *runEnded:
		add(f.Output)
	case *stepScheduled:
		add(f.Input)
	case *stepEnded:
		add(f.Output)
	case *callEnded:
		add(f.Output)
	case *lateResult:
		add(f.Output)
	case *blockEntered:
		add(f.Items)
	case *passEnded:
		add(f.Output)
	case *handlerEntered:
		add(f.Output)
	case *varsSet:
		for _, v := range f.Vars {
			add(v.Value)
		}
	case *responded:
		add(f.Body)
	case *signalReceived:
		add(f.Data)
	case *eventArrived:
		add(f.Event.Data)
	case *emitted:
		add(f.Event.Data)
	case *childStarted:
		add(f.Input)
	case *childEnded:
		add(f.Output)
	case *taskAnswered:
		add(f.Form)
	default:
	}
	return n
}

func (m *Machine) applyStart(e fact.Event, f *runStarted) error {
	if f.Semantics > Semantics {
		return fmt.Errorf("the run follows semantics %d, this build knows up to %d: a newer version is needed", f.Semantics, Semantics)
	}
	m.st.run, m.st.status, m.st.startedAt = *f, graph.Running, e.Time
	m.st.input, m.st.trigger = &cell{v: f.Input}, &cell{v: f.Trigger}
	for i := range f.Params {
		m.st.params = append(m.st.params, &cell{v: f.Params[i].Value})
	}
	for _, v := range m.wf.Vars {
		m.st.vars = append(m.st.vars, &cell{v: v.Initial})
	}
	if !f.Deadline.IsZero() {
		m.setTimer(timerDeadline, nil, f.Deadline)
	}
	if m.wf.Concurrency != nil {
		m.st.status = graph.Queued
		m.st.agenda.push(task{kind: taskAdmit})
		return nil
	}
	m.enterRoot()
	return nil
}

// enterRoot opens the listens and starts the first steps.
func (m *Machine) enterRoot() {
	for i := range m.wf.Listens {
		m.st.agenda.push(task{kind: taskListen, pass: i})
	}
	m.st.root = m.open(&frame{kind: rootFrame, block: m.wf.Root})
}

// open makes the steps of a frame and starts those that wait for none.
func (m *Machine) open(f *frame) *frame {
	prefix := framePrefix(f)
	f.steps = make([]*step, len(f.block.Nodes))
	f.open = len(f.steps)
	for i, n := range f.block.Nodes {
		s := &step{path: prefix + PathName(n.ID), node: n, in: f, preds: len(n.After)}
		f.steps[i] = s
		if s.preds == 0 {
			m.st.agenda.push(task{kind: taskStart, step: s})
		}
	}
	if f.open == 0 {
		m.closed(f)
	}
	return f
}

// framePrefix returns what the paths of a frame's steps begin with.
func framePrefix(f *frame) string {
	if f.owner == nil {
		return ""
	}
	s := f.owner
	head := s.path
	switch f.kind {
	case bodyFrame, passFrame:
		seg := Segment{Handler: true, Attempt: s.attempt, Pass: -1}
		if f.kind == passFrame {
			seg.Pass = f.pass
		}
		return head + seg.String() + "."
	case onTimeoutFrame:
		return head + ".onTimeout."
	case catchFrame:
		return head + ".catch."
	case finallyFrame:
		return head + ".finally."
	case compensateFrame:
		n := 0 // one that failed may be run again, by another rollback
		for _, h := range s.frames {
			if h.kind == compensateFrame {
				n++
			}
		}
		return head + "." + Segment{Name: "compensate", Handler: true, Attempt: n, Pass: -1}.String() + "."
	case notifyFrame:
		return head + "." + Segment{Name: "notify", Handler: true, Pass: f.pass}.String() + "."
	case rootFrame:
	}
	return ""
}

// closed makes the decision due that follows the end of a frame's last step.
func (m *Machine) closed(f *frame) {
	switch f.kind {
	case rootFrame:
		m.st.agenda.push(task{kind: taskEndRun})
	case passFrame:
		m.st.agenda.push(task{kind: taskPassEnd, step: f.owner, pass: f.pass})
	case compensateFrame:
		m.st.agenda.push(task{kind: taskUndone, step: f.owner})
	case notifyFrame: // nothing waits for it
	case bodyFrame, onTimeoutFrame, catchFrame, finallyFrame:
		m.st.agenda.push(task{kind: taskSettle, step: f.owner})
	}
}

// enter notes that a step's body runs.
func (m *Machine) enter(e fact.Event, s *step, status graph.Status) {
	if s.order == 0 {
		s.order, s.started = e.Seq, e.Time
	}
	if s.attempt == 0 {
		s.attempt = 1
	}
	s.phase, s.status, s.due = inBody, status, time.Time{}
}

// end ends a step's execution, and starts those that waited for it last.
func (m *Machine) end(e fact.Event, s *step, status graph.Status) {
	if s.order == 0 {
		s.order, s.started = e.Seq, e.Time
	}
	s.phase, s.status, s.ended, s.endedAt = done, status, e.Seq, e.Time
	s.res, s.due = nil, time.Time{}
	m.clearTimers(s)
	m.dropEvents(s)
	f := s.in
	f.open--
	m.siblingEnded(s)
	if !f.stopping {
		for _, n := range m.look.After[s.node.Index] {
			next := f.steps[n.Pos]
			next.preds--
			if next.preds == 0 {
				m.st.agenda.push(task{kind: taskStart, step: next})
			}
		}
	}
	if f.open == 0 {
		m.closed(f)
	}
}

// siblingEnded stops the other branches of a parallel whose onError is cancel
// when one has failed, and those of a race when one has won.
func (m *Machine) siblingEnded(s *step) {
	f := s.in
	owner := f.owner
	if f.kind != bodyFrame || f.stopping || owner.halt != 0 {
		return
	}
	switch {
	case owner.node.Kind == graph.Race && s.status == graph.Succeeded && owner.winner == nil:
		owner.winner = s
		owner.halt = stopLost
	case owner.node.Kind == graph.Parallel && owner.node.OnError == graph.Cancel &&
		(s.status == graph.Failed || s.status == graph.TimedOut):
		owner.halt = stopOnError
	default:
		return
	}
	if f.open > 0 {
		m.st.agenda.push(task{kind: taskStop, step: owner})
	}
}

func (m *Machine) endRun(e fact.Event, f *runEnded) {
	m.st.status, m.st.endedAt, m.st.fail = f.Status, e.Time, f.Error
	m.st.output = &cell{v: f.Output}
	m.eachStep(m.st.root, func(s *step) {
		if s.phase != done && s.order > 0 {
			s.phase, s.status, s.endedAt = done, graph.Cancelled, e.Time
		}
	})
	for _, s := range m.st.tasks.all() {
		m.noteClosed(closedTask{path: s.path})
	}
	m.st.agenda, m.st.timers, m.st.awaits, m.st.tasks = queue{}, ordered[timer]{}, ordered[*step]{}, ordered[*step]{}
}
