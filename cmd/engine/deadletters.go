package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
)

func eventsDeadCommand(a *app) *cobra.Command {
	var at place
	var asJSON bool
	c := &cobra.Command{
		Use: "dead", Short: "List the events that matched a trigger and started nothing",
		Long: "dead lists the dead letters: events that matched a trigger and started nothing,\n" +
			"because their data does not fit, or the workflow's limit refused the run. The newest\n" +
			"thousand are kept.",
		Example: "  engine events dead",
		Args:    wantArgs(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.connect(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer r.close()
			list, err := r.DeadLetters(cmd.Context())
			switch {
			case err != nil:
				return explain(err)
			case asJSON:
				return a.printJSON(list)
			case len(list.DeadLetters) == 0:
				writef(a.out, "no dead letters\n")
				return nil
			}
			var rows [][]string
			for _, x := range list.DeadLetters {
				rows = append(rows, []string{
					x.Letter, x.At.Local().Format(time.DateTime), x.Workflow, x.Trigger,
					screen.Clean(x.Event.Type), screen.Clean(x.Event.ID), screen.Clean(x.Code + ": " + x.Message),
				})
			}
			writef(a.out, "%s\n", screen.Table([]string{"ID", "TIME", "WORKFLOW", "TRIGGER", "EVENT", "EVENT ID", ""}, rows))
			if list.Lost > 0 {
				writef(a.out, "%d older ones are lost: newer ones came\n", list.Lost)
			}
			return nil
		},
	}
	at.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the data of the events")
	return c
}

func deadLetterCommand(a *app, use, short, long, done string, do func(ctx context.Context, r *remote, id string) error) *cobra.Command {
	var at place
	c := &cobra.Command{
		Use: use + " ID", Short: short, Long: long,
		Example: "  engine events " + use + " 4711",
		Args:    wantArgs(1, 1, "the ID of a dead letter; engine events dead lists them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withServer(cmd.Context(), at, func(r *remote) error {
				if err := do(cmd.Context(), r, args[0]); err != nil {
					return explain(err)
				}
				writef(a.out, "%s  %s\n", args[0], done)
				return nil
			})
		},
	}
	at.flags(c)
	return c
}
