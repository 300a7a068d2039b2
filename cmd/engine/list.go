package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
)

// list is what an engine has of one thing, as a command shows it.
type list struct {
	json any // what --json prints
	none string
	head []string
	rows [][]string
	note string // below the rows; empty: none
}

// listCommand has c fetch a list from the engine at a place and show it.
func (a *app) listCommand(c *cobra.Command, at *place, fetch func(ctx context.Context, r *remote, args []string) (list, error)) *cobra.Command {
	var asJSON bool
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := a.connect(cmd.Context(), *at)
		if err != nil {
			return err
		}
		defer r.close()
		l, err := fetch(cmd.Context(), r, args)
		if err != nil {
			return err
		}
		if asJSON {
			return a.printJSON(l.json)
		}
		a.printList(l)
		return nil
	}
	at.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) printList(l list) {
	if len(l.rows) == 0 {
		writef(a.out, "%s\n", l.none)
		return
	}
	writef(a.out, "%s\n", screen.Table(l.head, l.rows))
	if l.note != "" {
		writef(a.out, "%s\n", l.note)
	}
}
