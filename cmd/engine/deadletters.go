package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
)

func eventsDeadCommand(a *app) *cobra.Command {
	return a.listCommand(&cobra.Command{
		Use: "dead", Short: "List the events that matched a trigger and started nothing",
		Long: "dead lists the dead letters: events that matched a trigger and started nothing,\n" +
			"because their data does not fit, or the workflow's limit refused the run. The newest\n" +
			"thousand are kept. With --json the data of the events is there too.",
		Example: "  engine events dead",
		Args:    wantArgs(0, 0, ""),
	}, &place{}, func(ctx context.Context, r *remote, _ []string) (list, error) {
		all, err := r.DeadLetters(ctx)
		l := list{
			json: all, none: "no dead letters",
			head: []string{"ID", "TIME", "WORKFLOW", "TRIGGER", "EVENT", "EVENT ID", ""},
		}
		for _, x := range all.DeadLetters {
			l.rows = append(l.rows, []string{
				x.Letter, x.At.Local().Format(time.DateTime), x.Workflow, x.Trigger,
				screen.Clean(x.Event.Type), screen.Clean(x.Event.ID), screen.Clean(x.Code + ": " + x.Message),
			})
		}
		if all.Lost > 0 {
			l.note = fmt.Sprintf("%d older ones are lost: newer ones came", all.Lost)
		}
		return l, explain(err)
	})
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
