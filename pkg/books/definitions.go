package books

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// Deploy asks that a version of a workflow be accepted and made active. The
// document was checked before.
type Deploy struct {
	Workflow, Version, Digest string
	Document                  expression.Value
	Triggers                  []Trigger
	Timed                     []fact.TriggerSet
	// Aside keeps the version for runs that have it: it is accepted, and which
	// one is active stays as it is.
	Aside bool
}

// Definition is one accepted version of a workflow.
type Definition struct {
	Workflow, Version, Digest string
	DeployedAt                time.Time
	Active                    bool // new runs take this version
	Document                  expression.Value
	Triggers                  []Trigger         // http ones
	Timed                     []fact.TriggerSet // those with a book of their own
}

// Definitions is the book of the accepted definitions. One goroutine at a time
// may use it.
type Definitions struct {
	clock     clock
	workflows []*workflow // by name
	digests   map[string]*Definition
}

// workflow is the versions of one name, oldest first.
type workflow struct {
	name     string
	versions []*Definition
	active   *Definition
}

// NewDefinitions returns the empty book.
func NewDefinitions() *Definitions {
	return &Definitions{digests: make(map[string]*Definition)}
}

// Seq returns the number of the last event.
func (d *Definitions) Seq() uint64 { return d.clock.seq }

// Apply folds one recorded event.
func (d *Definitions) Apply(e fact.Event) error {
	if e.Seq != d.clock.seq+1 {
		return fmt.Errorf("definitions: event %d follows event %d", e.Seq, d.clock.seq)
	}
	switch f := e.Fact.(type) {
	case *Deployed:
		d.deployed(e.Time, f)
	case *Activated:
		if err := d.activated(f); err != nil {
			return err
		}
	default:
		return fmt.Errorf("definitions: event %d is a %T", e.Seq, f)
	}
	d.clock.applied(e)
	return nil
}

func (d *Definitions) deployed(at time.Time, f *Deployed) {
	i, ok := d.find(f.Workflow)
	if !ok {
		d.workflows = slices.Insert(d.workflows, i, &workflow{name: f.Workflow})
	}
	def := &Definition{
		Workflow: f.Workflow, Version: f.Version, Digest: f.Digest,
		DeployedAt: at, Document: f.Document, Triggers: f.Triggers, Timed: f.Timed,
	}
	w := d.workflows[i]
	w.versions = append(w.versions, def)
	d.digests[f.Digest] = def
}

func (d *Definitions) activated(f *Activated) error {
	i, ok := d.find(f.Workflow)
	if !ok {
		return fmt.Errorf("definitions: %s was activated but never deployed", f.Workflow)
	}
	w := d.workflows[i]
	def := w.version(f.Version)
	if def == nil {
		return fmt.Errorf("definitions: version %s of %s was activated but never deployed", f.Version, f.Workflow)
	}
	if w.active != nil {
		w.active.Active = false
	}
	w.active, def.Active = def, true
	return nil
}

// Decide takes the inputs in order. The events of the turn are applied.
// Deploying the document that a version already has makes it active again and
// changes nothing else.
func (d *Definitions) Decide(at time.Time, in ...Deploy) fact.Turn {
	turn := fact.Turn{Taken: len(in)}
	for i, dep := range in {
		w := d.workflow(dep.Workflow)
		known := w.version(dep.Version)
		if code, why := d.refusal(known, dep); code != "" {
			turn.Refused = append(turn.Refused, fact.Refusal{Index: i, Code: code, Why: why})
			continue
		}
		if known == nil {
			d.emit(&turn, at, &Deployed{
				Workflow: dep.Workflow, Version: dep.Version, Digest: dep.Digest,
				Document: dep.Document, Triggers: dep.Triggers, Timed: dep.Timed,
			})
		}
		if !dep.Aside && (known == nil || !known.Active) {
			d.emit(&turn, at, &Activated{Workflow: dep.Workflow, Version: dep.Version})
		}
	}
	return turn
}

func (d *Definitions) emit(turn *fact.Turn, at time.Time, f fact.Fact) {
	e := d.clock.event(at, f)
	if err := d.Apply(e); err != nil {
		panic("books: " + err.Error())
	}
	turn.Events = append(turn.Events, e)
}

func (d *Definitions) refusal(known *Definition, dep Deploy) (code, why string) {
	if known != nil && known.Digest != dep.Digest {
		return VersionTaken, fmt.Sprintf("version %q of %s was deployed with another meaning: give the new one another version",
			dep.Version, dep.Workflow)
	}
	for _, t := range dep.Triggers {
		if dep.Aside {
			break // nothing is sent to it
		}
		for _, w := range d.workflows {
			if w.name == dep.Workflow || w.active == nil {
				continue
			}
			for _, o := range w.active.Triggers {
				if sameRoute(t, o) {
					return RouteTaken, fmt.Sprintf("%s %s is trigger %q of workflow %s", t.Method, t.Path, o.ID, w.name)
				}
			}
		}
	}
	return "", ""
}

// sameRoute tells whether one request could be for both. The name of a
// parameter does not tell paths apart.
func sameRoute(a, b Trigger) bool {
	return strings.EqualFold(a.Method, b.Method) && form(a.Path) == form(b.Path)
}

// form returns a path with each {name} as {}.
func form(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// Active returns the version of a workflow that new runs take.
func (d *Definitions) Active(name string) (Definition, bool) {
	w := d.workflow(name)
	if w == nil || w.active == nil {
		return Definition{}, false
	}
	return *w.active, true
}

// Version returns one version of a workflow.
func (d *Definitions) Version(name, version string) (Definition, bool) {
	def := d.workflow(name).version(version)
	if def == nil {
		return Definition{}, false
	}
	return *def, true
}

// Digest returns a version with that digest.
func (d *Definitions) Digest(digest string) (Definition, bool) {
	def := d.digests[digest]
	if def == nil {
		return Definition{}, false
	}
	return *def, true
}

// All returns every definition, by workflow and from the newest to the oldest.
func (d *Definitions) All() []Definition {
	var all []Definition
	for _, w := range d.workflows {
		for _, def := range slices.Backward(w.versions) {
			all = append(all, *def)
		}
	}
	return all
}

// Actives returns the active definitions, by workflow.
func (d *Definitions) Actives() []Definition {
	var all []Definition
	for _, w := range d.workflows {
		if w.active != nil {
			all = append(all, *w.active)
		}
	}
	return all
}

func (d *Definitions) find(name string) (int, bool) {
	return slices.BinarySearchFunc(d.workflows, name, func(w *workflow, name string) int { return cmp.Compare(w.name, name) })
}

func (d *Definitions) workflow(name string) *workflow {
	if i, ok := d.find(name); ok {
		return d.workflows[i]
	}
	return nil
}

func (w *workflow) version(v string) *Definition {
	if w == nil {
		return nil
	}
	for _, def := range w.versions {
		if def.Version == v {
			return def
		}
	}
	return nil
}
