package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/diag"
)

func deployCommand(a *app) *cobra.Command {
	var at place
	c := &cobra.Command{
		Use: "deploy FILE...", Short: "Deploy workflows to a server",
		Long: `deploy makes the workflow of each file the active version of that name. The
same file again changes nothing. Runs that go on keep the version they began
with.`,
		Example: "  engine deploy workflows/order.yaml\n  engine deploy workflows/*.yaml --server http://127.0.0.1:8080",
		Args:    wantArgs(1, -1, "a workflow file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.connect(cmd.Context(), at)
			if err != nil {
				return err
			}
			defer r.close()
			if err := r.needsServer(); err != nil {
				return err
			}
			for _, file := range args {
				if err := a.deploy(cmd.Context(), r, file); err != nil {
					return err
				}
			}
			return nil
		},
	}
	at.flags(c)
	return c
}

// needsServer is the error of a command that has nobody to carry it out.
func (r *remote) needsServer() error {
	if !r.still {
		return nil
	}
	return failf(`"`+self()+` serve PROJECT" starts one; "`+self()+` run PROJECT" starts a run and follows it`, "no server runs here")
}

func (a *app) deploy(ctx context.Context, r *remote, file string) error {
	src, err := readSource(file)
	if err != nil {
		return err
	}
	whole, found := alone(file, src)
	if len(found) > 0 {
		a.printFindings(found, diag.Source(file, src))
		return &failure{code: exitUsage, quiet: true}
	}
	d, created, err := r.Deploy(ctx, whole.name, whole.src)
	var p *client.ProblemError
	if errors.As(err, &p) && len(p.Diagnostics) > 0 {
		a.printFindings(diagnosticsOf(p.Diagnostics), sourcesOf(map[string][]byte{file: src}))
		return &failure{code: exitUsage, quiet: true}
	}
	if err != nil {
		return explain(err)
	}
	a.printFindings(diagnosticsOf(d.Warnings), sourcesOf(map[string][]byte{file: src}))
	word := "is active"
	if !created {
		word = "was there already"
	}
	writef(a.out, "%s %s %s\n", styleBold.Render(d.Definition.Workflow), d.Definition.Version, word)
	return nil
}

// startOptions is the flags of engine start.
type startOptions struct {
	at                  place
	input, version, key string
	json                bool
}

func startCommand(a *app) *cobra.Command {
	var o startOptions
	c := &cobra.Command{
		Use: "start WORKFLOW", Short: "Start a run on a server",
		Long: `start returns as soon as the start is in the log; "engine runs show --watch"
follows the run. With --idempotency-key a repeat finds the same run.`,
		Example: "  engine start order --input order.json\n  engine start order --input - --idempotency-key 4711 < order.json",
		Args:    wantArgs(1, 1, "the name of a workflow"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.start(cmd.Context(), args[0], o)
		},
	}
	o.at.flags(c)
	f := c.Flags()
	f.StringVar(&o.input, "input", "", `file with the input as JSON, "-" for standard input`)
	f.StringVar(&o.version, "version", "", "version to run (default the active one)")
	f.StringVar(&o.key, "idempotency-key", "", "a repeat with this key finds the same run")
	f.BoolVar(&o.json, "json", false, "as JSON")
	return c
}

func (a *app) start(ctx context.Context, workflow string, o startOptions) error {
	input, err := a.jsonInput(o.input)
	if err != nil {
		return err
	}
	r, err := a.connect(ctx, o.at)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.needsServer(); err != nil {
		return err
	}
	s, err := r.Start(ctx, client.StartOptions{Workflow: workflow, Version: o.version, Input: input, IdempotencyKey: o.key})
	if err != nil {
		return explain(err)
	}
	switch {
	case o.json:
		return a.printJSON(s)
	case s.Existing:
		writef(a.out, "%s\n", s.Run)
		writef(a.errs, "%s\n", styleDim.Render("this key has started it before"))
	default:
		writef(a.out, "%s\n", s.Run)
	}
	return nil
}

// jsonInput reads a JSON value from a file or standard input; nil without a
// name.
func (a *app) jsonInput(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	data, from, err := project{}.input(file, "", a.in)
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, usagef("", "%s is not JSON", from)
	}
	return data, nil
}

// jsonArgument reads a JSON value from the last argument, where it is given,
// or from a file or standard input.
func (a *app) jsonArgument(last []string, file string) (json.RawMessage, error) {
	switch {
	case len(last) == 0:
		return a.jsonInput(file)
	case file != "":
		return nil, usagef("leave out one of them", "the data is given twice, as an argument and with --input")
	case !json.Valid([]byte(last[0])):
		return nil, usagef(`text needs its quotes: '"yes"'`, "%q is not JSON", last[0])
	}
	return json.RawMessage(last[0]), nil
}

func signalCommand(a *app) *cobra.Command {
	var at place
	var input, id string
	c := &cobra.Command{
		Use: "signal RUN NAME [JSON]", Short: "Send a signal to a run",
		Example: "  engine signal dd9ea473 approved '{\"by\": \"ann\"}'\n  engine signal dd9ea473 approved --input answer.json",
		Args:    wantArgs(2, 3, "a run and the name of a signal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.jsonArgument(args[2:], input)
			if err != nil {
				return err
			}
			done := "signal " + args[1] + " is recorded"
			return a.tell(cmd.Context(), at, args[0], done, func(ctx context.Context, r *remote, run string) error {
				return r.Signal(ctx, run, args[1], id, data)
			})
		},
		ValidArgsFunction: a.completeRuns(&at),
	}
	at.flags(c)
	c.Flags().StringVar(&input, "input", "", `file with what the signal carries as JSON, "-" for standard input`)
	c.Flags().StringVar(&id, "id", "", "a repeat with this id is taken once")
	return c
}

func cancelCommand(a *app) *cobra.Command {
	var at place
	var reason string
	c := &cobra.Command{
		Use: "cancel RUN", Short: "Ask a run to stop",
		Long: `cancel asks a run to stop: running calls may still answer for a while, then its
finally steps run. A second cancel stops it at once.`,
		Example: "  engine cancel dd9ea473 --reason 'wrong customer'",
		Args:    wantArgs(1, 1, "a run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.tell(cmd.Context(), at, args[0], "the wish to cancel is recorded", func(ctx context.Context, r *remote, run string) error {
				return r.Cancel(ctx, run, reason)
			})
		},
		ValidArgsFunction: a.completeRuns(&at),
	}
	at.flags(c)
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	return c
}

// tell sends a message to a run and says that it is recorded.
func (a *app) tell(ctx context.Context, at place, part, done string, send func(context.Context, *remote, string) error) error {
	r, err := a.connect(ctx, at)
	if err != nil {
		return err
	}
	defer r.close()
	run, err := r.find(ctx, part)
	if err != nil {
		return err
	}
	if err := send(ctx, r, run); err != nil {
		return explain(err)
	}
	writef(a.out, "%s  %s\n", run, done)
	if r.still {
		writef(a.errs, "%s\n", styleDim.Render("nothing runs here; the run takes it when it goes on"))
	}
	return nil
}
