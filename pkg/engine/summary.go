package engine

import (
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
)

// The keys of a run's summary.
const (
	parentKey = "parent:" // and the stream that started the run
	waitsKey  = "waits:"  // and the path there at which its end is waited for
	tasksKey  = "tasks"   // it has open tasks
	againKey  = "again:"  // and the run that it repeats
	fullKey   = "full"    // it keeps as many signals that no step has taken as it may
	poolKey   = "pool:"   // and the limit whose slot it has or wants
)

// maxAttributeText is how many bytes of an attribute are searchable.
const maxAttributeText = 256

// attribute returns the text of an attribute: a text as it is, any other value
// as JSON.
func attribute(v expression.Value) string {
	if x, err := expression.Decode(v, nil); err == nil {
		if s, ok := x.(string); ok {
			return clip(s, maxAttributeText)
		}
	}
	raw, err := shown(v.Inline())
	if err != nil {
		return ""
	}
	return clip(string(raw), maxAttributeText)
}

// maxCode is how many bytes of an error's code a list shows.
const maxCode = 200

// summarize returns what lists and recovery need to know of the run. It costs
// the same however long the run is.
func (r *run) summarize() eventlog.Summary {
	m := r.machine
	_, workflow, version, digest, at := m.Started()
	s := eventlog.Summary{
		Stream: r.id, Kind: kindRun, Workflow: workflow, Version: version, Digest: digest,
		Status: m.Status().String(), Ended: m.Ended(), StartedAt: at, EndedAt: m.EndedAt(),
	}
	if parent, path, waits := m.Parent(); parent != "" {
		s.Keys = []string{parentKey + parent}
		if waits {
			s.Keys = append(s.Keys, waitsKey+path)
		}
	}
	if of := m.RestartOf(); of != "" {
		s.Keys = append(s.Keys, againKey+of)
	}
	if m.HasTasks() {
		s.Keys = append(s.Keys, tasksKey)
	}
	if m.FullOfSignals() {
		s.Keys = append(s.Keys, fullKey)
	}
	if c := r.flow.Concurrency; c != nil && c.Named != "" && !s.Ended {
		s.Keys = append(s.Keys, poolKey+c.Named)
	}
	for _, t := range m.Tracked() {
		s.Attributes = append(s.Attributes, eventlog.Attribute{Name: t.Name, Value: attribute(t.Value)})
	}
	if f := m.Failure(); f != nil && s.Ended {
		s.Error = clip(f.Code, maxCode)
	}
	if !s.Ended {
		s.WakeAt = m.WakeAt()
	}
	return s
}

// putPayloads stores bytes before the record that names them.
func (e *Engine) putPayloads(ps []expression.Payload) error {
	if len(ps) == 0 {
		return nil
	}
	all := make([]eventlog.Payload, len(ps))
	for i, p := range ps {
		all[i] = eventlog.Payload{Hash: p.Hash, Bytes: p.Bytes}
	}
	return e.store.Put(e.ctx, all...)
}
