package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// The bounds of a list that makes a run for each of its elements. MaxSplitBytes
// counts what all its runs are told of their trigger.
const (
	MaxSplit      = 1000
	MaxSplitBytes = MaxInput
)

// hasRules tells whether a firing has to be looked at before it counts.
func hasRules(t *graph.Trigger) bool {
	p := &t.Policy
	return t.HTTP == nil && (p.Where != nil || p.SplitOn != nil || p.DedupeKey != nil)
}

// keeps tells whether an http trigger has a rule that has to be remembered.
func keeps(t *graph.Trigger) bool {
	p := &t.Policy
	return t.HTTP != nil && (p.SplitOn != nil || p.DedupeKey != nil || p.Rate.Count > 0)
}

// element is one element of the list of splitOn, or the firing as a whole, as
// the rules of its trigger see it.
type element struct {
	number   int // from 1; 0: it is not split
	scope    TriggerScope
	key      string // what stands for the key of dedupe
	filtered bool
}

// elements applies splitOn, where and dedupe to a firing. The error is a
// *startRefused when they cannot be applied.
func (e *Engine) elements(t *graph.Trigger, scope TriggerScope) ([]element, error) {
	if t.Policy.SplitOn == nil {
		x, err := ruled(t, element{scope: scope})
		return []element{x}, err
	}
	x, err := t.Policy.SplitOn.Eval(scope)
	if err != nil {
		return nil, unfit(t.ID, "splitOn", err)
	}
	list, ok := x.([]any)
	if !ok {
		return nil, &startRefused{CodeInputInvalid, fmt.Sprintf("splitOn of trigger %s: it needs a list, in ${ %s }", t.ID, t.Policy.SplitOn.Source())}
	}
	if len(list) > MaxSplit {
		return nil, &startRefused{books.SplitTooLarge, fmt.Sprintf("splitOn of trigger %s: the list has %d elements, at most %d are taken", t.ID, len(list), MaxSplit)}
	}
	all := make([]element, len(list))
	for i, item := range list {
		all[i], err = ruled(t, element{number: i + 1, scope: scope.With(item)})
		if err != nil {
			return nil, ofElement(err, i+1)
		}
	}
	return all, nil
}

// ruled applies where and dedupe to one element.
func ruled(t *graph.Trigger, x element) (element, error) {
	if t.Policy.Where != nil {
		switch yes, err := t.Policy.Where.Eval(x.scope); {
		case err != nil:
			return x, unfit(t.ID, "condition", err)
		case yes != true:
			x.filtered = true
			return x, nil
		}
	}
	if t.Policy.DedupeKey == nil {
		return x, nil
	}
	key, err := t.Policy.DedupeKey.Eval(x.scope)
	if err != nil {
		return x, unfit(t.ID, "dedupe key", err)
	}
	raw, err := expression.Encode(key)
	if err != nil || key == nil || strings.ContainsAny(string(raw[:1]), "{[") {
		return x, &startRefused{CodeInputInvalid, fmt.Sprintf(
			"the dedupe key of trigger %s: it must be a text, a number or a boolean, in ${ %s }", t.ID, t.Policy.DedupeKey.Source())}
	}
	x.key = books.KeyOf(raw)
	return x, nil
}

// ofElement names the element that an error is about.
func ofElement(err error, number int) error {
	var no *startRefused
	var input *InputError
	switch {
	case number == 0:
	case errors.As(err, &no):
		return &startRefused{no.code, fmt.Sprintf("element %d: %s", number, no.message)}
	case errors.As(err, &input):
		for i := range input.Problems {
			input.Problems[i].Message = fmt.Sprintf("element %d: %s", number, input.Problems[i].Message)
		}
	}
	return err
}

// look applies the rules of a trigger to a firing for its book.
func (e *Engine) look(stream string, ask *books.Ask) (books.Answer, error) {
	a, payloads, err := e.lookAt(stream, ask)
	var no *startRefused
	if errors.As(err, &no) {
		return books.Answer{Code: no.code, Message: no.message}, nil
	}
	if err == nil {
		err = e.putPayloads(payloads)
	}
	return a, err
}

func (e *Engine) lookAt(stream string, ask *books.Ask) (a books.Answer, payloads []expression.Payload, err error) {
	workflow, id, _ := strings.Cut(strings.TrimPrefix(stream, triggerPrefix), "/")
	def, err := e.defs.find(workflow, "")
	if err != nil {
		return a, nil, &startRefused{CodeNoWorkflow, fmt.Sprintf("there is no workflow %q; deploy it", workflow)}
	}
	wf, err := e.defs.compiled(e.ctx, def.Digest)
	if err != nil {
		if e.ctx.Err() != nil {
			return a, nil, err
		}
		return a, nil, &startRefused{CodeNoWorkflow, fmt.Sprintf("version %s of workflow %s cannot be loaded: %v", def.Version, def.Workflow, err)}
	}
	t := triggerOf(wf, id)
	if t == nil {
		return a, nil, &startRefused{CodeNoTrigger, fmt.Sprintf("workflow %s has no trigger %q any more", wf.Name, id)}
	}
	scope, err := e.askedScope(wf, id, ask)
	if err != nil {
		return a, nil, err
	}
	all, err := e.elements(t, scope)
	if err != nil {
		return a, nil, err
	}
	a.Split, a.Window = t.Policy.SplitOn != nil, t.Policy.Window
	size := 0
	for _, x := range all {
		item := books.Item{Key: x.key, Filtered: x.filtered}
		if a.Split && !x.filtered {
			raw, err := expression.Encode(x.scope.Data())
			if err != nil {
				return a, nil, unfit(id, "splitOn", err)
			}
			var stored []expression.Payload
			size += len(raw)
			item.Data, stored = expression.Pack(raw)
			payloads = append(payloads, stored...)
		}
		a.Items = append(a.Items, item)
	}
	return a, payloads, fits(id, size)
}

// fits returns an error when the elements of a list are too large together.
func fits(trigger string, size int) error {
	if size <= MaxSplitBytes {
		return nil
	}
	return &startRefused{books.SplitTooLarge, fmt.Sprintf("splitOn of trigger %s: its elements have %d bytes together, at most %d are taken", trigger, size, MaxSplitBytes)}
}

// askedScope returns what the rules of a trigger see of a firing.
func (e *Engine) askedScope(wf *graph.Workflow, id string, ask *books.Ask) (TriggerScope, error) {
	source := fmt.Sprint(wf.Name, "\x00", id, "\x00", ask.Due.UnixNano())
	values := map[string]any{"id": id, "time": ask.At.Format(time.RFC3339Nano)}
	if ask.Event == nil {
		values["kind"], values["due"] = "schedule", ask.Due.Format(time.RFC3339Nano)
		return e.triggerScope(wf, values, ask.At, source), nil
	}
	ev := ask.Event
	values["kind"] = "event"
	values["event"] = map[string]any{
		"id": ev.ID, "type": ev.Type, "source": ev.Source, "subject": ev.Subject, "time": ev.Time.Format(time.RFC3339Nano),
	}
	raw, err := e.whole(ev.Data)
	if err != nil {
		return TriggerScope{}, unread(err)
	}
	data, err := expression.Decode(expression.Raw(raw), nil)
	if err != nil {
		return TriggerScope{}, err
	}
	return e.triggerScope(wf, values, ask.At, source).With(data), nil
}
