package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/backup"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func restoreCommand(a *app) *cobra.Command {
	var data string
	var force, asJSON bool
	c := &cobra.Command{
		Use: "restore FILE", Short: "Put a copy of a log back",
		Long: `restore checks a copy that "engine backup" made and puts it into a data directory
that has no log. --force puts it in the place of the log that is there, which
stays beside it. Then "engine serve" goes on with every run as after a crash.

What came after the copy is lost: "newest" is the time of its last record. Runs
that went on after it do so again from where the copy has them. Calls are sent
again with the keys that they had, so receivers that honour the keys make each
effect once; a call that must not be repeated fails with the code Uncertain.

Exit codes: 0 restored, 1 the copy is damaged, 2 wrong usage, 5 it could not be
read or written.`,
		Example: "  engine restore /backup/engine-20260301T030506.007Z.db --data /var/lib/engine",
		Args:    wantArgs(1, 1, "a copy"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.restore(cmd.Context(), args[0], dataOf(".", data), force, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "", "data directory, or a project with one (default .engine)")
	f.BoolVar(&force, "force", false, "replace the log that is there; it stays beside the new one")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// restored is what engine restore says in JSON.
type restored struct {
	File    string         `json:"file"`
	Kept    string         `json:"kept,omitempty"`
	Bytes   int64          `json:"bytes"`
	Records uint64         `json:"records"`
	Newest  *time.Time     `json:"newest,omitempty"`
	Runs    map[string]int `json:"runs"`
}

func (a *app) restore(ctx context.Context, file string, data dataDir, force, asJSON bool) error {
	if isDir(file) {
		return usagef("name one of the copies in it", "%s is a directory", file)
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	if s, ok := data.readServer(); ok && alive(s.PID) {
		if err := boltlog.Free(data.log()); errors.Is(err, boltlog.ErrLocked) {
			return brokenf("stop it first", "process %d serves %s at %s", s.PID, data, s.Address)
		}
	}
	r, err := backup.Restore(ctx, data.log(), file, backup.RestoreOptions{Force: force, At: a.clock.Now()})
	if err != nil {
		return restoreFailure(file, data, err)
	}
	out := restored{File: r.File, Kept: r.Kept, Bytes: r.Bytes, Records: r.Records, Runs: map[string]int{}}
	for _, c := range r.Runs {
		out.Runs[c.Status] = c.Runs
	}
	if !r.Newest.IsZero() {
		out.Newest = &r.Newest
	}
	if asJSON {
		return a.printJSON(out)
	}
	a.sayRestored(r)
	return nil
}

func (a *app) sayRestored(r backup.Restored) {
	writef(a.out, "%s %s  %s, %d %s\n", styleGood.Render("✓"), r.File, inBytes(r.Bytes), r.Records, plural(int(r.Records), "record"))
	runs := "none"
	if len(r.Runs) > 0 {
		var each []string
		for _, c := range r.Runs {
			each = append(each, fmt.Sprintf("%d %s", c.Runs, c.Status))
		}
		runs = strings.Join(each, ", ")
	}
	writef(a.out, "  runs    %s\n", runs)
	if !r.Newest.IsZero() {
		writef(a.out, "  newest  %s (%s ago): what came later is lost\n", r.Newest.Format(time.RFC3339),
			a.clock.Now().Sub(r.Newest).Round(time.Second))
	}
	if r.Kept != "" {
		writef(a.out, "  kept    %s\n", r.Kept)
	}
}

// restoreFailure says in one line why a copy was not put back.
func restoreFailure(file string, data dataDir, err error) error {
	var damaged *boltlog.DamagedCopyError
	switch {
	case errors.As(err, &damaged):
		return failf(`take an older copy; "`+self()+` check `+file+`" lists all that is damaged`, "%s was not restored: %w", file, damaged)
	case errors.Is(err, eventlog.ErrCorrupt):
		return failf(`take an older copy; "`+self()+` check `+file+`" says more`, "%s was not restored: %w", file, innermost(err, eventlog.ErrCorrupt))
	case errors.Is(err, backup.ErrOccupied):
		return usagef("--force puts the copy in its place and keeps it beside", "there is a log already: %s", data.log())
	case errors.Is(err, boltlog.ErrLocked):
		return brokenf("wait until it ended, or stop it first", "%s or %s is in use by another process", file, data.log())
	case errors.Is(err, os.ErrNotExist):
		return usagef("", "there is no file %s", file)
	}
	return brokenf("", "%w", err)
}

// innermost is the error furthest inside that still is of a kind: what was being
// done all around it is known to who reads it.
func innermost(err, kind error) error {
	for {
		inner := errors.Unwrap(err)
		if !errors.Is(inner, kind) || inner.Error() == kind.Error() {
			return err
		}
		err = inner
	}
}
