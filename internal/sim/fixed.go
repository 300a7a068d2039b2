package sim

import "time"

// Fixed returns a program of a workflow that was written by hand.
func Fixed(name string, source []byte, input string, signals ...Signal) (*Program, error) {
	p := &Program{Name: name, Seed: 1, Source: source, Input: []byte(input)}
	for _, s := range signals {
		p.Signals = append(p.Signals, scripted{s.Name, s.Data, s.After})
	}
	return p, p.compile()
}

// Signal is one that comes by itself, a while after the start.
type Signal struct {
	Name, Data string
	After      time.Duration
}
