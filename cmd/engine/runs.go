package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
)

func runsCommand(a *app) *cobra.Command {
	return group("runs", "Look at runs and steer them",
		`runs shows what ran and what runs. Beside a running server it asks the server
(--server, or the one that serves the data directory), otherwise it reads the
log itself and changes nothing.`,
		append([]*cobra.Command{runsListCommand(a), runsShowCommand(a)}, steering(a)...)...)
}

// listOptions is the flags of engine runs list.
type listOptions struct {
	at       place
	workflow string
	statuses []string
	limit    int
	json     bool
}

func runsListCommand(a *app) *cobra.Command {
	var o listOptions
	c := &cobra.Command{
		Use: "list", Short: "List runs, newest first",
		Example: `  engine runs list --data samples/order
  engine runs list --status failed,stuck --limit 20
  engine runs list --server http://127.0.0.1:8080 --json`,
		Args: wantArgs(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listRuns(cmd.Context(), o) },
	}
	o.at.flags(c)
	f := c.Flags()
	f.StringVar(&o.workflow, "workflow", "", "only runs of this workflow")
	f.StringSliceVar(&o.statuses, "status", nil, "only runs in these statuses")
	f.IntVar(&o.limit, "limit", 50, "at most so many")
	f.BoolVar(&o.json, "json", false, "as JSON")
	_ = c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(runStatuses, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	return c
}

// runStatuses is what --status takes.
var runStatuses = []string{
	"queued", "running", "waiting", "suspended", "succeeded", "failed", "timedOut", "cancelled", "stuck",
}

func (a *app) listRuns(ctx context.Context, o listOptions) error {
	if o.limit < 1 || o.limit > 1000 {
		return usagef("", "--limit must be between 1 and 1000, not %d", o.limit)
	}
	q := client.RunsOptions{Workflow: o.workflow, Limit: o.limit}
	for _, s := range o.statuses {
		if !slices.Contains(runStatuses, s) {
			return usagef("there are: "+strings.Join(runStatuses, ", "), "no status %q", s)
		}
		q.Statuses = append(q.Statuses, client.RunStatus(s))
	}
	r, err := a.connect(ctx, o.at)
	if err != nil {
		return err
	}
	defer r.close()
	page, err := r.Runs(ctx, q)
	if err != nil {
		return explain(err)
	}
	if o.json {
		if page.Runs == nil {
			page.Runs = []client.RunSummary{}
		}
		return a.printJSON(page)
	}
	if len(page.Runs) == 0 {
		writef(a.out, "no runs\n")
		return nil
	}
	now := a.clock.Now()
	var rows [][]string
	for _, s := range page.Runs {
		rows = append(rows, runRow(s, now))
	}
	writef(a.out, "%s\n", screen.Table([]string{"RUN", "WORKFLOW", "STATUS", "STARTED", "TOOK", ""}, rows))
	if page.Next != "" {
		writef(a.out, "%s\n", styleDim.Render(fmt.Sprintf("there are more; --limit %d shows them", min(o.limit*2, 1000))))
	}
	return nil
}

func runRow(s client.RunSummary, now time.Time) []string {
	end, note := s.EndedAt, s.Error
	if end.IsZero() {
		end = now
	}
	switch {
	case s.Reason != "":
		note = s.Reason
	case !s.WakeAt.IsZero() && s.EndedAt.IsZero():
		note = "wakes in " + screen.Elapsed(s.WakeAt.Sub(now))
	}
	return []string{
		s.Run, s.Workflow + " " + s.Version, screen.Status(status(string(s.Status))),
		s.StartedAt.Local().Format(time.DateTime), screen.Elapsed(end.Sub(s.StartedAt)), note,
	}
}

// showOptions is the flags of engine runs show.
type showOptions struct {
	at      place
	json    bool
	watch   bool
	history bool
}

func runsShowCommand(a *app) *cobra.Command {
	var o showOptions
	c := &cobra.Command{
		Use: "show [RUN]", Short: "Show one run: its steps, its error, its output",
		Long: `show prints a run as a tree of steps. Without RUN it is the newest one.
The beginning or the end of a run's ID will do as long as it names one only.`,
		Example: `  engine runs show --data samples/order
  engine runs show dd9ea473 --watch
  engine runs show dd9ea473 --history
  engine runs show dd9ea473 --json | jq .output`,
		Args: wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			run := ""
			if len(args) > 0 {
				run = args[0]
			}
			return a.showRun(cmd.Context(), run, o)
		},
		ValidArgsFunction: a.completeRuns(&o.at),
	}
	o.at.flags(c)
	f := c.Flags()
	f.BoolVar(&o.json, "json", false, "as JSON")
	f.BoolVar(&o.watch, "watch", false, "follow it until it ends; the exit code is that of its outcome")
	f.BoolVar(&o.history, "history", false, "every recorded event, in order")
	c.MarkFlagsMutuallyExclusive("watch", "history")
	return c
}

func (a *app) showRun(ctx context.Context, run string, o showOptions) error {
	r, err := a.connect(ctx, o.at)
	if err != nil {
		return err
	}
	defer r.close()
	if run, err = r.find(ctx, run); err != nil {
		return err
	}
	switch {
	case o.watch && r.still:
		return usagef(`"`+self()+` run PROJECT" resumes it`, "nothing runs here, so there is nothing to watch")
	case o.watch:
		return a.watchRun(ctx, r, run, o.json)
	case o.history:
		return a.showHistory(ctx, r, run, o.json)
	}
	v, err := r.Run(ctx, run)
	if err != nil {
		return explain(err)
	}
	if o.json {
		return a.printJSON(v)
	}
	s := shown(v)
	width, _, _ := a.terminal()
	a.printHead(s)
	for _, line := range screen.Tree(s, r.outline(ctx, s.Workflow, s.Version), a.clock.Now(), width) {
		writef(a.out, "%s\n", line)
	}
	a.printEnd(s)
	return nil
}

// printHead says which run it is and where it stands.
func (a *app) printHead(s screen.Run) {
	writef(a.out, "%s %s  %s  %s%s\n", styleBold.Render(s.Workflow), s.Version, s.ID, screen.Status(s.Status),
		styleDim.Render("  started "+s.StartedAt.Local().Format(time.DateTime)))
}

// printEnd says what came out of it.
func (a *app) printEnd(s screen.Run) {
	if s.Error != nil {
		writef(a.out, "error   %s\n", styleBad.Render(screen.Clean(s.Error.String())))
	}
	if len(s.Output) > 0 && string(s.Output) != "null" {
		writef(a.out, "output  %s\n", screen.JSON(s.Output, 8))
	}
}

func (a *app) watchRun(ctx context.Context, r *remote, run string, asJSON bool) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	final, err := follower{a: a, r: r, asJSON: asJSON}.follow(ctx, run)
	if err != nil {
		if ctx.Err() != nil {
			return exitWith(exitInterrupted)
		}
		return err
	}
	if !asJSON {
		a.printEnd(final)
	}
	return exitWith(codeOf(final.Status))
}

func (a *app) showHistory(ctx context.Context, r *remote, run string, asJSON bool) error {
	for after := uint64(0); ; {
		page, err := r.History(ctx, run, after, 1000)
		if err != nil {
			return explain(err)
		}
		for i, e := range page.Events {
			if i == 0 && after == 0 && e.Seq > 1 && !asJSON {
				writef(a.out, "%s\n", styleDim.Render(fmt.Sprintf("events 1 to %d were dropped: all that they came to is in the state carried by event %d", e.Seq-1, e.Seq)))
			}
			ev := screen.Event{Seq: e.Seq, Time: e.Time, Type: e.Type, Data: e.Data}
			if asJSON {
				if err := a.printEvent(ev); err != nil {
					return err
				}
				continue
			}
			writef(a.out, "%s %s %-19s %s\n", styleDim.Render(fmt.Sprintf("%5d", e.Seq)),
				styleDim.Render(e.Time.Local().Format("15:04:05.000")), e.Type, screen.Clean(string(e.Data)))
		}
		if page.Next == 0 {
			return nil
		}
		after = page.Next
	}
}

// find returns the run that the user means: the newest without a name, else
// the one whose ID begins or ends with part.
func (r *remote) find(ctx context.Context, part string) (string, error) {
	if part != "" {
		if _, err := r.Run(ctx, part); err == nil {
			return part, nil
		}
	}
	page, err := r.Runs(ctx, client.RunsOptions{Limit: 1000})
	if err != nil {
		return "", explain(err)
	}
	var found []string
	for _, s := range page.Runs {
		if strings.HasPrefix(s.Run, part) || strings.HasSuffix(s.Run, part) {
			found = append(found, s.Run)
		}
	}
	hint := `"` + self() + ` runs list" shows the runs there are`
	switch {
	case part == "" && len(found) == 0:
		return "", failf(`"`+self()+` run PROJECT" starts one`, "there are no runs here")
	case part == "":
		return found[0], nil
	case len(found) == 0:
		return "", failf(hint, "there is no run %q", part)
	case len(found) > 1:
		return "", usagef(hint, "%d runs begin or end with %q", len(found), part)
	}
	return found[0], nil
}

// completeRuns completes run IDs, newest first, where that is cheap: beside a
// server, or from a log that nobody holds.
func (a *app) completeRuns(at *place) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
		defer cancel()
		r, err := a.connect(ctx, *at)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer r.close()
		page, err := r.Runs(ctx, client.RunsOptions{Limit: 50})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, s := range page.Runs {
			ids = append(ids, cobra.CompletionWithDesc(s.Run, s.Workflow+" "+string(s.Status)))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
