package scenario

import (
	"fmt"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// act has an action happen.
func (b *bare) act(a Action) {
	main := b.order[0]
	data, err := expression.Import(a.Data)
	if a.Data == nil {
		data, err = nil, nil
	}
	if err != nil {
		b.refused[a.Index] = err.Error()
		return
	}
	switch {
	case a.Signal != "":
		main.offer(interpreter.Signal{ID: a.ID, Name: a.Signal, Data: data}, a.Index)
	case a.Event != "":
		v, stored := expression.Value{}, []expression.Payload(nil)
		if data != nil {
			v, stored = expression.Pack(data)
		}
		b.keep(stored)
		b.tell(interpreter.EventsBook, fact.Emitted{Event: fact.CloudEvent{
			ID: a.ID, Type: a.Event, Source: a.Source, Subject: a.Subject, Time: b.now, Data: v,
		}})
	case a.Task != "":
		b.answer(a)
	default:
		main.offer(interpreter.Cancel{Reason: a.Reason}, a.Index)
	}
}

// answer answers the task that an action names, of the run or of one that it
// started.
func (b *bare) answer(a Action) {
	in := interpreter.Answer{Path: a.Task, ID: a.ID, By: a.By, Outcome: a.Outcome}
	if a.Form != nil {
		var err error
		if in.Form, err = expression.Import(a.Form); err != nil {
			b.refused[a.Index] = err.Error()
			return
		}
	}
	for _, p := range b.order {
		for _, t := range p.m.Tasks() {
			if t.Path == a.Task || t.Step == a.Task {
				in.Path = t.Path
				p.offer(in, a.Index)
				return
			}
		}
	}
	b.refused[a.Index] = fmt.Sprintf("no approval %s is open", a.Task)
}
