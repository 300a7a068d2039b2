package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// maxFirings is how many firings engine schedule shows at most.
const maxFirings = 10_000

// scheduleOptions is the flags of engine schedule.
type scheduleOptions struct {
	cron, every, zone, from, workflow string
	count                             int
	json                              bool
}

func scheduleCommand(a *app) *cobra.Command {
	var o scheduleOptions
	c := &cobra.Command{
		Use:   "schedule [PATH]",
		Short: "Show when schedules fire",
		Long: `schedule shows the next firings of the schedule triggers of a workflow file or a
project, in their zone and in UTC, and what the next two changes of the zone's
clock do to them. With --cron or --every it does so for a schedule that is in
no file.

A local time that the clock skips fires at the first instant after the gap; one
that comes twice fires the first time. A cron for every hour fires in each hour
that passes.`,
		Example: `  engine schedule workflows/order.yaml
  engine schedule --cron "30 7 * * 1-5" --zone Europe/Berlin
  engine schedule --every 90m --count 3 --from 2026-01-31`,
		Args: wantArgs(0, 1, "a file or a folder"),
		RunE: func(_ *cobra.Command, args []string) error { return a.schedule(args, o) },
	}
	f := c.Flags()
	f.StringVar(&o.cron, "cron", "", "a cron expression instead of a file")
	f.StringVar(&o.every, "every", "", "an interval instead of a file, such as 90m or 1d")
	f.StringVar(&o.zone, "zone", "", "time zone: an IANA or a Windows name (default that of the trigger, or UTC)")
	f.StringVar(&o.from, "from", "", "a time, or a date in the zone, after which to look (default now)")
	f.IntVar(&o.count, "count", 5, "how many firings to show")
	f.StringVar(&o.workflow, "workflow", "", "which workflow of the project")
	f.BoolVar(&o.json, "json", false, "JSON")
	_ = c.RegisterFlagCompletionFunc("zone", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { // fails only for an unknown flag
		return zone.Names(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// planned is one schedule and where it stands.
type planned struct {
	Workflow string       `json:"workflow,omitempty"`
	Trigger  string       `json:"trigger,omitempty"`
	Cron     string       `json:"cron,omitempty"`
	Every    string       `json:"every,omitempty"`
	Zone     string       `json:"zone"`
	Firings  []firing     `json:"firings"`
	Changes  []zoneChange `json:"changes"`

	spec schedule.Spec
}

// firing is one firing as it is shown.
type firing struct {
	At    time.Time `json:"at"`
	UTC   time.Time `json:"utc"`
	Shift string    `json:"shift,omitempty"` // moved, firstOfTwo, secondOfTwo
	Local string    `json:"local"`           // the local time that was planned
}

// zoneChange is a change of a zone's clock, and the firings before and after.
type zoneChange struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Firings []firing  `json:"firings"`

	by time.Duration
}

func (a *app) schedule(args []string, o scheduleOptions) error {
	if o.count < 1 || o.count > maxFirings {
		return usagef("", "--count is 1 to %d, not %d", maxFirings, o.count)
	}
	all, err := a.planned(args, o)
	if err != nil {
		return err
	}
	for i := range all {
		from, err := a.after(o.from, all[i].spec.Zone)
		if err != nil {
			return err
		}
		all[i].look(from, o.count)
	}
	if o.json {
		return a.printJSON(struct {
			Schedules []planned `json:"schedules"`
		}{all})
	}
	for i, p := range all {
		if i > 0 {
			writef(a.out, "\n")
		}
		a.printPlanned(p)
	}
	return nil
}

// planned returns the schedules that the command line is about.
func (a *app) planned(args []string, o scheduleOptions) ([]planned, error) {
	bare := o.cron != "" || o.every != ""
	switch {
	case o.cron != "" && o.every != "":
		return nil, usagef("", "a schedule has --cron or --every, not both")
	case bare && len(args) > 0:
		return nil, usagef("", "--cron and --every stand for themselves: leave out %s", args[0])
	case bare:
		s := graph.ScheduleTrigger{Cron: o.cron, Zone: o.zone}
		if o.every != "" {
			d, err := expression.ParseDuration(o.every)
			if err != nil {
				return nil, usagef("", "--every: %s", err)
			}
			s.Every = d
		}
		p, err := planOf(&s, "")
		if err != nil {
			return nil, err
		}
		return []planned{p}, nil
	case len(args) == 0:
		return nil, usagef(`"`+self()+` schedule --cron '30 7 * * 1-5'" needs no file`, "schedule needs a file or a folder")
	}
	p, err := openWorkflows(args[0])
	if err != nil {
		return nil, err
	}
	ws, err := a.graphs(p, o.workflow)
	if err != nil {
		return nil, err
	}
	var all []planned
	for _, w := range ws {
		for _, t := range w.Triggers {
			if t.Schedule == nil {
				continue
			}
			s, err := planOf(t.Schedule, o.zone)
			if err != nil {
				return nil, err
			}
			s.Workflow, s.Trigger = w.Name, t.ID
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, usagef(`such as "schedule: { cron: '30 7 * * 1-5', timezone: Europe/Berlin }"`, "%s has no schedule trigger", args[0])
	}
	return all, nil
}

// planOf reads a schedule. zoneName, if it is not empty, stands for its zone.
func planOf(t *graph.ScheduleTrigger, zoneName string) (planned, error) {
	if zoneName == "" {
		zoneName = t.Zone
	}
	loc, err := zone.Load(zoneName)
	if err != nil {
		return planned{}, usagef("", "%s", err)
	}
	p := planned{Cron: t.Cron, Zone: loc.String(), spec: schedule.Spec{Every: t.Every, Zone: loc}}
	if t.Cron == "" {
		p.Every = expression.FormatDuration(t.Every)
		if t.Every < schedule.MinEvery {
			return planned{}, usagef("", "the shortest interval is %s, not %s", schedule.MinEvery, p.Every)
		}
		return p, nil
	}
	if p.spec.Cron, err = schedule.Parse(t.Cron); err != nil {
		return planned{}, usagef("", "--cron: %s", err)
	}
	return p, nil
}

// after reads the time after which to look: a date is the beginning of the day
// in the zone.
func (a *app) after(text string, loc *time.Location) (time.Time, error) {
	if text == "" {
		return a.clock.Now(), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, loc); err == nil {
		return day.Add(-1), nil // a firing at midnight is one of the day
	}
	t, err := expression.ParseTime(text)
	if err != nil {
		return time.Time{}, usagef("", "--from: %s", err)
	}
	return t, nil
}

// look finds the next firings, and those around the next two changes of the
// clock that these do not show.
func (p *planned) look(from time.Time, count int) {
	list, _ := p.spec.Between(from, from.AddDate(1000, 0, 0), count)
	p.Firings = p.shown(list)
	p.Changes = []zoneChange{}
	at := from
	for range 2 {
		change, by, ok := schedule.NextChange(at, p.spec.Zone)
		if !ok {
			return
		}
		at = change
		if len(list) > 0 && list[0].Before(change) && !change.After(list[len(list)-1]) {
			continue // both sides of it are in the list
		}
		near, _ := p.spec.Between(change.Add(-1), change.AddDate(10, 0, 0), 2)
		if before, ok := p.spec.Prev(change); ok && before.After(from) {
			near = append([]time.Time{before}, near...)
		}
		p.Changes = append(p.Changes, zoneChange{At: change, By: expression.FormatDuration(by), Firings: p.shown(near), by: by})
	}
}

// shifts is how the shifts are called in JSON.
var shifts = [...]string{
	schedule.Regular: "", schedule.Moved: "moved", schedule.FirstOfTwo: "firstOfTwo", schedule.SecondOfTwo: "secondOfTwo",
}

func (p *planned) shown(list []time.Time) []firing {
	out := make([]firing, len(list))
	for i, at := range list {
		shift, local := p.spec.Shift(at)
		out[i] = firing{At: at, UTC: at.UTC(), Shift: shifts[shift], Local: local.Format("2006-01-02T15:04:05")}
	}
	return out
}

func (a *app) printPlanned(p planned) {
	what := p.Cron
	if what == "" {
		what = "every " + p.Every
	}
	head := styleBold.Render(what) + "  " + p.Zone
	if p.Trigger != "" {
		head = styleBold.Render(p.Workflow+" · "+p.Trigger) + "  " + what + "  " + p.Zone
	}
	writef(a.out, "%s\n%s\n", head, firingTable(p.Firings))
	if len(p.Firings) == 0 {
		writef(a.out, "%s\n", styleDim.Render("never fires again"))
	}
	for _, c := range p.Changes {
		_, offset := c.At.Zone()
		was := time.FixedZone("", offset-int(c.by/time.Second))
		way := "forward"
		if c.by < 0 {
			way = "back"
		}
		writef(a.out, "\n%s\n%s\n", styleDim.Render(fmt.Sprintf("The clock goes %s on %s: %s is followed by %s",
			way, c.At.In(was).Format("Monday, 2 January 2006"), c.At.Add(-time.Second).In(was).Format("15:04:05"), c.At.Format("15:04:05"))),
			firingTable(c.Firings))
	}
}

// firingTable shows firings in columns; marks where the offset changes and
// what a change did.
func firingTable(list []firing) string {
	rows := make([][]string, len(list))
	for i, f := range list {
		local := f.At.Format("Mon 2006-01-02 15:04:05 ") + f.At.Format("-07:00")
		if name := f.At.Format("MST"); strings.Trim(name, "+-0123456789") != "" {
			local += " " + name
		}
		note := shiftNote(f)
		if i > 0 && note == "" {
			_, now := f.At.Zone()
			if _, was := list[i-1].At.Zone(); now != was {
				note = "the clock changed in between"
			}
		}
		rows[i] = []string{"  " + local, f.UTC.Format("2006-01-02 15:04:05Z"), styleWarn.Render(note)}
	}
	lines := strings.Split(screen.Table([]string{"  LOCAL", "UTC", ""}, rows), "\n")
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, ansi.StringWidth(strings.TrimRight(ansi.Strip(l), " ")), "")
	}
	return strings.Join(lines, "\n")
}

func shiftNote(f firing) string {
	at := f.At.Format("15:04:05")
	switch f.Shift {
	case "moved":
		_, local, _ := strings.Cut(f.Local, "T")
		return "moved: " + local + " is skipped"
	case "firstOfTwo":
		return at + " comes twice, this is the first"
	case "secondOfTwo":
		return at + " comes for the second time"
	}
	return ""
}
