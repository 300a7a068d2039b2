package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/expression"
)

// purgeOptions is the flags of engine purge.
type purgeOptions struct {
	at       place
	request  client.PurgeRequest
	statuses []string
	json     bool
	history  bool
}

func purgeCommand(a *app) *cobra.Command {
	var o purgeOptions
	c := &cobra.Command{
		Use: "purge [RUN...]", Short: "Drop runs that ended",
		Long: `purge drops the runs to which all that is said applies, with all they recorded.
There is no way back: --dry-run counts them first.

Runs that go on, sleep or are stuck stay, and so does a run whose caller, or one
of whose children, is open. Once a run is gone its idempotency key starts a new
one. Dead letters stay. A purge that was cut off may be repeated.

--history shows what was dropped so far, by whom and by which filter, retention
included. That stands in the log before the first run goes.`,
		Example: "  engine purge --workflow order --older-than 30d --dry-run\n" +
			"  engine purge --status failed --status timedOut --error HttpError\n" +
			"  engine purge --track customer=4711\n" +
			"  engine purge --all\n" +
			"  engine purge --history",
		Args: wantArgs(0, -1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.history {
				return a.purgeHistory(cmd, args, o)
			}
			return a.purge(cmd.Context(), args, o)
		},
		ValidArgsFunction: a.completeRuns(&o.at),
	}
	o.at.flags(c)
	f := c.Flags()
	f.StringVar(&o.request.Workflow, "workflow", "", "only runs of this workflow")
	f.StringVar(&o.request.Version, "version", "", "only runs of this version")
	f.StringArrayVar(&o.statuses, "status", nil, "only runs that ended so: "+strings.Join(config.RetentionStatuses, ", ")+"; may be given more than once")
	f.StringVar(&o.request.OlderThan, "older-than", "", "only runs that ended so long ago, such as 30d")
	f.StringVar(&o.request.Error, "error", "", "only runs that ended with an error of this code")
	f.StringToStringVar(&o.request.Attributes, "track", nil, "only runs with this tracked attribute, such as customer=4711")
	f.BoolVar(&o.request.All, "all", false, "all runs that ended")
	f.BoolVar(&o.request.DryRun, "dry-run", false, "count them and drop nothing")
	f.BoolVar(&o.history, "history", false, "show what was dropped so far, newest first")
	f.BoolVar(&o.json, "json", false, "as JSON")
	return c
}

func (a *app) purge(ctx context.Context, runs []string, o purgeOptions) error {
	if err := o.means(len(runs) > 0); err != nil {
		return err
	}
	r, err := a.connect(ctx, o.at)
	if err != nil {
		return err
	}
	defer r.close()
	for _, part := range runs {
		run, err := r.find(ctx, part)
		if err != nil {
			return err
		}
		o.request.Runs = append(o.request.Runs, run)
	}
	for _, s := range o.statuses {
		o.request.Status = append(o.request.Status, client.EndedStatus(s))
	}
	var all client.Purged
	for {
		p, err := r.Purge(ctx, o.request)
		if err != nil {
			if all.Runs > 0 && !o.request.DryRun {
				writef(a.errs, "%d %s dropped before it was cut off; do it again for the rest\n", all.Runs, plural(all.Runs, "run"))
			}
			return explain(err)
		}
		all.Runs += p.Runs
		all.KeptForFamily += p.KeptForFamily
		if p.Next == "" {
			break
		}
		o.request.Cursor = p.Next
	}
	if o.json {
		return a.printJSON(all)
	}
	word := "dropped"
	if o.request.DryRun {
		word = "would be dropped"
	}
	writef(a.out, "%d %s %s\n", all.Runs, plural(all.Runs, "run"), word)
	if n := all.KeptForFamily; n > 0 {
		writef(a.out, "%d %s kept: the caller or a child is open\n", n, plural(n, "run"))
	}
	return nil
}

// means says what is wrong with a filter, in the words of the command line.
func (o *purgeOptions) means(named bool) error {
	r := &o.request
	if !named && !r.All && len(o.statuses)+len(r.Attributes) == 0 && r.Workflow+r.Version+r.OlderThan+r.Error == "" {
		return usagef("give a filter, or --all for each run that ended", "nothing says which runs are meant")
	}
	for _, s := range o.statuses {
		if !slices.Contains(config.RetentionStatuses, s) {
			return usagef("there are "+strings.Join(config.RetentionStatuses, ", "), "--status: no run ends with the status %q", s)
		}
	}
	if r.OlderThan != "" {
		if age, err := expression.ParseDuration(r.OlderThan); err != nil || age < 0 {
			return usagef("write it like 12h or 30d", "--older-than: %q is no age", r.OlderThan)
		}
	}
	return nil
}
