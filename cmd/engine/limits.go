package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
)

func limitsCommand(a *app) *cobra.Command {
	var at place
	var asJSON bool
	c := &cobra.Command{
		Use: "limits", Short: "Show what limits let go and keep waiting",
		Long: "limits shows the limits of the environment and of workflows: the calls under way, the\n" +
			"runs that hold a slot, and what waits.",
		Example: "  engine limits",
		Args:    wantArgs(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.connect(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer r.close()
			list, err := r.Limits(cmd.Context())
			switch {
			case err != nil:
				return explain(err)
			case asJSON:
				return a.printJSON(list)
			case len(list.Limits) == 0:
				writef(a.out, "no limits\n")
				return nil
			}
			a.printLimits(list.Limits)
			return nil
		},
	}
	at.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) printLimits(all []client.LimitStatus) {
	var rows [][]string
	for _, l := range all {
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
		rows = append(rows, []string{l.Kind, l.Name, parallel, rate, counts(l.Calls, l.WaitingCalls), counts(l.Runs, l.WaitingRuns)})
	}
	writef(a.out, "%s\n", screen.Table([]string{"KIND", "NAME", "PARALLEL", "RATE", "CALLS", "RUNS"}, rows))
}

// counts says how many go on and how many wait.
func counts(going, waiting int) string {
	if waiting == 0 {
		return strconv.Itoa(going)
	}
	return fmt.Sprintf("%d, %d waiting", going, waiting)
}
