package fact

// mails reads the kinds of messages. Numbers are never reused.
var mails = map[byte]func([]byte) (Mail, error){
	1:  reads[Start],
	4:  reads[Signal],
	5:  reads[Cancel],
	6:  reads[ChildEnded],
	7:  reads[Suspend],
	8:  reads[Resume],
	9:  reads[Answer],
	10: reads[Reassign],
	11: reads[Emitted],
	12: reads[EventArrived],
	13: reads[MatchOpened],
	14: reads[MatchClosed],
	15: reads[SlotWanted],
	16: reads[SlotGranted],
	17: reads[SlotRefused],
	18: reads[SlotFreed],
	19: reads[TriggerSet],
	20: reads[Subscribed],
	21: reads[FiringFailed],
	22: reads[DeadLetter],
}

type fielder[T any] interface {
	*T
	fields(c *Coder)
}

func reads[T Mail, P fielder[T]](b []byte) (Mail, error) {
	var m T
	err := ReadFields(b, P(&m).fields)
	return m, err
}

func (m Start) mail() (byte, func(*Coder))        { return 1, m.fields }
func (m Signal) mail() (byte, func(*Coder))       { return 4, m.fields }
func (m Cancel) mail() (byte, func(*Coder))       { return 5, m.fields }
func (m ChildEnded) mail() (byte, func(*Coder))   { return 6, m.fields }
func (m Suspend) mail() (byte, func(*Coder))      { return 7, m.fields }
func (m Resume) mail() (byte, func(*Coder))       { return 8, m.fields }
func (m Answer) mail() (byte, func(*Coder))       { return 9, m.fields }
func (m Reassign) mail() (byte, func(*Coder))     { return 10, m.fields }
func (m Emitted) mail() (byte, func(*Coder))      { return 11, m.fields }
func (m EventArrived) mail() (byte, func(*Coder)) { return 12, m.fields }
func (m MatchOpened) mail() (byte, func(*Coder))  { return 13, m.fields }
func (m MatchClosed) mail() (byte, func(*Coder))  { return 14, m.fields }
func (m SlotWanted) mail() (byte, func(*Coder))   { return 15, m.fields }
func (m SlotGranted) mail() (byte, func(*Coder))  { return 16, m.fields }
func (m SlotRefused) mail() (byte, func(*Coder))  { return 17, m.fields }
func (m SlotFreed) mail() (byte, func(*Coder))    { return 18, m.fields }

func (m *Start) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "workflow", &m.Workflow)
	c.String(3, "version", &m.Version)
	c.String(4, "digest", &m.Digest)
	c.Bytes(5, &m.Value)
	c.Bytes(6, &m.Trigger)
	c.String(7, "triggerId", &m.TriggerID)
	List(c, 8, "params", &m.Params, func(c *Coder, p *Param) { p.Fields(c) })
	c.Bool(9, "wantsAnswer", &m.WantsAnswer)
	c.String(10, "parent", &m.Parent)
	c.String(11, "parentPath", &m.ParentPath)
	c.Int(12, "depth", &m.Depth)
	c.Bool(13, "detached", &m.Detached)
	c.Value(14, "packed", &m.Packed)
	c.String(15, "restartOf", &m.RestartOf)
}

func (m *ChildEnded) fields(c *Coder) {
	c.String(1, "path", &m.Path)
	c.String(2, "child", &m.Child)
	c.String(3, "status", &m.Status)
	c.Value(4, "output", &m.Output)
	c.String(5, "code", &m.Code)
	c.String(6, "message", &m.Message)
	c.Value(7, "details", &m.Details)
}

func (m *Signal) fields(c *Coder) {
	c.String(1, "id", &m.ID)
	c.String(2, "name", &m.Name)
	c.Bytes(3, &m.Data)
}

func (m *Cancel) fields(c *Coder)  { c.String(1, "reason", &m.Reason) }
func (m *Suspend) fields(c *Coder) { c.String(1, "reason", &m.Reason) }
func (m *Resume) fields(*Coder)    {}

func (m *Answer) fields(c *Coder) {
	c.String(1, "path", &m.Path)
	c.String(2, "id", &m.ID)
	c.String(3, "by", &m.By)
	c.String(4, "outcome", &m.Outcome)
	c.Bytes(5, &m.Form)
}

func (m *Reassign) fields(c *Coder) {
	c.String(1, "path", &m.Path)
	c.Bytes(2, &m.To)
	c.String(3, "by", &m.By)
}

// Fields names the parts of an event.
func (e *CloudEvent) Fields(c *Coder) {
	c.String(1, "id", &e.ID)
	c.String(2, "type", &e.Type)
	c.String(3, "source", &e.Source)
	c.String(4, "subject", &e.Subject)
	c.Time(5, "time", &e.Time)
	c.Value(6, "data", &e.Data)
}

// Fields names the parts of a match.
func (m *Match) Fields(c *Coder) {
	c.String(1, "path", &m.Path)
	c.Value(2, "value", &m.Value)
}

func (m *Emitted) fields(c *Coder) {
	present := true
	c.Sub(1, "event", &present, m.Event.Fields)
}

func (m *EventArrived) fields(c *Coder) {
	c.String(1, "path", &m.Path)
	present := true
	c.Sub(2, "event", &present, m.Event.Fields)
}

func (m *MatchOpened) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "path", &m.Path)
	c.String(3, "type", &m.Type)
	List(c, 4, "match", &m.Match, func(c *Coder, x *Match) { x.Fields(c) })
}

func (m *MatchClosed) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "path", &m.Path)
}

func (m *SlotWanted) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "key", &m.Key)
	c.Int(3, "limit", &m.Limit)
	c.Int(4, "queue", &m.Queue)
	Enum(c, 5, "onLimit", &m.OnLimit)
}

func (m *SlotGranted) fields(*Coder) {}

func (m *SlotRefused) fields(c *Coder) {
	c.String(1, "code", &m.Code)
	c.String(2, "message", &m.Message)
}

func (m *SlotFreed) fields(c *Coder) {
	c.String(1, "run", &m.Run)
	c.String(2, "key", &m.Key)
}
