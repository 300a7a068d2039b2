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
	return a.listCommand(&cobra.Command{
		Use: "list [RUN]", Short: "List open tasks",
		Example:           "  engine tasks list\n  engine tasks list dd9ea473 --json",
		Args:              wantArgs(0, 1, ""),
		ValidArgsFunction: a.completeRuns(&at),
	}, &at, func(ctx context.Context, r *remote, args []string) (list, error) {
		all, err := r.openTasks(ctx, args)
		l := list{json: all, none: "no open tasks", head: []string{"RUN", "TASK", "TITLE", "TO", "OPTIONS", "SINCE"}}
		for _, t := range all.Tasks {
			l.rows = append(l.rows, []string{
				t.Run, t.Path, screen.Clean(t.Title), screen.Clean(people(t.To)), strings.Join(t.Options, " | "),
				t.OpenedAt.Local().Format(time.DateTime),
			})
		}
		return l, err
	})
}

// openTasks returns the open tasks of the run that the arguments name, or of
// all runs.
func (r *remote) openTasks(ctx context.Context, args []string) (client.TaskList, error) {
	if len(args) == 0 {
		all, err := r.Tasks(ctx, "", 1000)
		return all, explain(err)
	}
	run, err := r.find(ctx, args[0])
	if err != nil {
		return client.TaskList{}, err
	}
	all, err := r.RunTasks(ctx, run)
	return all, explain(err)
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
