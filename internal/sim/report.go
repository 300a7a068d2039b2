package sim

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

const verbs = int(graph.Rollback) + 1

// Report counts what runs have reached.
type Report struct {
	runs, turns, inputs, events, calls, answers, wants, split, midway, undone int
	messages, children, slots, pooled, answered, unanswered, restarts         int
	compared, fired, byCron                                                   int
	skipped                                                                   map[string]int
	faulty                                                                    int // runs with a fault that struck
	struck                                                                    [faults]int
	met                                                                       [verbs * int(containers)][faults]int
	kinds                                                                     [lastKind + 1]int
	status                                                                    [graph.Stuck + 1]int
}

func newReport() *Report { return &Report{skipped: map[string]int{}} }

func (r *Report) turn(t *fact.Turn) {
	r.turns++
	r.inputs += t.Taken
	r.events += len(t.Events)
}

// hit counts a fault for cells.
func (r *Report) hit(f Fault, met cells) { met.each(func(i int) { r.met[i][f]++ }) }

func (r *Report) end(o *outcome, struck int) {
	r.runs++
	if struck > 0 {
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
	r.pooled += o.pooled
	r.restarts += o.restarts
	r.answered += o.answered
	r.unanswered += o.unanswered
	r.compared += o.compared
	r.fired += o.fired
	r.byCron += o.byCron
	r.faulty += o.faulty
	for f, n := range o.struck {
		r.struck[f] += n
	}
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
		r.runs, r.faulty, r.strikes(), r.turns, r.inputs, r.events, r.calls, r.answers)
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
	fmt.Fprintf(w, "%d children, %d firings of triggers (%d by cron), %d messages, %d slots granted (%d of a shared limit), %d restarts, %d answers of people taken and %d refused\n",
		r.children, r.fired, r.byCron, r.messages, r.slots, r.pooled, r.restarts, r.answered, r.unanswered)
	for s, n := range r.status {
		if n > 0 {
			fmt.Fprintf(w, "%s %d  ", graph.Status(s), n)
		}
	}
	fmt.Fprintln(w)
	r.writeTables(w)
}

// strikes returns how many faults struck.
func (r *Report) strikes() (n int) {
	for _, k := range r.struck {
		n += k
	}
	return n
}

// traceTurn notes what a turn took and decided.
func (s *run) traceTurn(in []interpreter.Input, t *fact.Turn) {
	if s.trace == nil {
		return
	}
	s.trace.add("turn %d at %s, %d offered", len(s.record)+1, s.wall().Format("01-02T15:04:05.000"), len(in))
	for _, x := range in {
		s.trace.add("  < %T %s", x, inputText(x))
	}
	for i := range t.Events {
		s.trace.add("  %s", lineOf(t.Events, i))
	}
	for _, r := range t.Refused {
		s.trace.add("  refused %d: %s", r.Index, r.Error())
	}
}

func inputText(x any) string {
	if r, ok := x.(interpreter.CallResult); ok {
		return fmt.Sprintf("%s@%d %s %v", r.Path, r.Attempt, r.Output, r.Err)
	}
	return fmt.Sprintf("%+v", x)
}

func itoa(n int) string { return strconv.Itoa(n) }
