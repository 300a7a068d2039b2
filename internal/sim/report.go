package sim

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

const verbs = int(graph.Rollback) + 1

// Report counts what runs have reached.
type Report struct {
	runs, turns, inputs, events, calls, answers, wants, split, midway, undone int
	messages, children, slots, answered, unanswered                   int
	compared                                                          int
	skipped                                                           map[string]int
	faulty                                                            int // runs with a fault that struck
	struck                                                            int
	met                                                               [verbs][faults]int
	kinds                                                             [lastKind + 1]int
	status                                                            [graph.Stuck + 1]int
}

func newReport() *Report { return &Report{skipped: map[string]int{}} }

func (r *Report) turn(t *fact.Turn) {
	r.turns++
	r.inputs += t.Taken
	r.events += len(t.Events)
}

// hit counts a fault for verbs.
func (r *Report) hit(f Fault, met map[graph.Kind]bool) {
	for k, new := range met {
		if new {
			r.met[k][f]++
		}
	}
}

func (r *Report) end(o *outcome) {
	r.runs++
	if r.struck > 0 {
		r.faulty++
	}
	r.status[o.status]++
}

// Add adds the counts of another report.
func (r *Report) Add(o *Report) {
	r.runs += o.runs
	r.turns += o.turns
	r.inputs += o.inputs
	r.events += o.events
	r.calls += o.calls
	r.answers += o.answers
	r.wants += o.wants
	r.split += o.split
	r.midway += o.midway
	r.undone += o.undone
	r.messages += o.messages
	r.children += o.children
	r.slots += o.slots
	r.answered += o.answered
	r.unanswered += o.unanswered
	r.compared += o.compared
	r.faulty += o.faulty
	r.struck += o.struck
	for what, n := range o.skipped {
		r.skipped[what] += n
	}
	for k := range r.met {
		for f := range r.met[k] {
			r.met[k][f] += o.met[k][f]
		}
	}
	for k := range r.kinds {
		r.kinds[k] += o.kinds[k]
	}
	for s := range r.status {
		r.status[s] += o.status[s]
	}
}

// WriteTo writes the counts and the table of verbs and faults.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%d runs, %d with a fault that struck (%d faults), %d turns, %d inputs, %d events, %d calls, %d answers to callers\n",
		r.runs, r.faulty, r.struck, r.turns, r.inputs, r.events, r.calls, r.answers)
	fmt.Fprintf(w, "%d compared with the calm run", r.compared)
	var whys []string
	for why := range r.skipped {
		whys = append(whys, why)
	}
	slices.Sort(whys)
	for _, why := range whys {
		fmt.Fprintf(w, ", %d not (%s)", r.skipped[why], why)
	}
	fmt.Fprintf(w, "; %d turns split, %d begun midway, %d times bytes wanted by the twin only, %d effects undone\n", r.split, r.midway, r.wants, r.undone)
	fmt.Fprintf(w, "%d children, %d messages, %d slots granted, %d answers of people taken and %d refused\n",
		r.children, r.messages, r.slots, r.answered, r.unanswered)
	for s, n := range r.status {
		if n > 0 {
			fmt.Fprintf(w, "%s %d  ", graph.Status(s), n)
		}
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for _, v := range ran {
		fmt.Fprintf(t, "%s\t", v.name)
	}
	fmt.Fprintln(t)
	for f := range faults {
		fmt.Fprintf(t, "%s\t", f)
		for _, v := range ran {
			fmt.Fprintf(t, "%d\t", r.met[v.kind][f])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// ran are the verbs that this version runs.
var ran = []struct {
	kind graph.Kind
	name string
}{
	{graph.Action, "action"},
	{graph.Compose, "compose"},
	{graph.Set, "set"},
	{graph.If, "if"},
	{graph.Switch, "switch"},
	{graph.Foreach, "foreach"},
	{graph.While, "while"},
	{graph.Until, "until"},
	{graph.Parallel, "parallel"},
	{graph.Race, "race"},
	{graph.Scope, "do"},
	{graph.Wait, "wait"},
	{graph.Await, "await"},
	{graph.Approval, "approval"},
	{graph.CallWorkflow, "call"},
	{graph.Emit, "emit"},
	{graph.Respond, "respond"},
	{graph.Return, "return"},
	{graph.Fail, "fail"},
	{graph.Terminate, "terminate"},
	{graph.Rollback, "rollback"},
}

// Missing lists what was never reached: pairs of verb and fault, and kinds of
// facts.
func (r *Report) Missing() []string {
	var none []string
	for _, v := range ran {
		for f := range faults {
			if r.met[v.kind][f] == 0 {
				none = append(none, v.name+" × "+f.String())
			}
		}
	}
	for k := range r.kinds {
		if f := interpreter.Facts.New(fact.Kind(k)); f != nil && r.kinds[k] == 0 {
			none = append(none, fact.NameOf(f))
		}
	}
	return none
}

// traceTurn notes what a turn took and decided.
func (s *run) traceTurn(in []interpreter.Input, t *fact.Turn) {
	if s.trace == nil {
		return
	}
	s.trace.add("turn %d at %s, %d offered", len(s.record)+1, s.wall().Format("01-02T15:04:05.000"), len(in))
	for _, x := range in {
		s.trace.add("  < %T %s", x, shown(x))
	}
	for i := range t.Events {
		s.trace.add("  %s", lineOf(t.Events, i))
	}
	for _, r := range t.Refused {
		s.trace.add("  refused %d: %s", r.Index, r.Error())
	}
}

func shown(x any) string {
	if r, ok := x.(interpreter.CallResult); ok {
		return fmt.Sprintf("%s@%d %s %v", r.Path, r.Attempt, r.Output, r.Err)
	}
	return fmt.Sprintf("%+v", x)
}

func itoa(n int) string { return strconv.Itoa(n) }
