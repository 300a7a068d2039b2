package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
)

func tasksCommand(a *app) *cobra.Command {
	return group("tasks", "See and answer what waits for people",
		"tasks shows what runs ask people, and answers it.",
		tasksListCommand(a), tasksAnswerCommand(a))
}

func tasksListCommand(a *app) *cobra.Command {
	var at place
	var asJSON bool
	c := &cobra.Command{
		Use: "list [RUN]", Short: "List open tasks",
		Example: "  engine tasks list\n  engine tasks list dd9ea473 --json",
		Args:    wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.connect(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer r.close()
			return a.listTasks(cmd.Context(), r, args, asJSON)
		},
		ValidArgsFunction: a.completeRuns(&at),
	}
	at.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func (a *app) listTasks(ctx context.Context, r *remote, args []string, asJSON bool) error {
	var list client.TaskList
	var err error
	if len(args) > 0 {
		run, ferr := r.find(ctx, args[0])
		if ferr != nil {
			return ferr
		}
		list, err = r.RunTasks(ctx, run)
	} else {
		list, err = r.Tasks(ctx, "", 1000)
	}
	switch {
	case err != nil:
		return explain(err)
	case asJSON:
		return a.printJSON(list)
	case len(list.Tasks) == 0:
		writef(a.out, "no open tasks\n")
		return nil
	}
	var rows [][]string
	for _, t := range list.Tasks {
		rows = append(rows, []string{
			t.Run, t.Path, screen.Clean(t.Title), screen.Clean(people(t.To)), strings.Join(t.Options, " | "),
			t.OpenedAt.Local().Format(time.DateTime),
		})
	}
	writef(a.out, "%s\n", screen.Table([]string{"RUN", "TASK", "TITLE", "TO", "OPTIONS", "SINCE"}, rows))
	return nil
}

// people returns who a task is given to in one line.
func people(to json.RawMessage) string {
	var list []string
	if json.Unmarshal(to, &list) == nil {
		return strings.Join(list, ", ")
	}
	var one string
	if json.Unmarshal(to, &one) == nil {
		return one
	}
	return string(to)
}

func tasksAnswerCommand(a *app) *cobra.Command {
	var at place
	var answer client.TaskAnswer
	var form string
	c := &cobra.Command{
		Use: "answer RUN TASK OUTCOME", Short: "Answer an open task",
		Long:    "answer answers the task of a run. TASK and the outcomes it takes are what\n\"engine tasks list\" shows.",
		Example: "  engine tasks answer dd9ea473 decision approve --by ann@shop.example\n  engine tasks answer dd9ea473 decision reject --form '{\"why\": \"too much\"}'",
		Args:    wantArgs(3, 3, "a run, a task and an outcome"),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer.Path, answer.Outcome = args[1], args[2]
			if form != "" {
				if answer.Form = json.RawMessage(form); !json.Valid(answer.Form) {
					return usagef("", "--form is not JSON")
				}
			}
			done := fmt.Sprintf("%s: %s is recorded", args[1], args[2])
			return a.steer(cmd.Context(), at, args[0], done, func(ctx context.Context, r *remote, run string) error {
				return r.Answer(ctx, run, answer)
			})
		},
		ValidArgsFunction: a.completeRuns(&at),
	}
	at.flags(c)
	f := c.Flags()
	f.StringVar(&answer.By, "by", "", "who answers")
	f.StringVar(&answer.ID, "id", "", "a repeat with this id is taken once")
	f.StringVar(&form, "form", "", "what the task's form asks for, as JSON")
	return c
}
