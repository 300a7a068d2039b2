package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
)

func statusCommand(a *app) *cobra.Command {
	var at place
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "Show how an engine does",
		Long: `status shows how many runs there are, how large the log is and how fast it
grows, how much room the disk has left, what was dropped last, and how the
server's own backups stand.`,
		Example: "  engine status\n  engine status --server http://127.0.0.1:8080 --json",
		Args:    wantArgs(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.connect(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer r.close()
			s, err := r.Status(cmd.Context())
			if err != nil {
				return explain(err)
			}
			if asJSON {
				return a.printJSON(s)
			}
			a.printStatus(s, r.still)
			return nil
		},
	}
	at.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// worthCompacting is the share of free room from which compacting is advised,
// in files above leastCompact bytes.
const (
	worthCompacting = 0.5
	leastCompact    = 64 << 20
)

func (a *app) printStatus(s client.EngineStatus, still bool) {
	line := func(name, format string, args ...any) {
		writef(a.out, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	if still {
		line("engine", "none serves here; this is what its log says")
	} else {
		line("engine", "since %s", s.StartedAt.Local().Format(time.DateTime))
	}
	line("runs", "%s", runCounts(s.Runs))
	if l := s.Log; l.Bytes > 0 {
		line("log", "%s, %s of it free", inBytes(l.Bytes), inBytes(l.FreeBytes))
		if l.Bytes >= leastCompact && float64(l.FreeBytes) >= worthCompacting*float64(l.Bytes) {
			line("", "%s", styleDim.Render(`"`+self()+` compact" would give most of that back`))
		}
	}
	if g := s.Growth; g.MeasuredOver != "" {
		text := fmt.Sprintf("%s a day, measured over %s", inBytes(g.BytesPerDay), g.MeasuredOver)
		if g.FullIn != "" {
			text += "; full in " + g.FullIn
		}
		line("growth", "%s", text)
	}
	if d := s.Disk; d != (client.DiskRoom{}) {
		line("disk", "%s left; new starts are refused below %s", inBytes(d.FreeBytes), inBytes(d.KeptFree))
	}
	a.printRetention(s.Retention, line)
	if !still {
		printBackup(s.Backups, line)
	}
}

// printBackup says how the server's own backups stand.
func printBackup(b client.BackupStatus, line func(name, format string, args ...any)) {
	if !b.Configured {
		line("backups", "none by itself; the environment can ask for them")
		return
	}
	last := "none yet"
	if b.Last.File != "" {
		last = fmt.Sprintf("last at %s, %s in %s", b.Last.At.Local().Format(time.DateTime), inBytes(b.Last.Bytes), screen.Clean(b.Last.File))
	}
	line("backups", "every %s, the newest %d stay; %s", b.Every, b.Keep, last)
	if !b.Next.IsZero() {
		line("", "next at %s", b.Next.Local().Format(time.DateTime))
	}
	if b.Failures > 0 {
		line("", "%s the last %d failed, the newest at %s: %s", styleBad.Render("✗"), b.Failures, b.FailedAt.Local().Format(time.DateTime), oneLine(b.Error))
	}
}

func (a *app) printRetention(r client.RetentionStatus, line func(name, format string, args ...any)) {
	p := r.Pass
	switch {
	case !r.On:
		line("retention", "off")
	case p.At.IsZero():
		line("retention", "on, first at %s", r.NextAt.Local().Format(time.DateTime))
	default:
		line("retention", "%d %s dropped at %s in %s, %d kept for their family",
			p.Runs, plural(p.Runs, "run"), p.At.Local().Format(time.DateTime), p.Took, p.KeptForFamily)
	}
	if p.Error != "" {
		line("", "cut off: %s", oneLine(p.Error))
	}
	if w := r.Sweep; !w.At.IsZero() {
		line("payloads", "%d dropped (%s) at %s, %d kept (%s)",
			w.Removed, inBytes(w.RemovedBytes), w.At.Local().Format(time.DateTime), w.Kept, inBytes(w.KeptBytes))
		if w.Error != "" {
			line("", "cut off: %s", oneLine(w.Error))
		}
	}
}

func runCounts(runs map[string]int) string {
	if len(runs) == 0 {
		return "none"
	}
	var all []string
	for _, status := range slices.Sorted(maps.Keys(runs)) {
		all = append(all, fmt.Sprintf("%d %s", runs[status], status))
	}
	return strings.Join(all, ", ")
}

// inBytes is a number of bytes as people say it.
func inBytes(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	size, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, next
	}
	if unit == "B" {
		return fmt.Sprintf("%s%d B", sign, n)
	}
	return fmt.Sprintf("%s%.1f %s", sign, size, unit)
}
