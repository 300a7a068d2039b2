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

func triggersCommand(a *app) *cobra.Command {
	pause := func(ctx context.Context, r *remote, workflow, id, reason string) (client.TriggerStatus, error) {
		return r.PauseTrigger(ctx, workflow, id, reason)
	}
	resume := func(ctx context.Context, r *remote, workflow, id, _ string) (client.TriggerStatus, error) {
		return r.ResumeTrigger(ctx, workflow, id)
	}
	fire := func(ctx context.Context, r *remote, workflow, id, _ string) (client.TriggerStatus, error) {
		return r.FireTrigger(ctx, workflow, id)
	}
	return group("triggers", "See and steer what starts runs",
		"triggers shows the schedules and events that start runs, and steers them.",
		triggersListCommand(a),
		triggerCommand(a, "pause", "Have a trigger start nothing", "pause has a trigger start nothing until it is resumed. What falls due in between\nis not made up for.", pause),
		triggerCommand(a, "resume", "Have a paused trigger fire again", "", resume),
		triggerCommand(a, "fire", "Fire a schedule now", "fire starts a run as if the schedule had fired now. Its rule of overlap holds.", fire))
}

func triggersListCommand(a *app) *cobra.Command {
	return a.listCommand(&cobra.Command{
		Use: "list", Short: "List the triggers that fire by themselves or remember requests",
		Example: "  engine triggers list",
		Args:    wantArgs(0, 0, ""),
	}, &place{}, func(ctx context.Context, r *remote, _ []string) (list, error) {
		all, err := r.Triggers(ctx)
		l := triggerList(all.Triggers...)
		l.json = all
		return l, explain(err)
	})
}

func triggerList(all ...client.TriggerStatus) list {
	l := list{none: "no triggers", head: []string{"WORKFLOW", "TRIGGER", "KIND", "STATUS", "NEXT", "LAST", ""}}
	for _, t := range all {
		l.rows = append(l.rows, triggerRow(t))
	}
	return l
}

func triggerRow(t client.TriggerStatus) []string {
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format(time.DateTime)
	}
	note := t.Reason
	if t.Code != "" {
		note = t.Code + ": " + t.Message
	}
	for _, x := range []struct {
		n    int64
		what string
	}{{int64(t.Waiting), "waiting"}, {t.Duplicates, "repeats"}, {t.Filtered, "kept back"}} {
		if x.n > 0 {
			note = strings.TrimSpace(fmt.Sprintf("%s  %d %s", note, x.n, x.what))
		}
	}
	return []string{t.Workflow, t.Trigger, t.Kind, t.Status, moment(t.Next), moment(t.LastDue), screen.Clean(note)}
}

func triggerCommand(a *app, use, short, long string, do func(ctx context.Context, r *remote, workflow, id, reason string) (client.TriggerStatus, error)) *cobra.Command {
	var at place
	var reason string
	c := &cobra.Command{
		Use: use + " WORKFLOW TRIGGER", Short: short, Long: long,
		Example: "  engine triggers " + use + " order nightly",
		Args:    wantArgs(2, 2, "a workflow and a trigger"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withServer(cmd.Context(), at, func(r *remote) error {
				t, err := do(cmd.Context(), r, args[0], args[1], reason)
				if err != nil {
					return explain(err)
				}
				a.printList(triggerList(t))
				return nil
			})
		},
	}
	at.flags(c)
	if use == "pause" {
		c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	}
	return c
}

func eventsCommand(a *app) *cobra.Command {
	return group("events", "Publish events, see those that started nothing",
		"events publishes CloudEvents to the runs that wait for them and the triggers that\nthey fire. Those that matched a trigger and started nothing are dead letters.",
		eventsPublishCommand(a), eventsDeadCommand(a),
		deadLetterCommand(a, "retry", "Bring a dead letter to its trigger again",
			"retry brings a dead letter to its trigger again, with the workflow's active version.\nOne that fails again is a dead letter anew.", "it is with its trigger again",
			func(ctx context.Context, r *remote, id string) error { return r.RetryDeadLetter(ctx, id) }),
		deadLetterCommand(a, "drop", "Drop a dead letter", "", "it is dropped",
			func(ctx context.Context, r *remote, id string) error { return r.DropDeadLetter(ctx, id) }))
}

func eventsPublishCommand(a *app) *cobra.Command {
	var at place
	var source, subject, id, file string
	c := &cobra.Command{
		Use: "publish TYPE [DATA]", Short: "Publish an event",
		Long:    "publish publishes a CloudEvent of that type; DATA is JSON. An event with the\nsource and the id of an earlier one changes nothing.",
		Example: "  engine events publish com.shop.order.paid '{\"orderId\": 7}' --id 4711",
		Args:    wantArgs(1, 2, "the type of the event"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.jsonArgument(args[1:], file)
			if err != nil {
				return err
			}
			return a.withServer(cmd.Context(), at, func(r *remote) error {
				now := a.clock.Now().UTC()
				if id == "" {
					id = strings.ReplaceAll(now.Format("20060102T150405.000000000"), ".", "")
				}
				event := map[string]any{
					"specversion": "1.0", "id": id, "type": args[0], "source": source, "time": now.Format(time.RFC3339Nano),
				}
				if subject != "" {
					event["subject"] = subject
				}
				if len(data) > 0 {
					event["data"] = data
				}
				raw, err := json.Marshal(event)
				if err != nil {
					return err
				}
				if err := r.Publish(cmd.Context(), raw); err != nil {
					return explain(err)
				}
				writef(a.out, "%s  the event is recorded\n", id)
				return nil
			})
		},
	}
	at.flags(c)
	f := c.Flags()
	f.StringVar(&source, "source", "/engine/cli", "where the event comes from")
	f.StringVar(&subject, "subject", "", "what it is about")
	f.StringVar(&id, "id", "", "a repeat with this id and source changes nothing (default: a new one)")
	f.StringVar(&file, "input", "", `file with the data as JSON, "-" for standard input`)
	return c
}
