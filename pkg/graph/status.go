package graph

import "fmt"

// Status is where a step or a run stands.
type Status uint8

// The statuses. Queued, Suspended and Stuck are of runs only; Pending and
// Skipped of steps only.
const (
	Pending Status = iota
	Running
	Waiting
	Succeeded
	Failed
	TimedOut
	Skipped
	Cancelled
	Queued
	Suspended
	Stuck
)

var statusNames = [...]string{
	"pending", "running", "waiting", "succeeded", "failed", "timedOut",
	"skipped", "cancelled", "queued", "suspended", "stuck",
}

// String returns the name that authors and the API use.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// ParseStatus returns the status of that name.
func ParseStatus(name string) (Status, bool) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), true
		}
	}
	return 0, false
}

// Ended tells whether nothing more can happen to a step or run in that status.
func (s Status) Ended() bool {
	switch s {
	case Succeeded, Failed, TimedOut, Skipped, Cancelled:
		return true
	default:
		return false
	}
}

// StatusSet is a set of statuses.
type StatusSet uint16

// Statuses returns the set of ss.
func Statuses(ss ...Status) StatusSet {
	var set StatusSet
	for _, s := range ss {
		set |= 1 << s
	}
	return set
}

// Has tells whether s is in the set.
func (set StatusSet) Has(s Status) bool { return set&(1<<s) != 0 }

// BlockStatus returns the status of a block whose steps have all ended, by
// its leaves: a failure is handled once the last step on each path succeeded.
// Leaves are the steps that no sibling names as a predecessor; a skipped leaf
// stands for its own predecessors, one without any disappears. The block
// failed when a remaining leaf failed, timed out when one timed out and none
// failed, and succeeded otherwise. This is the rule of Azure Logic Apps
// ("Run after" and scopes). failed is the positions of the leaves that failed
// or timed out.
func BlockStatus(b *Block, of func(pos int) Status) (status Status, failed []int) {
	leaf := make([]bool, len(b.Nodes))
	for i := range leaf {
		leaf[i] = true
	}
	for _, n := range b.Nodes {
		for _, e := range n.After {
			leaf[e.From.Pos] = false
		}
	}
	seen := make([]bool, len(b.Nodes))
	status = Succeeded
	var visit func(pos int)
	visit = func(pos int) {
		if seen[pos] {
			return
		}
		seen[pos] = true
		switch of(pos) {
		case Skipped:
			for _, e := range b.Nodes[pos].After {
				visit(e.From.Pos)
			}
		case Failed:
			status, failed = Failed, append(failed, pos)
		case TimedOut:
			if status != Failed {
				status = TimedOut
			}
			failed = append(failed, pos)
		default: // succeeded and cancelled leaves change nothing
		}
	}
	for i := range b.Nodes {
		if leaf[i] {
			visit(i)
		}
	}
	return status, failed
}
