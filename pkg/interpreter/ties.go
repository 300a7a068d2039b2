package interpreter

// Ties is what others keep of a run that has not ended, so that its own
// records are not all that it needs to go on.
type Ties struct {
	Slot     bool     // a limit counts it, or has it wait
	Events   bool     // the book of events knows what it waits for
	Parent   string   // waits for its end
	Children []string // whose ends it waits for, or that it can stop
}

// Ties returns what others keep of the run; nothing once it has ended.
func (m *Machine) Ties() Ties {
	if m.Ended() {
		return Ties{}
	}
	t := Ties{Slot: m.st.asked, Events: m.st.matched}
	if parent, _, waits := m.Parent(); waits {
		t.Parent = parent
	}
	for _, s := range m.st.children.all() {
		t.Children = append(t.Children, s.child)
	}
	return t
}
