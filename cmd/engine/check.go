package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func checkCommand(a *app) *cobra.Command {
	var asJSON bool
	var data string
	c := &cobra.Command{
		Use: "check [FILE]", Short: "Check a log for damage",
		Long: `check reads every page and record of a log, verifies checksums and the chain of
each run, and says what is damaged. It changes nothing. A log that a server has
open is checked by the server, while its runs go on.

Exit codes: 0 clean, 1 damaged, 2 wrong usage, 5 it could not be read.`,
		Example: "  engine check --data samples/order\n  engine check /backup/engine.db --json",
		Args:    wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			return a.check(cmd.Context(), file, data, asJSON)
		},
	}
	c.Flags().StringVar(&data, "data", "", "data directory, or a project with one (default .engine)")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) check(ctx context.Context, file, data string, asJSON bool) error {
	d := dataOf(".", data)
	if file == "" {
		file = d.log()
	} else if isDir(file) {
		d = dataOf(".", file)
		file = d.log()
	}
	if !exists(file) {
		return usagef("name a log, or a data directory with --data", "there is no log at %s", file)
	}
	r, err := a.reportOn(ctx, d, file)
	if err != nil {
		return err
	}
	if asJSON {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else {
		a.printReport(file, r)
	}
	if !r.Clean {
		return exitWith(exitFailed)
	}
	return nil
}

// reportOn checks a log. One that a server of this data directory holds is
// checked by the server.
func (a *app) reportOn(ctx context.Context, d dataDir, file string) (client.LogReport, error) {
	if file == d.log() {
		r, err := a.holder(ctx, place{}, d)
		if err != nil {
			return client.LogReport{}, err
		}
		if r != nil {
			defer r.close()
			report, err := r.Check(ctx)
			return report, explain(err)
		}
	}
	r, err := boltlog.Check(ctx, file)
	switch {
	case errors.Is(err, boltlog.ErrLocked):
		return client.LogReport{}, brokenf("wait until it ended, or stop it first", "%s is in use by another process", file)
	case err != nil:
		return client.LogReport{}, brokenf("", "%s cannot be checked: %w", file, err)
	}
	return reportOf(file, r), nil
}

// checkLog returns the check of the open log, for the API.
func (l *local) checkLog(file string) func(context.Context) (api.LogReport, error) {
	return func(ctx context.Context) (api.LogReport, error) {
		found, err := l.store.Check(ctx)
		r := reportOf(file, found)
		out := api.LogReport{
			File: r.File, Clean: r.Clean, Streams: r.Streams, Records: r.Records, Messages: r.Messages, Payloads: r.Payloads,
			Snapshots: r.Snapshots, Pages: r.Pages, Unfinished: r.Unfinished, MoreDamage: r.MoreDamage,
		}
		for _, d := range r.Damage {
			out.Damage = append(out.Damage, api.LogDamage(d))
		}
		return out, err
	}
}

func reportOf(file string, r boltlog.Report) client.LogReport {
	out := client.LogReport{
		File: file, Clean: r.Clean(), Streams: r.Streams, Records: r.Records, Messages: r.Messages, Payloads: r.Payloads,
		Snapshots: r.Snapshots, Pages: r.Pages, Unfinished: r.Unfinished, Damage: []client.LogDamage{}, MoreDamage: r.More,
	}
	for _, d := range r.Damage {
		out.Damage = append(out.Damage, client.LogDamage{Run: d.Stream, Record: d.Seq, Place: d.Place, Reason: d.Reason})
	}
	return out
}

func (a *app) printReport(file string, r client.LogReport) {
	for _, d := range r.Damage {
		at := boltlog.Damage{Stream: d.Run, Seq: d.Record, Place: d.Place, Reason: d.Reason}
		writef(a.out, "%s %s\n", styleBad.Render("✗"), screen.Clean(at.String()))
	}
	read := fmt.Sprintf("%d %s in %d %s, %d %s read", r.Records, plural(int(r.Records), "record"),
		r.Streams, plural(int(r.Streams), "stream"), r.Pages, plural(int(r.Pages), "page"))
	if r.Clean && r.Pages == 0 {
		writef(a.out, "%s %s is empty: nothing was ever recorded in it\n", styleGood.Render("✓"), file)
		return
	}
	if r.Clean {
		writef(a.out, "%s %s is clean: %s\n", styleGood.Render("✓"), file, read)
		return
	}
	n := uint64(len(r.Damage)) + r.MoreDamage
	writef(a.out, "%s %s is damaged: %d %s; %s\n", styleBad.Render("✗"), file, n, plural(int(n), "place"), read)
	todo := "restore the file from a copy"
	if r.Records > 0 {
		todo += "; runs that are not named above can still be read and go on"
	}
	writef(a.out, "  %s %s\n", styleDim.Render("→"), todo)
}
