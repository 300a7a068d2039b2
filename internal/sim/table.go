package sim

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/keelstep/keelstep/pkg/fact"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

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

// of returns how often faults struck a verb in a container.
func (r *Report) of(v graph.Kind, in container, f Fault) int {
	return r.met[cell{v, in}.index()][f]
}

// writeTables writes how often each verb met each fault, and each container;
// and of each fault how seldom it struck a verb in a container.
func (r *Report) writeTables(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	row := func(name string, count func(graph.Kind) int) {
		fmt.Fprintf(t, "%s\t", name)
		for _, v := range ran {
			if n := count(v.kind); n < 0 {
				fmt.Fprint(t, "-\t")
			} else {
				fmt.Fprintf(t, "%d\t", n)
			}
		}
		fmt.Fprintln(t)
	}
	fmt.Fprint(t, "fault\t")
	for _, v := range ran {
		fmt.Fprintf(t, "%s\t", v.name)
	}
	fmt.Fprintln(t)
	for f := range faults {
		row(f.String(), func(v graph.Kind) (n int) {
			if f.spares(v) != "" {
				return -1
			}
			for in := range containers {
				n += r.of(v, in, f)
			}
			return n
		})
	}
	for in := range containers {
		row("in "+containerNames[in], func(v graph.Kind) (n int) {
			if (cell{v, in}).impossible() != "" {
				return -1
			}
			for f := range faults {
				n += r.of(v, in, f)
			}
			return n
		})
	}
	t.Flush()
	for f := range faults {
		counts, empty := r.counts(f)
		least := ""
		if len(empty) == 0 {
			least = " (" + r.named(f, counts[0]) + ")"
		}
		fmt.Fprintf(w, "%s: %d cells of verb and container, least %d%s, median %d, %d empty\n",
			f, len(counts), counts[0], least, counts[len(counts)/2], len(empty))
		if len(empty) <= namedCells {
			for _, cell := range empty {
				fmt.Fprintf(w, "  empty: %s\n", cell)
			}
		}
	}
}

// namedCells is up to how many empty cells of a fault are named.
const namedCells = 10

// counts returns how often a fault struck each possible verb in a container,
// ascending, and those that it never struck.
func (r *Report) counts(f Fault) (counts []int, empty []string) {
	for _, v := range ran {
		for in := range containers {
			if (cell{v.kind, in}).impossible() != "" || f.spares(v.kind) != "" {
				continue
			}
			n := r.of(v.kind, in, f)
			if counts = append(counts, n); n == 0 {
				empty = append(empty, v.name+" in "+containerNames[in]+" × "+f.String())
			}
		}
	}
	slices.Sort(counts)
	return counts, empty
}

// named returns a verb in a container that a fault struck so often.
func (r *Report) named(f Fault, n int) string {
	for _, v := range ran {
		for _, in := range allContainers {
			if c := (cell{v.kind, in}); c.impossible() == "" && f.spares(v.kind) == "" && r.of(v.kind, in, f) == n {
				return v.name + " in " + containerNames[in]
			}
		}
	}
	return ""
}

// WriteCells writes how often each fault struck each verb in each container.
// A cell that cannot be has a dash; the reasons stand in impossible and spares.
func (r *Report) WriteCells(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "verb\tin\t")
	for f := range faults {
		fmt.Fprintf(t, "%s\t", f)
	}
	fmt.Fprintln(t)
	for _, v := range ran {
		for _, in := range allContainers {
			fmt.Fprintf(t, "%s\t%s\t", v.name, containerNames[in])
			for f := range faults {
				if (cell{v.kind, in}).impossible() != "" || f.spares(v.kind) != "" {
					fmt.Fprint(t, "-\t")
				} else {
					fmt.Fprintf(t, "%d\t", r.of(v.kind, in, f))
				}
			}
			fmt.Fprintln(t)
		}
	}
	t.Flush()
}

// Enough runs to reach each verb with each fault, and each verb in each
// container.
const (
	enoughForPairs = 10_000
	enoughForCells = 20_000
)

// Missing lists what so many runs should have reached and have not: verbs with
// faults, verbs in containers, and kinds of facts; and, from full runs on, each
// verb in each container with each fault.
func (r *Report) Missing(full int) []string {
	var none []string
	if r.runs < min(enoughForPairs, full) {
		return nil
	}
	for f := range faults {
		counts, empty := r.counts(f)
		switch {
		case r.runs >= full:
			none = append(none, empty...)
		case len(empty) == len(counts) && (f < byChance || r.runs >= enoughForCells):
			none = append(none, f.String())
		}
	}
	for _, v := range ran {
		for f := range faults {
			if f.spares(v.kind) != "" || f >= byChance && r.runs < enoughForCells {
				continue
			}
			if !slices.ContainsFunc(allContainers, func(in container) bool { return r.of(v.kind, in, f) > 0 }) {
				none = append(none, v.name+" × "+f.String())
			}
		}
		for _, in := range allContainers {
			c := cell{v.kind, in}
			if met := r.met[c.index()]; r.runs >= enoughForCells && c.impossible() == "" && !slices.ContainsFunc(met[:], func(n int) bool { return n > 0 }) {
				none = append(none, v.name+" in "+containerNames[in])
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

var allContainers = func() (all []container) {
	for in := range containers {
		all = append(all, in)
	}
	return all
}()
