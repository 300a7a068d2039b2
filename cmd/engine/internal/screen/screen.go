// Package screen shows runs to people: as a tree of steps, drawn once or
// again and again in place, as plain lines, and as tables. It knows nothing
// of where a run comes from and keeps no time of its own.
package screen

import (
	"encoding/json"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/keelstep/keelstep/pkg/graph"
)

// Run is a run as it is shown.
type Run struct {
	ID, Workflow, Version string
	Status                graph.Status
	Cancelling            bool
	StartedAt, EndedAt    time.Time
	Error                 *Error
	Output                json.RawMessage
	Steps                 []Step // in the order in which they first ran
}

// Step is one execution of a step.
type Step struct {
	Path               string
	Kind               string
	Operation          string
	Status             graph.Status
	Reason             string
	Attempt            int
	StartedAt, EndedAt time.Time
	Due                time.Time // of the retry or the wait that it is in
	WaitsFor           string    // the limit that its call waits for
	Error              *Error
}

// Error is why a step or a run failed.
type Error struct {
	Code    string
	Message string
	Step    string
}

// String returns code and message.
func (e *Error) String() string {
	switch {
	case e == nil:
		return ""
	case e.Message == "":
		return e.Code
	case e.Code == "":
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// look is how a status is shown.
type look struct {
	glyph string
	word  string
	style lipgloss.Style
}

var (
	dim    = lipgloss.NewStyle().Faint(true)
	bold   = lipgloss.NewStyle().Bold(true)
	green  = lipgloss.NewStyle().Foreground(lipgloss.Green)
	red    = lipgloss.NewStyle().Foreground(lipgloss.Red)
	yellow = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	cyan   = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
)

// lookOf returns glyph, word and colour of a status.
func lookOf(s graph.Status) look {
	switch s {
	case graph.Succeeded:
		return look{"✓", "succeeded", green}
	case graph.Failed:
		return look{"✗", "failed", red}
	case graph.TimedOut:
		return look{"✗", "timed out", red}
	case graph.Running:
		return look{"●", "running", cyan}
	case graph.Waiting:
		return look{"◷", "waiting", yellow}
	case graph.Skipped:
		return look{"–", "skipped", dim}
	case graph.Cancelled:
		return look{"⊘", "cancelled", yellow}
	case graph.Stuck:
		return look{"!", "stuck", red}
	case graph.Queued, graph.Suspended:
		return look{"◷", s.String(), yellow}
	default:
		return look{"·", "pending", dim}
	}
}

// Status returns the word for s in its colour, with its glyph.
func Status(s graph.Status) string {
	l := lookOf(s)
	return l.style.Render(l.glyph + " " + l.word)
}

// Elapsed prints a duration the way one looks at a clock: 0.3s, 12.4s,
// 3m05s, 2h10m, 3d4h.
func Elapsed(d time.Duration) string {
	d = max(d, 0)
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return tenth(d)
	case d < time.Hour:
		return pair(d, time.Minute, "m", time.Second, "s")
	case d < day:
		return pair(d, time.Hour, "h", time.Minute, "m")
	default:
		return pair(d, day, "d", time.Hour, "h")
	}
}
