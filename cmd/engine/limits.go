package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
)

func limitsCommand(a *app) *cobra.Command {
	return a.listCommand(&cobra.Command{
		Use: "limits", Short: "Show what limits let go and keep waiting",
		Long: "limits shows the limits of the environment and of workflows: the calls under way, the\n" +
			"runs that hold a slot, and what waits.",
		Example: "  engine limits",
		Args:    wantArgs(0, 0, ""),
	}, &place{}, func(ctx context.Context, r *remote, _ []string) (list, error) {
		all, err := r.Limits(ctx)
		l := list{json: all, none: "no limits", head: []string{"KIND", "NAME", "PARALLEL", "RATE", "CALLS", "RUNS"}}
		for _, x := range all.Limits {
			l.rows = append(l.rows, limitRow(x))
		}
		return l, explain(err)
	})
}

func limitRow(l client.LimitStatus) []string {
	parallel, rate := "", ""
	if l.Parallel > 0 {
		parallel = strconv.Itoa(l.Parallel)
	}
	if l.Kind == "workflow" {
		parallel += " a key"
	}
	if l.Count > 0 {
		rate = fmt.Sprintf("%d in %s", l.Count, l.Per)
	}
	return []string{l.Kind, l.Name, parallel, rate, counts(l.Calls, l.WaitingCalls), counts(l.Runs, l.WaitingRuns)}
}

// counts says how many go on and how many wait.
func counts(going, waiting int) string {
	if waiting == 0 {
		return strconv.Itoa(going)
	}
	return fmt.Sprintf("%d, %d waiting", going, waiting)
}
