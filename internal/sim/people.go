package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// nobody is who never answers.
const nobody = "nobody@x.example"

// tasks are the tasks for people that a run opened, by path, as its record
// tells.
type tasks map[string]*task

// task is one task for people.
type task struct {
	spec     *graph.ApprovalSpec
	open     bool
	answered bool // if it is not open
	unsure   bool // something was stopped since it opened: it may be closed
	opened   int  // how often
	people   int
	by, ids  []string // of the answers
	said     []string
}

// follow keeps the model of the run's tasks, and has people answer new ones.
func (s *run) follow(kind fact.Kind, f fields) {
	t := s.tasks[f.path]
	switch kind {
	case kindTaskOpened:
		n := 0
		if t != nil {
			n = t.opened
		}
		var to []string
		if json.Unmarshal(s.bytes(f.input), &to) != nil {
			fail("task %s is for nobody", f.path)
		}
		s.tasks[f.path] = &task{spec: s.p.nodes[idOf(f.path)].Approval, open: true, opened: n + 1, people: len(to)}
		s.askPeople(f.path, to)
	case kindTaskAnswered:
		t.by, t.ids, t.said = append(t.by, f.by), append(t.ids, f.id), append(t.said, f.outcome)
		if t.decided() {
			t.open, t.answered = false, true
		}
	case kindReassigned:
		var to []string
		if json.Unmarshal(s.bytes(f.input), &to) == nil {
			t.people = len(to)
		}
	case kindStepEnded, kindHandler, kindRetry:
		if t != nil {
			t.open = false
		}
	case kindStopBegan, kindTimerFired:
		for _, t := range s.tasks {
			t.unsure = true
		}
	case kindRunEnded:
		for _, t := range s.tasks {
			t.open = false
		}
	}
}

// decided tells that the answers of a task are enough.
func (t *task) decided() bool {
	last, same := t.said[len(t.said)-1], 0
	for _, o := range t.said {
		if o == last {
			same++
		}
	}
	if t.spec.Require < 0 {
		return last != t.spec.Options[0] || len(t.said) >= t.people
	}
	return same >= max(t.spec.Require, 1) || len(t.said) >= max(t.people, t.spec.Require)
}

// verdict is how a task takes an answer now: a code, or none.
func (s *run) verdict(a interpreter.Answer) (code string, sure bool) {
	t := s.tasks[a.Path]
	switch {
	case t == nil:
		return interpreter.RefusedNoTask, true
	case !t.open && t.answered:
		return interpreter.RefusedAnswered, true
	case !t.open:
		return interpreter.RefusedClosed, true
	case !slices.Contains(t.spec.Options, a.Outcome):
		return interpreter.RefusedOutcome, !t.unsure
	case slices.Contains(t.by, a.By), slices.Contains(t.ids, a.ID):
		return interpreter.RefusedAnswered, !t.unsure
	case t.spec.Form != nil && string(a.Form) != goodForm:
		return interpreter.RefusedForm, !t.unsure
	}
	return "", !t.unsure
}

// expected is an answer that is offered, and how it would be taken first.
type expected struct {
	index  int
	answer interpreter.Answer
	code   string
	sure   bool
	opened int
}

// expect returns the answers among the inputs.
func (s *run) expect(in []interpreter.Input) []expected {
	var all []expected
	for i, x := range in {
		a, ok := x.(interpreter.Answer)
		if !ok {
			continue
		}
		e := expected{index: i, answer: a}
		e.code, e.sure = s.verdict(a)
		if t := s.tasks[a.Path]; t != nil {
			e.opened = t.opened
		}
		all = append(all, e)
	}
	return all
}

// checkAnswers: an answer is recorded or refused with the right code, which is
// the one that holds before the turn, or the one after it.
func (s *run) checkAnswers(all []expected, t *fact.Turn) {
	codes := map[int]string{}
	for _, r := range t.Refused {
		codes[r.Index] = r.Code
	}
	for _, e := range all {
		if e.index >= t.Taken {
			break
		}
		got, refused := codes[e.index]
		s.report.answered++
		if refused {
			s.report.answered--
			s.report.unanswered++
		}
		task := s.tasks[e.answer.Path]
		recorded := task != nil && slices.Contains(task.ids, e.answer.ID)
		after, sure := s.verdict(e.answer)
		again := task != nil && task.opened != e.opened
		switch {
		case again || !e.sure || !sure && got != e.code:
		case !refused && !recorded:
			fail("an answer of %s to %s was taken and not recorded", e.answer.By, e.answer.Path)
		case got == interpreter.RefusedAnswered && slices.Contains(task.by, e.answer.By): // earlier in the turn
		case got != e.code && got != after:
			fail("an answer of %s to %s is refused with %q, not with %q or %q", e.answer.By, e.answer.Path, got, e.code, after)
		}
	}
}

// goodForm fits the form of every task that has one.
const goodForm = `{"note":"fine"}`

// answerTask has somebody answer a task.
func (s *run) answerTask(path, by string, option int) {
	s.planned++
	t := s.tasks[path]
	s.put(interpreter.Answer{
		Path: path, ID: fmt.Sprintf("answer-%d", s.planned), By: by, Outcome: t.spec.Options[option], Form: []byte(goodForm),
	})
}

// says returns which option people take for a task. All of one task agree,
// unless the workflow may be racy.
func (p *Program) says(seed uint64) int {
	if seed>>20%4 == 0 {
		return 1
	}
	return 0
}

// askPeople has those that a task is for answer it sometime, some of them
// never, some wrongly, twice or late; or somebody gives it to others.
func (s *run) askPeople(path string, to []string) {
	if slices.Contains(to, nobody) {
		return
	}
	d := newDice(s.seedOf(path), "people")
	option := s.p.says(s.seedOf(path))
	for _, by := range to {
		if s.p.Racy && d.chance(30) {
			option = d.n(2)
		}
		if d.chance(40) {
			continue
		}
		in := time.Duration(d.n(3*3600*1000)) * time.Millisecond
		option, wrong := option, one(d, "", "", "maybe", "form", "twice", "late")
		s.after(in, func() { s.say(path, by, option, wrong) })
	}
	if d.chance(20) {
		s.after(time.Duration(d.n(3600))*time.Second, func() {
			s.put(interpreter.Reassign{Path: path, To: []byte(`["other@x.example"]`), By: "boss@x.example"})
		})
	}
}

// say has somebody answer, after a mistake or once more.
func (s *run) say(path, by string, option int, wrong string) {
	switch wrong {
	case "maybe":
		s.put(interpreter.Answer{Path: path, ID: "wrong-" + by, By: by, Outcome: "maybe", Form: []byte(goodForm)})
	case "form":
		s.put(interpreter.Answer{Path: path, ID: "form-" + by, By: by, Outcome: s.tasks[path].spec.Options[option], Form: []byte(`{"note":1}`)})
	}
	s.answerTask(path, by, option)
	switch wrong {
	case "twice":
		s.answerTask(path, by, option)
	case "late":
		s.after(48*time.Hour, func() { s.answerTask(path, "late-"+by, option) })
	}
}
