package fact

// DeadLetter tells the book of events of one that matched a trigger, by the
// stream of its book, and started nothing. Run was started and not admitted,
// empty: none was. Ruled tells that the trigger's rules were applied already.
type DeadLetter struct {
	Trigger, Run  string
	Ruled         bool
	Code, Message string
	Event         CloudEvent
}

// IsInput marks an input.
func (DeadLetter) IsInput() {}

func (m DeadLetter) mail() (byte, func(*Coder)) { return 22, m.fields }

func (m *DeadLetter) fields(c *Coder) {
	c.String(1, "trigger", &m.Trigger)
	c.String(2, "run", &m.Run)
	c.Bool(3, "ruled", &m.Ruled)
	c.String(4, "code", &m.Code)
	c.String(5, "message", &m.Message)
	present := true
	c.Sub(6, "event", &present, m.Event.Fields)
}
