package interpreter

import (
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Sends returns the messages to other streams that belong to a turn which has
// just been decided, at most one for each event and receiver. They go into
// the turn's own batch.
func (m *Machine) Sends(turn []fact.Event) []Message {
	var out []Message
	run := m.st.run.Run
	for _, e := range turn {
		send := func(to string, body fact.Mail) { out = append(out, Message{To: to, Seq: e.Seq, Body: body}) }
		switch f := e.Fact.(type) {
		case *childStarted:
			send(f.Child, Start{
				Run: f.Child, Workflow: f.Workflow, Packed: f.Input, Parent: run, ParentPath: f.Path,
				Depth: m.st.run.Depth + 1, Detached: f.Detached,
			})
		case *emitted:
			send(EventsBook, fact.Emitted{Event: f.Event})
		case *awaitStarted:
			if n := m.nodeAt(f.Path); n != nil && n.Await.Event != "" {
				send(EventsBook, fact.MatchOpened{Run: run, Path: f.Path, Type: n.Await.Event, Match: f.Match})
			}
		case *listenOpened:
			for _, l := range m.wf.Listens {
				if l.Name == f.Listen {
					send(EventsBook, fact.MatchOpened{Run: run, Path: listenPrefix + l.Name, Type: l.Type, Match: f.Match})
				}
			}
		case *stepEnded:
			m.closeMatch(f.Path, send)
		case *handlerEntered:
			m.closeMatch(f.Path, send)
		case *retryScheduled:
			m.closeMatch(f.Path, send)
		case *admissionAsked:
			c := m.wf.Concurrency
			send(LimitBook(m.wf), fact.SlotWanted{
				Run: run, Key: f.Key, Limit: c.Limit, Queue: c.Queue, OnLimit: uint8(c.OnLimit),
			})
		case *stopBegan:
			for _, child := range m.childStops[e.Seq] {
				send(child, Cancel{Reason: "the run that called it stops"})
			}
		case *runEnded:
			m.sendEnd(f, send)
		default:
		}
	}
	return out
}

// sendEnd tells all who have to do with the run that it has ended.
func (m *Machine) sendEnd(f *runEnded, send func(string, fact.Mail)) {
	r := &m.st.run
	for _, s := range m.st.children.all() {
		send(s.child, Cancel{Reason: "the run that called it has ended"})
	}
	if m.st.matched {
		send(EventsBook, fact.MatchClosed{Run: r.Run})
	}
	if m.st.asked {
		send(LimitBook(m.wf), fact.SlotFreed{Run: r.Run, Key: m.st.slotKey})
	}
	if r.Parent == "" || r.Detached {
		return
	}
	end := ChildEnded{Path: r.ParentPath, Child: r.Run, Status: f.Status.String(), Output: f.Output}
	if f.Error != nil {
		end.Code, end.Message, end.Details = f.Error.Code, f.Error.Message, f.Error.Details
	}
	send(r.Parent, end)
}

// closeMatch ends the wait of an await for an event that leaves its body.
func (m *Machine) closeMatch(path string, send func(string, fact.Mail)) {
	if !m.st.matched {
		return
	}
	if n := m.nodeAt(path); n != nil && n.Kind == graph.Await && n.Await.Event != "" {
		send(EventsBook, fact.MatchClosed{Run: m.st.run.Run, Path: path})
	}
}

// nodeAt returns the step that a path ends with.
func (m *Machine) nodeAt(path string) *graph.Node {
	segments, err := SplitPath(path)
	if err != nil {
		return nil
	}
	return m.look.Steps[segments[len(segments)-1].Name]
}
