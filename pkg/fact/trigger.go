package fact

import "time"

// TriggerSet tells a trigger's book what the active version of its workflow
// says of it. One without Cron, Every, Event and HTTP is gone from the workflow.
type TriggerSet struct {
	Workflow, ID string
	Cron         string
	Every        time.Duration
	Zone         string
	Overlap      uint8
	CatchUp      time.Duration
	Event        string // type of the CloudEvents that fire it
	HTTP         bool   // requests fire it
	// Rules tells that the engine looks at each firing before it counts: the
	// trigger has a where, splitOn or dedupe.
	Rules bool
	Rate  Rate
}

// Rate is how many runs a trigger may start in a window that the first of them
// opens. The zero value is no bound.
type Rate struct {
	Count int
	Per   time.Duration
}

// Subscribed has the book of events send each event of a type to a trigger; no
// type ends it.
type Subscribed struct{ Trigger, Type string }

// FiringFailed tells a trigger that the run of a firing could not be started.
type FiringFailed struct{ Run, Code, Message string }

// IsInput marks an input.
func (TriggerSet) IsInput() {}

// IsInput marks an input.
func (Subscribed) IsInput() {}

// IsInput marks an input.
func (FiringFailed) IsInput() {}

func (m TriggerSet) mail() (byte, func(*Coder))   { return 19, m.fields }
func (m Subscribed) mail() (byte, func(*Coder))   { return 20, m.fields }
func (m FiringFailed) mail() (byte, func(*Coder)) { return 21, m.fields }

// Fields names the parts of a trigger.
func (m *TriggerSet) Fields(c *Coder) {
	c.String(1, "workflow", &m.Workflow)
	c.String(2, "id", &m.ID)
	c.String(3, "cron", &m.Cron)
	c.Duration(4, "every", &m.Every)
	c.String(5, "zone", &m.Zone)
	Enum(c, 6, "overlap", &m.Overlap)
	c.Duration(7, "catchUp", &m.CatchUp)
	c.String(8, "event", &m.Event)
	c.Bool(9, "http", &m.HTTP)
	c.Bool(10, "rules", &m.Rules)
	c.Int(11, "rateCount", &m.Rate.Count)
	c.Duration(12, "ratePer", &m.Rate.Per)
}

func (m *TriggerSet) fields(c *Coder) { m.Fields(c) }

func (m *Subscribed) fields(c *Coder) {
	c.String(1, "trigger", &m.Trigger)
	c.String(2, "type", &m.Type)
}

func (m *FiringFailed) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "code", &m.Code)
	c.String(3, "message", &m.Message)
}
