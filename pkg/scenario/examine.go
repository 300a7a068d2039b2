package scenario

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// examiner compares the outcome of one scenario with what is expected of it.
type examiner struct {
	f     *File
	at    string // of the scenario
	doc   caseDoc
	found []Finding
}

func itoa(i int) string { return strconv.Itoa(i) }

func (x *examiner) report(pointer, message, got, want string) {
	at := x.at + pointer
	span := x.f.tree.Span(at)
	if pointer == "" {
		span = x.f.tree.Span(at + "/name")
	}
	x.found = append(x.found, Finding{Span: span, Path: at, Message: message, Got: clip(got), Want: clip(want)})
}

func (x *examiner) examine(c *Case, o *Outcome, calls []Request) {
	e := x.doc.Expect
	if e == nil {
		e = &expectDoc{Status: "succeeded"}
	}
	if e.Status != "" && o.Status != e.Status {
		x.report("/expect/status", "the run ended otherwise"+because(o.Error), o.Status, e.Status)
	}
	if e.Output != nil && compact(o.Output) != compact(e.Output) {
		x.report("/expect/output", "the output differs: "+where(o.Output, e.Output), compact(o.Output), compact(e.Output))
	}
	if e.OutputHas != nil {
		if why := contains(decoded(o.Output), decoded(e.OutputHas), ""); why != "" {
			x.report("/expect/outputHas", "the output differs: "+why, compact(o.Output), compact(e.OutputHas))
		}
	}
	x.failure("/expect/error", "the run", o.Error, e.Error)
	x.response(o.Response, e.Answer)
	for _, id := range slices.Sorted(maps.Keys(e.Steps)) {
		x.step(id, stepOf(e.Steps[id]), o)
	}
	for i, want := range e.Calls {
		x.calls(fmt.Sprintf("/expect/calls/%d", i), want, calls)
	}
	x.order(e.Order, calls)
	x.events(e.Events, o)
	x.duration(e.EndsAfter, o)
	x.actions(c, o)
	for _, t := range c.World.Trouble() {
		x.report("", t, "", "")
	}
}

// where says at which place two values differ.
func where(got, want json.RawMessage) string {
	if why := contains(decoded(got), decoded(want), ""); why != "" {
		return why
	}
	return "it has more than is expected"
}

func because(f *graph.Failure) string {
	if f == nil {
		return ""
	}
	s := ", with " + f.Code + ": " + f.Message
	if f.Step != "" {
		s += ", in step " + f.Step
	}
	return s
}

func (x *examiner) failure(at, whose string, got *graph.Failure, want *errorDoc) {
	if want == nil {
		return
	}
	if got == nil {
		x.report(at, whose+" ended without an error", "none", "")
		return
	}
	for _, p := range []struct {
		key, got string
		want     *string
	}{{"code", got.Code, want.Code}, {"message", got.Message, want.Message}, {"step", got.Step, want.Step}} {
		if p.want != nil && *p.want != p.got {
			x.report(at+"/"+p.key, "the error's "+p.key+" differs", p.got, *p.want)
		}
	}
	if want.Details != nil && compact(got.Details.Inline()) != compact(want.Details) {
		x.report(at+"/details", "the error's details differ", compact(got.Details.Inline()), compact(want.Details))
	}
}

func (x *examiner) response(got *Response, want *answerDoc) {
	switch {
	case want == nil:
		return
	case got == nil:
		x.report("/expect/answer", "the run did not answer its caller", "none", "")
		return
	}
	if want.Status != 0 && want.Status != got.Status {
		x.report("/expect/answer/status", "the answer's status differs", itoa(got.Status), itoa(want.Status))
	}
	headers, _ := decoded(got.Headers).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(want.Headers)) {
		if is := fmt.Sprint(headers[name]); is != want.Headers[name] {
			x.report("/expect/answer/headers/"+escape(name), "the answer's header differs", is, want.Headers[name])
		}
	}
	if want.Body != nil && compact(got.Body) != compact(want.Body) {
		x.report("/expect/answer/body", "the answer's body differs: "+where(got.Body, want.Body), compact(got.Body), compact(want.Body))
	}
}

// step compares one execution of a step, by path, or the last of all, by id.
// One that never began counts as pending, and as skipped.
func (x *examiner) step(id string, want stepDoc, o *Outcome) {
	at := "/expect/steps/" + escape(id)
	var got *Step
	for i := range o.Steps {
		if s := &o.Steps[i]; s.Path == id || s.ID == id {
			got = s
		}
	}
	if got == nil {
		if want.Status != "pending" && want.Status != "skipped" {
			x.report(at, "step "+id+" never began", "pending", want.Status)
		}
		return
	}
	if want.Status != "" && got.Status != want.Status {
		x.report(at, "the status of step "+got.Path+" differs"+because(got.Error), got.Status, want.Status)
	}
	if want.Output != nil && compact(got.Output) != compact(want.Output) {
		x.report(at+"/output", "the output of step "+got.Path+" differs: "+where(got.Output, want.Output), compact(got.Output), compact(want.Output))
	}
	x.failure(at+"/error", "step "+got.Path, got.Error, want.Error)
	if want.Attempts != 0 && want.Attempts != got.Attempts {
		x.report(at+"/attempts", "the number of attempts differs", itoa(got.Attempts), itoa(want.Attempts))
	}
}

func (x *examiner) calls(at string, want callDoc, calls []Request) {
	what, n := cmp.Or(want.Step, want.Operation), 0
	keys := map[string]bool{}
	for _, r := range calls {
		if want.Step != "" && !stepFits(want.Step, r.Path) || want.Operation != "" && want.Operation != r.Operation {
			continue
		}
		n++
		keys[r.Key] = true
		if want.With == nil {
			continue
		}
		if why := contains(decoded(r.Input), decoded(want.With), ""); why != "" {
			x.report(at+"/with", fmt.Sprintf("the input of call %d of %s differs: %s", n, what, why), compact(r.Input), compact(want.With))
		}
	}
	if want.Times != nil && *want.Times != n {
		x.report(at+"/times", "the number of calls of "+what+" differs", itoa(n), itoa(*want.Times))
	}
	if want.Keys != nil && *want.Keys != len(keys) {
		x.report(at+"/keys", "the number of keys of "+what+" differs", itoa(len(keys)), itoa(*want.Keys))
	}
	if n == 0 && want.Times == nil {
		x.report(at, "there was no call of "+what, "0", "1 or more")
	}
}

// order looks for the wanted steps among the calls, one after another.
func (x *examiner) order(want []string, calls []Request) {
	i := 0
	for _, r := range calls {
		if i < len(want) && stepFits(want[i], r.Path) {
			i++
		}
	}
	if i == len(want) {
		return
	}
	var got []string
	for _, r := range calls {
		got = append(got, r.Path)
	}
	x.report("/expect/order/"+itoa(i), "no call of "+want[i]+" at this place of the order", strings.Join(got, ", "), strings.Join(want, ", "))
}

// events compares the events that the run published.
func (x *examiner) events(want []eventDoc, o *Outcome) {
	if want == nil {
		return
	}
	type cloudEvent struct {
		Type, Subject string
		Data          json.RawMessage
	}
	var got []cloudEvent
	for _, e := range o.History {
		var f struct{ Event cloudEvent }
		if e.Type == "Emitted" && json.Unmarshal(e.Data, &f) == nil {
			got = append(got, f.Event)
		}
	}
	if len(got) != len(want) {
		x.report("/expect/events", "the number of events differs", itoa(len(got)), itoa(len(want)))
		return
	}
	for i, w := range want {
		at, g := "/expect/events/"+itoa(i), got[i]
		if g.Type != w.Type {
			x.report(at+"/type", "the type of the event differs", g.Type, w.Type)
		}
		if w.Subject != nil && *w.Subject != g.Subject {
			x.report(at+"/subject", "the subject of the event differs", g.Subject, *w.Subject)
		}
		if w.Data != nil && compact(g.Data) != compact(w.Data) {
			x.report(at+"/data", "the data of the event differs: "+where(g.Data, w.Data), compact(g.Data), compact(w.Data))
		}
	}
}

// duration compares how long the run took; to the second where whole seconds
// are expected.
func (x *examiner) duration(text string, o *Outcome) {
	if text == "" {
		return
	}
	want, _ := duration(text) // was checked when the file was loaded
	got := o.Duration
	if want%time.Second == 0 {
		got = got.Truncate(time.Second)
	}
	if got != want {
		x.report("/expect/endsAfter", "the run took another time", expression.FormatDuration(o.Duration), expression.FormatDuration(want))
	}
}

// actions compares what the run refused with what it was to refuse.
func (x *examiner) actions(c *Case, o *Outcome) {
	for _, a := range c.Actions {
		why, refused := o.Refused[a.Index]
		switch at := "/timeline/" + itoa(a.Index); {
		case refused && !a.expectRefused:
			x.report(at, "the run did not take it: "+why, "refused", "taken")
		case !refused && a.expectRefused:
			x.report(at+"/refused", "the run took it", "taken", "refused")
		}
	}
}
