package sim

import (
	"fmt"
	"strings"
)

// Fault is one kind of what can go wrong around a run.
type Fault uint8

// The faults.
const (
	CrashBefore  Fault = iota // the process ends when a turn is decided, before it is appended
	CrashAfter                // when it is appended, before its commands are issued
	CrashIssued               // when its commands are issued
	CrashIdle                 // between two turns
	AppendFails               // the append is refused; the machine is dropped and read again
	AppendLost                // the append's outcome is unknown; it did not happen
	AppendKept                // the append's outcome is unknown; it did happen
	LostAnswer                // a call had its effect, its answer is lost
	Duplicate                 // an answer, timer or signal comes twice
	Reorder                   // what waits is taken in another order
	Batch                     // what waits is taken many at once
	ClockForward              // the clock steps forward
	ClockBack                 // the clock steps back
	LateTimer                 // a timer fires long after it is due
	StaleTimer                // a timer that is not open fires
	StaleResult               // a call that is not open answers
	Snapshot                  // the machine is replaced by one that begins with its state
	Carry                     // the whole state is recorded, the history before it is cut off
	Cancel                    // the run is cancelled
	CancelTwice               // and once more
	Suspend                   // the run is suspended for a while
	Stuck                     // the run is set aside for a while and read again
	byChance                  // those below follow from the workflow
)

// What a workflow brings about by itself.
const (
	Split = byChance + iota // a turn ends at its bound
	Lack                    // bytes are lacking and brought
	Depth                   // a child would have too many parents
	faults
)

var faultNames = [faults]string{
	"crash-before", "crash-after", "crash-issued", "crash-idle", "append-fails", "append-lost", "append-kept",
	"lost-answer", "duplicate", "reorder", "batch", "clock-forward", "clock-back", "late-timer", "stale-timer",
	"stale-result", "snapshot", "carry", "cancel", "cancel-twice", "suspend", "stuck", "split", "lack", "depth",
}

// String returns the name as tables show it.
func (f Fault) String() string { return faultNames[f] }

// plan says which faults a run meets and how often: in percent of the moments
// at which one could strike, 0 for never.
type plan struct {
	percent [faults]int
	each    [faults]dice // so that one fault does not move the others
	dice    dice         // how it strikes
	checks  dice         // which checks are made
	crashes int          // that are left
	// cancelAt is the turn before which the run is cancelled, if it is.
	cancelAt int

	// A plan with at above 0 lets only strike, the at-th time that it could.
	only Fault
	at   int
}

// strikes tells whether a fault strikes now.
func (p *plan) strikes(f Fault) bool {
	if p.at > 0 && f == p.only {
		p.at--
		return p.at == 0
	}
	return p.percent[f] > 0 && p.each[f].chance(p.percent[f])
}

// maxCrashes bounds the crashes and failed appends of one run, so that it
// gets on.
const maxCrashes = 25

// calmPlan has no faults.
func calmPlan(seed uint64) *plan {
	p := &plan{dice: newDice(seed, "faults"), checks: newDice(seed, "checks"), crashes: maxCrashes}
	for f := range faults {
		p.each[f] = newDice(seed, f.String())
	}
	return p
}

// newPlan draws the faults of a seed for a run that takes so many turns when
// it is calm. About one run in twenty-five has none.
func newPlan(seed uint64, turns int) *plan {
	p := calmPlan(seed)
	p.cancelAt = 1 + p.dice.n(turns+2)
	if p.dice.chance(4) {
		return p
	}
	share := one(p.dice, 30, 50, 80)
	for f := range byChance {
		often := one(p.dice, 6, 14, 35)
		if p.dice.chance(share) {
			p.percent[f] = often
		}
	}
	// These two end a run early: most runs must get through.
	if !p.dice.chance(36) {
		p.percent[Cancel], p.percent[CancelTwice] = 0, 0
	} else if p.dice.chance(60) {
		p.percent[CancelTwice] = 60
	}
	return p
}

// aim has most seeds of a workflow that is made to have a cell meet a fault for
// which there are few moments. at is the turn in which the calm run reaches the
// cell, 0 if it does not.
func (p *plan) aim(at int) {
	switch f := one(p.dice, byChance, byChance, byChance, LostAnswer, Batch, LateTimer, Cancel, CancelTwice); f {
	case byChance:
	case Cancel, CancelTwice:
		for g := CrashBefore; g <= AppendKept; g++ {
			p.percent[g] = 0
		}
		p.percent[Cancel], p.percent[f] = 60, 60
		if at > 0 {
			p.cancelAt = max(at-p.dice.n(3), 1)
		}
	case LostAnswer: // at the same time as another thing, too
		p.percent[LostAnswer], p.percent[Batch] = 60, 60
	default:
		p.percent[f] = 60
	}
}

// without returns the plan of the seed with some faults taken out.
func (p *plan) without(out [faults]bool) *plan {
	for f, gone := range out {
		if gone {
			p.percent[f] = 0
		}
	}
	return p
}

// String lists the faults with their percentages.
func (p *plan) String() string {
	var parts []string
	for f, n := range p.percent {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d%%", Fault(f), n))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}
