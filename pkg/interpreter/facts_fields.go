package interpreter

import "github.com/keelstep/keelstep/pkg/fact"

func (*runStarted) Kind() fact.Kind          { return 1 }
func (*runEnded) Kind() fact.Kind            { return 2 }
func (*stepSkipped) Kind() fact.Kind         { return 3 }
func (*stepScheduled) Kind() fact.Kind       { return 4 }
func (*stepEnded) Kind() fact.Kind           { return 5 }
func (*callStarted) Kind() fact.Kind         { return 6 }
func (*callEnded) Kind() fact.Kind           { return 7 }
func (*lateResult) Kind() fact.Kind          { return 8 }
func (*waitStarted) Kind() fact.Kind         { return 9 }
func (*timerFired) Kind() fact.Kind          { return 10 }
func (*retryScheduled) Kind() fact.Kind      { return 11 }
func (*blockEntered) Kind() fact.Kind        { return 12 }
func (*passEntered) Kind() fact.Kind         { return 13 }
func (*passEnded) Kind() fact.Kind           { return 14 }
func (*handlerEntered) Kind() fact.Kind      { return 15 }
func (*varsSet) Kind() fact.Kind             { return 16 }
func (*responded) Kind() fact.Kind           { return 17 }
func (*stopBegan) Kind() fact.Kind           { return 18 }
func (*compensationStarted) Kind() fact.Kind { return 19 }
func (*compensationEnded) Kind() fact.Kind   { return 20 }
func (*signalReceived) Kind() fact.Kind      { return 21 }
func (*awaitStarted) Kind() fact.Kind        { return 22 }
func (*signalChecked) Kind() fact.Kind       { return 23 }
func (*carried) Kind() fact.Kind             { return 24 }
func (*pageRecorded) Kind() fact.Kind        { return 38 }

func (*runStarted) Name() string          { return "RunStarted" }
func (*runEnded) Name() string            { return "RunEnded" }
func (*stepSkipped) Name() string         { return "StepSkipped" }
func (*stepScheduled) Name() string       { return "StepScheduled" }
func (*stepEnded) Name() string           { return "StepEnded" }
func (*callStarted) Name() string         { return "CallStarted" }
func (*callEnded) Name() string           { return "CallEnded" }
func (*lateResult) Name() string          { return "LateResult" }
func (*waitStarted) Name() string         { return "WaitStarted" }
func (*timerFired) Name() string          { return "TimerFired" }
func (*retryScheduled) Name() string      { return "RetryScheduled" }
func (*blockEntered) Name() string        { return "BlockEntered" }
func (*passEntered) Name() string         { return "PassEntered" }
func (*passEnded) Name() string           { return "PassEnded" }
func (*handlerEntered) Name() string      { return "HandlerEntered" }
func (*varsSet) Name() string             { return "VarsSet" }
func (*responded) Name() string           { return "Responded" }
func (*stopBegan) Name() string           { return "StopBegan" }
func (*compensationStarted) Name() string { return "CompensationStarted" }
func (*compensationEnded) Name() string   { return "CompensationEnded" }
func (*signalReceived) Name() string      { return "SignalReceived" }
func (*awaitStarted) Name() string        { return "AwaitStarted" }
func (*signalChecked) Name() string       { return "SignalChecked" }
func (*carried) Name() string             { return "Carried" }
func (*pageRecorded) Name() string        { return "PageRecorded" }

func (f *runStarted) Fields(c *fact.Coder) {
	c.String(1, "run", &f.Run)
	c.String(2, "workflow", &f.Workflow)
	c.String(3, "version", &f.Version)
	c.String(4, "digest", &f.Digest)
	c.Int(5, "semantics", &f.Semantics)
	c.Value(6, "input", &f.Input)
	c.Value(7, "trigger", &f.Trigger)
	c.String(8, "triggerId", &f.TriggerID)
	fact.List(c, 9, "params", &f.Params, func(c *fact.Coder, p *Param) { p.Fields(c) })
	c.Bool(10, "wantsAnswer", &f.WantsAnswer)
	c.String(11, "parent", &f.Parent)
	c.String(12, "parentPath", &f.ParentPath)
	c.Time(13, "deadline", &f.Deadline)
	c.Int(14, "depth", &f.Depth)
	c.Bool(15, "detached", &f.Detached)
	c.String(16, "restartOf", &f.RestartOf)
}

func (f *runEnded) Fields(c *fact.Coder) {
	fact.Enum(c, 1, "status", &f.Status)
	c.Value(2, "output", &f.Output)
	failureField(c, 3, "error", &f.Error)
	c.String(4, "by", &f.By)
}

func (f *stepSkipped) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.String(2, "reason", &f.Reason)
}

func (f *stepScheduled) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Value(3, "input", &f.Input)
	fact.Enum(c, 4, "repeat", &f.Repeat)
	c.Time(5, "deadline", &f.Deadline)
}

func (f *stepEnded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	fact.Enum(c, 2, "status", &f.Status)
	c.Value(3, "output", &f.Output)
	failureField(c, 4, "error", &f.Error)
	fact.List(c, 5, "track", &f.Track, varFields)
}

func (f *callStarted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
}

func (f *callEnded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Value(3, "output", &f.Output)
	failureField(c, 4, "error", &f.Error)
}

func (f *lateResult) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Value(3, "output", &f.Output)
	failureField(c, 4, "error", &f.Error)
}

func (f *waitStarted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Time(2, "due", &f.Due)
	c.Time(3, "deadline", &f.Deadline)
}

func (f *timerFired) Fields(c *fact.Coder) { c.String(1, "timer", &f.Timer) }

func (f *retryScheduled) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Time(3, "due", &f.Due)
	failureField(c, 4, "error", &f.Error)
}

func (f *blockEntered) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "attempt", &f.Attempt)
	c.Int(3, "branch", &f.Branch)
	c.Value(4, "items", &f.Items)
	c.Int(5, "count", &f.Count)
	c.Time(6, "deadline", &f.Deadline)
}

func (f *passEntered) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Index(2, "pass", &f.Pass)
}

func (f *passEnded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Index(2, "pass", &f.Pass)
	fact.Enum(c, 3, "status", &f.Status)
	c.Value(4, "output", &f.Output)
	failureField(c, 5, "error", &f.Error)
}

func (f *pageRecorded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Index(2, "page", &f.Page)
	c.Value(3, "results", &f.Results)
	c.Value(4, "failed", &f.Failed)
}

func (f *handlerEntered) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	fact.Enum(c, 2, "handler", &f.Handler)
	c.Int(3, "index", &f.Index)
	fact.Enum(c, 4, "status", &f.Status)
	c.Value(5, "output", &f.Output)
	failureField(c, 6, "error", &f.Error)
}

func (f *varsSet) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	fact.List(c, 2, "vars", &f.Vars, varFields)
}

func varFields(c *fact.Coder, v *varValue) {
	c.String(1, "name", &v.Name)
	c.Value(2, "value", &v.Value)
}

func (f *responded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Int(2, "status", &f.Status)
	c.Value(3, "headers", &f.Headers)
	c.Value(4, "body", &f.Body)
	c.Bool(5, "ignored", &f.Ignored)
}

func (f *stopBegan) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	fact.Enum(c, 2, "reason", &f.Reason)
	c.String(3, "by", &f.By)
	c.String(4, "why", &f.Why)
	c.Time(5, "due", &f.Due)
	c.Value(6, "output", &f.Output)
	failureField(c, 7, "error", &f.Error)
}

func (f *compensationStarted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.String(2, "by", &f.By)
}

func (f *compensationEnded) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.String(2, "by", &f.By)
	fact.Enum(c, 3, "status", &f.Status)
	failureField(c, 4, "error", &f.Error)
}

func (f *signalReceived) Fields(c *fact.Coder) {
	c.String(1, "id", &f.ID)
	c.String(2, "signal", &f.Signal)
	c.Value(3, "data", &f.Data)
}

func (f *awaitStarted) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Time(2, "deadline", &f.Deadline)
	fact.List(c, 3, "match", &f.Match, func(c *fact.Coder, m *fact.Match) { m.Fields(c) })
}

func (f *signalChecked) Fields(c *fact.Coder) {
	c.String(1, "path", &f.Path)
	c.Uint(2, "seq", &f.Seq)
	c.Bool(3, "taken", &f.Taken)
	failureField(c, 4, "error", &f.Error)
}

func (f *carried) Fields(c *fact.Coder) {
	c.Int(1, "version", &f.Version)
	c.Bytes(2, &f.State)
}
