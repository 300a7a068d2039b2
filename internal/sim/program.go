package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// Program is a workflow to simulate runs of, with what the world around it
// does.
type Program struct {
	Name   string
	Seed   uint64 // of the world: how calls end
	Source []byte
	Flow   *graph.Workflow
	Input  []byte
	// Racy tells that the outcome may depend on the order of answers, Timed
	// that it may depend on how long things take.
	Racy, Timed bool
	Signals     []scripted
	// Undo names the steps whose effects are undone however the run ends,
	// with the step that undoes each.
	Undo map[string]string
	// Kids are the workflows that it calls, all in one list of the first.
	Kids []*Program

	fails  bool              // a kid may fail
	bound  int               // events of a turn; 0: as ever
	depth  int               // parents above the first run
	source *source           // of more runs, nil for none
	types  map[string]string // of events, by the step or the listen that waits for them

	again bool            // the first run is repeated once all have ended
	shows *cell           // that it is made to have; nil: left to chance
	child bool            // its runs are started by another's
	cells map[string]cell // by id
	nodes map[string]*graph.Node
}

// scripted is a signal that comes by itself.
type scripted struct {
	name string
	data string
	at   time.Duration // after the start
}

// goodSignal is what every await of a simulated workflow takes.
const goodSignal = `{"n":7,"ok":true}`

// silent begins the names of signals that never come.
const silent = "silent_"

// catalog offers test.never, test.keyed and test.safe, which take anything.
// What a call does is told by its input, see script.
type catalog struct{}

var _ dsl.Catalog = catalog{}

// Operation returns one of the three.
func (catalog) Operation(id string) (dsl.Operation, bool) {
	for r := graph.Never; r <= graph.Safe; r++ {
		if id == "test."+r.String() {
			return dsl.Operation{
				ID: id, Connector: "test", Summary: "A call.",
				Repeat: func(map[string]any, any) graph.Repeat { return r },
			}, true
		}
	}
	return dsl.Operation{}, false
}

// Operations returns the names of the three.
func (catalog) Operations() []string { return []string{"test.keyed", "test.never", "test.safe"} }

// Connections returns nil: no environment is known.
func (catalog) Connections() map[string]dsl.Connection { return nil }

// compile makes the program ready to run. The error lists all findings.
func (p *Program) compile() error {
	wf, found := dsl.Compile(p.Name+".yaml", p.Source, catalog{})
	if wf == nil || found.HasErrors() {
		var b strings.Builder
		for _, d := range found {
			fmt.Fprintf(&b, "\n  %d:%d: %s [%s] %s", d.Span.Start.Line, d.Span.Start.Col, d.Message, d.Code, d.Hint)
		}
		return fmt.Errorf("the workflow does not compile:%s", b.String())
	}
	p.Flow, p.cells, p.nodes, p.types = wf, map[string]cell{}, map[string]*graph.Node{}, map[string]string{}
	for _, l := range wf.Listens {
		p.types[l.Name] = l.Type
	}
	p.types[fires] = fires
	for _, n := range wf.Nodes {
		p.cells[n.ID], p.nodes[n.ID] = cell{n.Kind, standsIn(n, p.child)}, n
		n.PageLen = int(p.Seed % 4) // so that short loops have whole pages
		if n.Kind == graph.Await && n.Await.Event != "" {
			p.types[n.ID] = n.Await.Event
		}
	}
	return nil
}

// compileAll makes the program and its kids ready.
func (p *Program) compileAll() error {
	for _, k := range p.Kids {
		k.Racy, k.Timed, k.child, k.bound = p.Racy, p.Timed, true, p.bound
		if err := k.compile(); err != nil {
			return fmt.Errorf("%s: %w\n%s", k.Name, err, k.Source)
		}
	}
	return p.compile()
}

// kid returns a workflow that is called, nil for none.
func (p *Program) kid(name string) *Program {
	for _, k := range p.Kids {
		if k.Name == name {
			return k
		}
	}
	return nil
}

func (p *Program) run() string { return fmt.Sprintf("run-%d", p.Seed) }

func (p *Program) start() interpreter.Start {
	return interpreter.Start{
		Run: p.run(), Workflow: p.Flow.Name, Version: p.Flow.Version, Digest: p.Flow.Digest,
		Value: p.Input, Trigger: []byte(`{"id":"calls","kind":"http"}`), TriggerID: "calls", WantsAnswer: p.Flow.HasRespond,
		Depth: p.depth,
	}
}

// idOf returns the id of the step that a path names.
func idOf(path string) string {
	path = path[strings.LastIndexByte(path, '.')+1:]
	if i := strings.IndexAny(path, "#["); i >= 0 {
		path = path[:i]
	}
	return path
}
