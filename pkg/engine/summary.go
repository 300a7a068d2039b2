package engine

import (
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
)

// parentKey stands before the parent of a run among the keys of its summary.
const parentKey = "parent:"

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
	if parent, _ := m.Parent(); parent != "" {
		s.Keys = []string{parentKey + parent}
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
