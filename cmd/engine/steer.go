package main

import (
	"context"

	"github.com/spf13/cobra"
)

// steering is the commands below engine runs that change one run.
func steering(a *app) []*cobra.Command {
	type act func(ctx context.Context, r *remote, run, reason string) error
	make1 := func(use, short, long, done string, reasoned bool, do act) *cobra.Command {
		var at place
		var reason string
		c := &cobra.Command{
			Use: use + " RUN", Short: short, Long: long, Args: wantArgs(1, 1, "a run"),
			Example: "  engine runs " + use + " dd9ea473",
			RunE: func(cmd *cobra.Command, args []string) error {
				return a.steer(cmd.Context(), at, args[0], done, func(ctx context.Context, r *remote, run string) error {
					return do(ctx, r, run, reason)
				})
			},
			ValidArgsFunction: a.completeRuns(&at),
		}
		at.flags(c)
		if reasoned {
			c.Flags().StringVar(&reason, "reason", "", "why, for the record")
		}
		return c
	}
	return []*cobra.Command{
		make1("cancel", "Ask a run to stop", "cancel asks a run to stop: running calls may still answer for a while, then its\nfinally steps run. A second cancel stops it at once.",
			"the wish to cancel is recorded", true, func(ctx context.Context, r *remote, run, reason string) error { return r.Cancel(ctx, run, reason) }),
		make1("suspend", "Have a run do nothing new", "suspend has a run do nothing new until it is resumed. Calls under way may still\nanswer, and what comes for the run is recorded.",
			"is suspended", true, func(ctx context.Context, r *remote, run, reason string) error { return r.Suspend(ctx, run, reason) }),
		make1("resume", "Have a suspended run go on", "",
			"goes on", false, func(ctx context.Context, r *remote, run, _ string) error { return r.Resume(ctx, run) }),
		make1("terminate", "End a run at once", "terminate ends a run at once: no call is waited for, nothing is handled or\nundone. A run that is stuck is given up: its slot is free, and its parent hears\nof it.",
			"is terminated", true, func(ctx context.Context, r *remote, run, reason string) error { return r.Terminate(ctx, run, reason) }),
		make1("retry", "Try a stuck run again", "",
			"is tried again", false, func(ctx context.Context, r *remote, run, _ string) error { return r.Retry(ctx, run) }),
		restartCommand(a),
	}
}

// steer is tell for what only a running engine can do.
func (a *app) steer(ctx context.Context, at place, part, done string, do func(context.Context, *remote, string) error) error {
	return a.withServer(ctx, at, func(r *remote) error {
		run, err := r.find(ctx, part)
		if err != nil {
			return err
		}
		if err := do(ctx, r, run); err != nil {
			return explain(err)
		}
		writef(a.out, "%s  %s\n", run, done)
		return nil
	})
}

// withServer calls f with a connection to a running engine.
func (a *app) withServer(ctx context.Context, at place, f func(*remote) error) error {
	r, err := a.connect(ctx, at)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.needsServer(); err != nil {
		return err
	}
	return f(r)
}

func restartCommand(a *app) *cobra.Command {
	var at place
	c := &cobra.Command{
		Use: "restart RUN", Short: "Start a new run like another",
		Long:    "restart starts a new run of the same version with the same input and prints its\nID. The old run stays as it is.",
		Example: "  engine runs restart dd9ea473",
		Args:    wantArgs(1, 1, "a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return a.withServer(ctx, at, func(r *remote) error {
				run, err := r.find(ctx, args[0])
				if err != nil {
					return err
				}
				s, err := r.Restart(ctx, run)
				if err != nil {
					return explain(err)
				}
				writef(a.out, "%s\n", s.Run)
				return nil
			})
		},
		ValidArgsFunction: a.completeRuns(&at),
	}
	at.flags(c)
	return c
}
