package sim

import (
	"time"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// run is one run that a shell drives. What it holds is in two parts: what is
// durable, and what a process holds and loses when it ends.
type run struct {
	*shell
	p     *Program
	id    string
	start interpreter.Start // nothing for one that a message started
	child bool              // a message started it

	// The log and the store.
	record   [][]byte // the turns
	read     [][]fact.Event
	cut      cutAt // where the history begins
	snapshot snapshot
	inbox    []interpreter.Input // messages, in order

	// The process.
	m       Machine // nil: not loaded
	twin    Machine // folded from the record, as the live machine stands
	pending []interpreter.Input
	calls   map[callID]*call
	timers  map[string]*timer
	again   bool // Decide has more to say without an input
	reissue bool // loaded, and what is outstanding not yet issued

	looked    []fields // of the turn that is under way
	history   *history
	strays    strays
	tasks     tasks
	cancelled int // cancels that were sent to it
	suspends  int
	stuck     bool // set aside
	stucks    int
}

// cutAt is the place of a Carried fact: history before it is gone.
type cutAt struct {
	turn, event int
	on          bool
}

// snapshot is a cached state and the number of turns that it stands for.
type snapshot struct {
	state []byte
	turns int
}

type callID struct {
	path    string
	attempt int
}

// call is one attempt of an operation on its way.
type call struct {
	id        callID
	cmd       interpreter.Call
	submitted bool
	arrived   bool
	stopped   bool // its context has ended
	answered  bool
	reply     reply
}

type timer struct {
	due time.Time // as recorded
	gen int
}

// begin makes a run that somebody starts.
func (s *shell) begin(p *Program, start interpreter.Start) {
	s.addRun(&run{shell: s, p: p, id: start.Run, start: start})
}

// addRun makes a run that has not begun.
func (s *shell) addRun(r *run) *run {
	p, id := r.p, r.id
	r.history, r.tasks = newHistory(p), tasks{}
	s.runs, s.known[id] = append(s.runs, r), r
	if s.down {
		r.lose()
	} else {
		r.boot()
	}
	for _, g := range p.Signals {
		s.after(g.at, func() { r.come(g.name, g.data) })
	}
	return r
}

// boot begins with a new process.
func (s *run) boot() {
	s.pending, s.calls, s.timers = nil, map[callID]*call{}, map[string]*timer{}
	s.m, s.twin = nil, nil
	s.again, s.reissue = s.running(), false
	if len(s.record) == 0 && !s.child {
		s.pending = []interpreter.Input{s.start} // whoever starts it tries again
	}
}

// lose drops what the process held.
func (s *run) lose() {
	s.m, s.twin, s.pending, s.calls, s.timers = nil, nil, nil, nil, nil
}

// running tells that the run has begun and not ended.
func (s *run) running() bool { return len(s.record) > 0 && s.history.status == 0 }

// busy tells whether there is something to decide on.
func (s *run) busy() bool {
	if s.stuck {
		return false
	}
	return len(s.pending) > 0 || len(s.inbox) > 0 && (s.child || len(s.record) > 0) || s.again
}

// load folds the record into a machine, the one before it being lost.
func (s *run) load() {
	if s.m != nil {
		return
	}
	if s.snapshot.state != nil && s.strikes(Snapshot) {
		s.m = s.fromSnapshot()
	} else {
		s.m = s.replay(len(s.record))
	}
	s.m.Outstanding() // forgets what replaying changed
	s.again = len(s.record) > 0 && !s.m.Ended()
	s.reissue = s.again
}

// cancel puts a cancel into the inbox.
func (s *run) cancel(f Fault) {
	s.hit(f)
	s.aimed++
	if s.child {
		s.mayDiverge("a child was cancelled")
	} else {
		s.cancels++
	}
	s.put(interpreter.Cancel{Reason: f.String()})
}

// come brings what is waited for by a name: a signal, or an event of a listen
// or an await.
func (s *run) come(name, data string) {
	if t := s.p.types[name]; t != "" {
		s.publish(t, data)
		return
	}
	s.signal(name, data)
}

// signal puts a signal into the inbox; a fault may send it twice.
func (s *run) signal(name, data string) {
	s.planned++
	g := interpreter.Signal{ID: "signal-" + itoa(s.planned), Name: name, Data: []byte(data)}
	s.put(g)
	if s.strikes(Duplicate) {
		s.put(g)
	}
}

// rescue sends what the run waits for, and tells whether there was anything.
func (s *run) rescue() bool {
	if s.m == nil || s.m.Ended() {
		return false
	}
	sent := map[string]bool{}
	for _, v := range s.m.View(s.fetch).Steps {
		n := s.p.nodes[v.Step]
		if v.Status != graph.Waiting {
			continue
		}
		waits := n.Kind == graph.Await || n.Kind == graph.Approval
		if waits && n.Timeout > 0 && n.Timeout < lifetime {
			fail("%s has lost the timer that ends it", v.Path)
		}
		if n.Kind != graph.Await {
			continue
		}
		name := n.Await.Signal
		if n.Await.Event != "" {
			name = v.Step
		}
		if !sent[name] {
			sent[name] = true
			s.come(name, goodSignal)
		}
	}
	for _, t := range s.m.Tasks() {
		sent[t.Path] = true
		s.answerTask(t.Path, "rescuer-"+itoa(s.rescues), s.p.says(s.seedOf(t.Path)))
	}
	if s.history.suspended {
		sent[""] = true
		s.put(interpreter.Resume{})
	}
	return len(sent) > 0
}

// seedOf is a number that follows from a place in the run.
func (s *run) seedOf(path string) uint64 { return hash(s.world.seed, s.id, path) }

// stick sets the run aside, as one that does harm, until somebody has it tried
// again.
func (s *run) stick() {
	s.stucks++
	s.stuck, s.m, s.twin, s.again = true, nil, nil, s.running()
	if s.p.Timed {
		s.mayDiverge("stuck")
	}
	s.after(one(s.faults.dice, time.Millisecond, time.Second, time.Minute, 3*time.Hour), func() { s.stuck = false })
}

// machine makes a machine of the run.
func (s *run) machine() Machine {
	m := s.make(s.p.Flow)
	if s.p.bound > 0 {
		m.Bound(s.p.bound)
	}
	return m
}

// suspend keeps the run waiting for a while; sometimes it is told twice.
func (s *run) suspend() {
	s.suspends++
	s.put(interpreter.Suspend{Reason: "a while"})
	if s.p.Timed {
		s.mayDiverge("suspended")
	}
	d := s.faults.dice
	for range one(d, 1, 1, 1, 2) {
		s.after(one(d, time.Millisecond, time.Second, time.Minute, 3*time.Hour), func() { s.put(interpreter.Resume{}) })
	}
}
