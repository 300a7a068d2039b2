package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

func compactCommand(a *app) *cobra.Command {
	var data string
	var asJSON bool
	c := &cobra.Command{
		Use: "compact [FILE]", Short: "Give back the room that a log does not need",
		Long: `compact copies a log without the room that was freed in it, checks the copy and
puts it in the log's place. No process may have the log open, and the disk needs
room for the copy. Whenever it is cut off, the log is there whole, as it was or
compacted. "engine status" says when it is worth it.`,
		Example: "  engine compact --data samples/order",
		Args:    wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := dataOf(".", data).log()
			if len(args) > 0 {
				if file = args[0]; isDir(file) {
					file = dataOf(".", file).log()
				}
			}
			if !exists(file) {
				return usagef("name a log, or a data directory with --data", "there is no log at %s", file)
			}
			done, err := compactLog(cmd.Context(), file, 0)
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(map[string]int64{"before": done.Before, "after": done.After})
			}
			writef(a.out, "%s: %s, was %s\n", file, inBytes(done.After), inBytes(done.Before))
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", "", "data directory, or a project with one (default .engine)")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// compactLog compacts a log that nobody has open, if at least such a share of
// it is free.
func compactLog(ctx context.Context, file string, least float64) (boltlog.Compacted, error) {
	o := boltlog.CompactOptions{Least: least}
	if _, err := diskRoom(filepath.Dir(file)); err == nil {
		o.Room = func() (int64, error) { return diskRoom(filepath.Dir(file)) }
	}
	done, err := boltlog.CompactFile(ctx, file, o)
	switch {
	case errors.Is(err, boltlog.ErrLocked):
		return done, brokenf("stop what serves it first", "%s is in use by another process", file)
	case errors.Is(err, boltlog.ErrNoRoom):
		return done, brokenf("make room; the log is as it was", "%w", err)
	case err != nil:
		return done, brokenf(`the log is as it was; "`+self()+` check" says more`, "%w", err)
	}
	return done, nil
}
