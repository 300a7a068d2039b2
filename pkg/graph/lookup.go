package graph

// Lookup is what follows from a workflow's steps and is asked for all the
// time. Nothing in it may be changed.
type Lookup struct {
	After [][]*Node        // by Node.Index: who has an edge from it
	Vars  map[string]int   // position in Workflow.Vars
	Steps map[string]*Node // those that authors can name, by ID
}

// Seal works out the lookup of a workflow that is complete. Whoever builds one
// calls it once, before others see the workflow.
func (w *Workflow) Seal() { w.lookup = newLookup(w) }

// Lookup returns the lookup of the workflow, worked out anew when it was never
// sealed.
func (w *Workflow) Lookup() *Lookup {
	if w.lookup != nil {
		return w.lookup
	}
	return newLookup(w)
}

func newLookup(w *Workflow) *Lookup {
	l := &Lookup{
		After: make([][]*Node, len(w.Nodes)),
		Vars:  make(map[string]int, len(w.Vars)),
		Steps: make(map[string]*Node, len(w.Nodes)),
	}
	for _, n := range w.Nodes {
		if !n.notifies() {
			l.Steps[n.ID] = n
		}
		for _, e := range n.After {
			l.After[e.From.Index] = append(l.After[e.From.Index], n)
		}
	}
	for i, v := range w.Vars {
		l.Vars[v.Name] = i
	}
	return l
}

// notifies tells that a step is the notification of a task: authors cannot
// name it, and a step of theirs may have its ID.
func (n *Node) notifies() bool {
	o := n.Block.Owner
	return o != nil && o.Approval != nil && o.Approval.Notify == n.Block
}
