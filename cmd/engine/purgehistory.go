package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
)

// purgeHistory shows what was dropped. With a filter beside it nobody knows
// which of the two is meant.
func (a *app) purgeHistory(cmd *cobra.Command, runs []string, o purgeOptions) error {
	for _, flag := range []string{"workflow", "version", "status", "older-than", "error", "track", "all", "dry-run"} {
		if len(runs) > 0 || cmd.Flags().Changed(flag) {
			return usagef("leave the filter out", "--history shows all that was dropped, and drops nothing")
		}
	}
	r, err := a.connect(cmd.Context(), o.at)
	if err != nil {
		return err
	}
	defer r.close()
	all, err := r.Purges(cmd.Context(), 0)
	if err != nil {
		return explain(err)
	}
	if o.json {
		return a.printJSON(all)
	}
	if len(all.Purges) == 0 {
		writef(a.out, "nothing was dropped so far\n")
	}
	for _, p := range all.Purges {
		writef(a.out, "%s  %s  by %s  %s\n", p.At.Local().Format(time.DateTime), dropped(p), screen.Clean(p.By), screen.Clean(string(p.Filter)))
	}
	return nil
}

// dropped says what came of a purge.
func dropped(p client.PurgeEntry) string {
	runs := fmt.Sprintf("%d %s", p.Runs, plural(p.Runs, "run"))
	switch {
	case p.EndedAt.IsZero():
		return "not ended"
	case p.Error != "":
		return runs + ", cut off: " + oneLine(p.Error)
	}
	return runs
}
