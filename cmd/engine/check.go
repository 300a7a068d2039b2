package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func checkCommand(a *app) *cobra.Command {
	var asJSON bool
	var data string
	c := &cobra.Command{
		Use: "check [FILE]", Short: "Check a log for damage",
		Long: `check reads every page and record of a log, verifies checksums and the chain of
each run, and says what is damaged. It changes nothing. The log must not be
open elsewhere.

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
	} else if info, err := os.Stat(file); err == nil && info.IsDir() {
		d = dataOf(".", file)
		file = d.log()
	}
	if !exists(file) {
		return usagef("name a log, or a data directory with --data", "there is no log at %s", file)
	}
	r, err := boltlog.Check(ctx, file)
	switch {
	case errors.Is(err, boltlog.ErrLocked):
		hint := "wait until it ended, or stop it first"
		if s, ok := d.readServer(); ok && alive(s.PID) {
			hint = fmt.Sprintf("stop the server first (process %d), or check a copy of the file", s.PID)
		}
		return brokenf(hint, "%s is in use by another process", file)
	case err != nil:
		return brokenf("", "%s cannot be checked: %w", file, err)
	case asJSON:
		if err := a.printJSON(reportOf(file, r)); err != nil {
			return err
		}
	default:
		a.printReport(file, r)
	}
	if !r.Clean() {
		return exitWith(exitFailed)
	}
	return nil
}

// checkReport is the answer of engine check --json.
type checkReport struct {
	File       string        `json:"file"`
	Clean      bool          `json:"clean"`
	Streams    uint64        `json:"streams"`
	Records    uint64        `json:"records"`
	Messages   uint64        `json:"messages"`
	Payloads   uint64        `json:"payloads"`
	Snapshots  uint64        `json:"snapshots"`
	Pages      uint64        `json:"pages"`
	Unfinished uint64        `json:"unfinished"`
	Damage     []checkDamage `json:"damage"`
	More       uint64        `json:"moreDamage,omitempty"`
}

type checkDamage struct {
	Run    string `json:"run,omitempty"`
	Record uint64 `json:"record,omitempty"`
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

func reportOf(file string, r boltlog.Report) checkReport {
	c := checkReport{
		File: file, Clean: r.Clean(), Streams: r.Streams, Records: r.Records, Messages: r.Messages, Payloads: r.Payloads,
		Snapshots: r.Snapshots, Pages: r.Pages, Unfinished: r.Unfinished, Damage: []checkDamage{}, More: r.More,
	}
	for _, d := range r.Damage {
		c.Damage = append(c.Damage, checkDamage{d.Stream, d.Seq, d.Place, d.Reason})
	}
	return c
}

func (a *app) printReport(file string, r boltlog.Report) {
	for _, d := range r.Damage {
		writef(a.out, "%s %s\n", styleBad.Render("✗"), screen.Clean(d.String()))
	}
	read := fmt.Sprintf("%d %s in %d %s, %d %s read", r.Records, plural(int(r.Records), "record"),
		r.Streams, plural(int(r.Streams), "stream"), r.Pages, plural(int(r.Pages), "page"))
	if r.Clean() {
		writef(a.out, "%s %s is clean: %s\n", styleGood.Render("✓"), file, read)
		return
	}
	n := uint64(len(r.Damage)) + r.More
	writef(a.out, "%s %s is damaged: %d %s; %s\n", styleBad.Render("✗"), file, n, plural(int(n), "place"), read)
	todo := "restore the file from a copy"
	if r.Records > 0 {
		todo += "; runs that are not named above can still be read and go on"
	}
	writef(a.out, "  %s %s\n", styleDim.Render("→"), todo)
}
