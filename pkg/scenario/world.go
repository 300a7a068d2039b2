package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// CodeNotMocked is the code of the error that a call gets which no mock
// answers.
const CodeNotMocked = "NotMocked"

// Request is a call as it reaches the world.
type Request struct {
	Run, Path, Operation, Key string
	Attempt                   int
	Input                     json.RawMessage // with the secrets of the scenario
}

// Reply is how the world answers a call.
type Reply struct {
	Output json.RawMessage
	Error  *graph.Failure
	Delay  time.Duration
	Silent bool // it does not answer by itself
}

// World is what the calls of one scenario reach. It outlives every process
// that drives the scenario: the same attempt of the same execution gets the
// same reply and counts once. Its methods may be called from many goroutines.
type World struct {
	mu      sync.Mutex
	mocks   []*mock
	calls   []Request
	replies map[string]Reply
	trouble []string
}

type mock struct {
	doc  mockDoc
	cond *expression.Program
	used int
}

func newWorld(lists ...[]mockDoc) *World {
	w := &World{replies: map[string]Reply{}}
	for _, l := range lists {
		for _, m := range l {
			cond, _ := condition(m.When) // was checked when the file was loaded
			w.mocks = append(w.mocks, &mock{doc: m, cond: cond})
		}
	}
	return w
}

// Call records a call and returns its reply.
func (w *World) Call(r Request) Reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, had := range w.calls {
		if had.Key == r.Key && string(had.Input) != string(r.Input) {
			w.trouble = append(w.trouble, fmt.Sprintf("the calls of %s carry one key and two inputs: %s and %s", r.Path, had.Input, r.Input))
		}
		if (had.Key == r.Key) != (had.Run == r.Run && had.Path == r.Path) {
			w.trouble = append(w.trouble, fmt.Sprintf("the key of %s is not that of one execution", r.Path))
		}
	}
	id := fmt.Sprintf("%s %d", r.Key, r.Attempt)
	if reply, ok := w.replies[id]; ok {
		return reply
	}
	w.calls = append(w.calls, r)
	reply := w.reply(r)
	w.replies[id] = reply
	return reply
}

// Calls returns the calls so far, in the order in which they came.
func (w *World) Calls() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Request(nil), w.calls...)
}

// Trouble returns what is wrong whatever is expected: calls that nothing
// answers, keys with two inputs.
func (w *World) Trouble() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.trouble...)
}

func (w *World) reply(r Request) Reply {
	for _, m := range w.mocks {
		if m.fits(r) {
			m.used++
			return m.doc.reply()
		}
	}
	w.trouble = append(w.trouble, fmt.Sprintf("step %s calls %s, attempt %d, and no mock has an answer for it: %s", r.Path, r.Operation, r.Attempt, r.Input))
	return Reply{Error: &graph.Failure{Code: CodeNotMocked, Message: "no mock has an answer for this call", Final: true, Certain: true}}
}

func (m *mock) fits(r Request) bool {
	return (m.doc.Times == 0 || m.used < m.doc.Times) &&
		(m.doc.Step == "" || stepFits(m.doc.Step, r.Path)) &&
		(m.doc.Operation == "" || m.doc.Operation == r.Operation) && m.when(r)
}

// when tells whether the mock's condition holds for what a call sends. One
// that cannot be evaluated for this call does not.
func (m *mock) when(r Request) bool {
	if m.cond == nil {
		return true
	}
	yes, err := m.cond.Eval(inputEnv{decoded(r.Input)})
	return err == nil && yes == true
}

// inputEnv is what the condition of a mock can see.
type inputEnv struct{ input any }

func (e inputEnv) Read(expression.Read) (any, error) { return e.input, nil }
func (inputEnv) Now() time.Time                      { return defaultStart }
func (inputEnv) Seed() string                        { return "mock" }

// condition compiles the condition of a mock; nil: there is none.
func condition(when any) (*expression.Program, []expression.Problem) {
	if when == nil {
		return nil, nil
	}
	src := fmt.Sprint(when)
	p, _, problems := expression.Compile(src, &expression.Scope{
		Names: map[string]expression.Name{"input": {Type: &expression.Type{}}}, WantBool: true,
	})
	return p, problems
}

func (m *mockDoc) reply() Reply {
	r := Reply{Output: m.Returns, Silent: m.Never}
	r.Delay, _ = duration(m.After) // was checked when the file was loaded
	if e := m.Fails; e != nil {
		r.Error = &graph.Failure{
			Code: e.Code, Message: cmp.Or(e.Message, e.Code), Status: e.Status, Lost: e.Lost, Final: e.Final, Certain: e.Certain,
		}
		r.Error.RetryAfter, _ = duration(e.RetryAfter)
		if e.Details != nil {
			r.Error.Details = expression.Raw(e.Details)
		}
	}
	if r.Output == nil {
		r.Output = json.RawMessage("{}")
	}
	return r
}

// stepFits tells whether a path is the one that want names, by its whole or by
// the id at its end.
func stepFits(want, path string) bool {
	return want == path || lastOf(path) == want
}

// lastOf returns the id of the step at the end of a path.
func lastOf(path string) string {
	segments, err := interpreter.SplitPath(path)
	if err != nil || len(segments) == 0 {
		return path
	}
	return segments[len(segments)-1].Name
}
