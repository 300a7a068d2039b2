package books

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

// The kinds of the facts of definitions.
const (
	kindDeployed  fact.Kind = 1
	kindActivated fact.Kind = 2
)

// DefinitionFacts is the facts of the book of definitions.
var DefinitionFacts = fact.NewFamily("definitions",
	func() fact.Fact { return new(Deployed) },
	func() fact.Fact { return new(Activated) },
)

// Deployed is a version of a workflow that was accepted. Document is its
// canonical JSON and Digest the SHA-256 of it.
type Deployed struct {
	Workflow, Version, Digest string
	Document                  expression.Value
	Triggers                  []Trigger
	Timed                     []fact.TriggerSet
}

// Kind returns the fact's number.
func (*Deployed) Kind() fact.Kind { return kindDeployed }

// Name returns the fact's name.
func (*Deployed) Name() string { return "Deployed" }

// Fields carries the fact.
func (d *Deployed) Fields(c *fact.Coder) {
	c.String(1, "workflow", &d.Workflow)
	c.String(2, "version", &d.Version)
	c.String(3, "digest", &d.Digest)
	c.Value(4, "document", &d.Document)
	fact.List(c, 5, "triggers", &d.Triggers, triggerFields)
	fact.List(c, 6, "timed", &d.Timed, func(c *fact.Coder, t *fact.TriggerSet) { t.Fields(c) })
}

// Activated makes a version the one that new runs take.
type Activated struct {
	Workflow, Version string
}

// Kind returns the fact's number.
func (*Activated) Kind() fact.Kind { return kindActivated }

// Name returns the fact's name.
func (*Activated) Name() string { return "Activated" }

// Fields carries the fact.
func (a *Activated) Fields(c *fact.Coder) {
	c.String(1, "workflow", &a.Workflow)
	c.String(2, "version", &a.Version)
}

// Trigger is an http trigger of a definition.
type Trigger struct {
	ID, Method, Path string
	Respond          bool
	Deadline         time.Duration
}

func triggerFields(c *fact.Coder, t *Trigger) {
	c.String(1, "id", &t.ID)
	c.String(2, "method", &t.Method)
	c.String(3, "path", &t.Path)
	c.Bool(4, "respond", &t.Respond)
	c.Duration(5, "deadline", &t.Deadline)
}
