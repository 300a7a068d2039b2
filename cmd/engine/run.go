package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/engine"
)

// runOptions is the flags of engine run.
type runOptions struct {
	env, input, workflow, data string
	fresh, json                bool
	timeout                    time.Duration
}

func runCommand(a *app) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [PROJECT|FILE]",
		Short: "Run a workflow here and watch it",
		Long: `run checks a project, starts one run of its workflow and shows each step as
it goes. All that happens is recorded under PROJECT/.engine before it counts.
When run is killed in the middle, the same command goes on where it stood:
it first resumes what is unfinished and starts nothing new then.

The input is inputs/WORKFLOW.json unless --input names another file. The
environment is env/local.yaml unless --env names another one; services that it
asks for are started on loopback and stopped at the end.

In a terminal the steps are shown as a tree, elsewhere as one line each, with
--json as one JSON object per recorded event.

` + exitHelp,
		Example: `  engine run samples/order
  engine run samples/order --fresh
  engine run order.yaml --input - < order.json
  engine run samples/order --json | jq .type`,
		Args: wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "."
			if len(args) > 0 {
				path = args[0]
			}
			return a.run(cmd.Context(), path, o)
		},
	}
	f := c.Flags()
	envFlag(c, &o.env, "environment: a name in env/, or a file (default local)")
	f.StringVar(&o.input, "input", "", `file with the input as JSON, "-" for standard input`)
	f.StringVar(&o.workflow, "workflow", "", "which workflow of the project")
	f.StringVar(&o.data, "data", "", "data directory (default PROJECT/.engine)")
	f.BoolVar(&o.fresh, "fresh", false, "put the old log aside and start anew")
	f.BoolVar(&o.json, "json", false, "print each event as a JSON object")
	f.DurationVar(&o.timeout, "timeout", 0, "stop following after this long and exit with 4; the run stays")
	return c
}

func (a *app) run(ctx context.Context, path string, o runOptions) error {
	p, err := openWorkflows(path)
	if err != nil {
		return err
	}
	c, err := a.compile(ctx, p, o.env)
	if err != nil {
		return err
	}
	wf, err := c.pick(p, o.workflow)
	if err != nil {
		return err
	}
	data := dataOf(p.dir, o.data)
	if o.fresh {
		if err := a.putAside(data); err != nil {
			return err
		}
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	l, err := a.openLocal(ctx, localOptions{data: data, env: c.env, services: true})
	if err != nil {
		return err
	}
	s := session{a: a, l: l, o: o, project: path, data: data}
	err = s.all(ctx, p, c, wf)
	return errors.Join(err, l.shut(ctx))
}

// session is one engine run.
type session struct {
	a       *app
	l       *local
	o       runOptions
	project string
	data    dataDir
}

// say tells the user something that is no event: on stdout, or on stderr when
// stdout is for JSON.
func (s session) say(format string, args ...any) {
	w := s.a.out
	if s.o.json {
		w = s.a.errs
	}
	writef(w, format, args...)
}

// all resumes what is unfinished, or starts a run, and follows it.
func (s session) all(ctx context.Context, p project, c compiled, wf engine.Definition) error {
	if s.o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.o.timeout, errFollowedEnough)
		defer cancel()
	}
	if open, n := s.l.engine.Resumed(); n > 0 {
		return s.resume(ctx, open, n)
	}
	for i, file := range c.files {
		if err := s.deploy(ctx, file, c.srcs[i]); err != nil {
			return err
		}
	}
	input, from, err := p.input(s.o.input, wf.Workflow, s.a.in)
	if err != nil {
		return err
	}
	if input != nil && !json.Valid(input) {
		return usagef("", "%s is not JSON", from)
	}
	started, err := s.l.Start(ctx, client.StartOptions{Workflow: wf.Workflow, Input: input})
	if err != nil {
		return s.startProblem(err, wf.Workflow, p, from)
	}
	s.say("%s %s  %s%s\n", styleBold.Render(wf.Workflow), started.Version, started.Run, from2(from))
	return s.follow(ctx, started.Run)
}

// from2 says where the input comes from.
func from2(from string) string {
	if from == "" {
		return ""
	}
	return styleDim.Render("  input " + from)
}

var errFollowedEnough = errors.New("--timeout passed")

// resume follows the runs that the engine found unfinished: each, or the
// oldest of very many.
func (s session) resume(ctx context.Context, open []engine.RunSummary, n int) error {
	what := "1 unfinished run"
	if n > 1 {
		what = fmt.Sprintf("%d unfinished runs", n)
	}
	s.say("%s\n", styleWarn.Render("resuming "+what+"; "+self()+" run "+s.project+" --fresh starts anew"))
	var first error
	for _, r := range open {
		s.say("%s %s  %s%s\n", styleBold.Render(r.Workflow), r.Version, r.Run,
			styleDim.Render("  started "+r.StartedAt.Local().Format(time.DateTime)))
		if err := s.follow(ctx, r.Run); err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return first
}

// deploy makes a file's workflow the active one.
func (s session) deploy(ctx context.Context, file string, src []byte) error {
	_, _, err := s.l.Deploy(ctx, file, src)
	var p *client.ProblemError
	if errors.As(err, &p) && p.Code == "VersionTaken" {
		return &failure{
			code: exitUsage, msg: file + ": " + p.Error(), err: err,
			hint: `change "version:" in the file, or put the old log aside with --fresh`,
		}
	}
	return explain(err)
}

// startProblem adds to an input that does not fit where it came from.
func (s session) startProblem(err error, workflow string, p project, from string) error {
	var pe *client.ProblemError
	if !errors.As(err, &pe) || len(pe.Problems) == 0 {
		return explain(err)
	}
	var f *failure
	errors.As(explain(err), &f)
	f.code = exitUsage
	if from == "" {
		f.hint = "give the input with --input FILE, or put it into " + filepath.Join(p.dir, "inputs", workflow+".json")
	} else {
		f.msg = from + ": " + f.msg
	}
	return f
}

// follow shows one run to its end, and what became of it.
func (s session) follow(ctx context.Context, run string) error {
	final, err := follower{a: s.a, r: s.l.remote, asJSON: s.o.json}.follow(ctx, run)
	again := self() + " run " + s.project + s.dataFlag()
	var stopped interrupted
	switch {
	case errors.As(err, &stopped):
		s.say("\n%s\n", styleWarn.Render("stopped; the run is kept and goes on with: "+again))
		return exitWith(exitInterrupted)
	case errors.Is(err, errFollowedEnough):
		s.say("\n%s\n", styleWarn.Render("followed for "+s.o.timeout.String()+"; the run is kept and goes on with: "+again))
		return exitWith(exitTimedOut)
	case err != nil:
		return err
	}
	if !s.o.json {
		s.summary(final)
	}
	return exitWith(codeOf(final.Status))
}

// summary says how a run ended, what came out and where to look.
func (s session) summary(r screen.Run) {
	end := screen.Status(r.Status)
	if !r.EndedAt.IsZero() {
		end += " in " + screen.Elapsed(r.EndedAt.Sub(r.StartedAt))
	}
	s.say("\n%s\n", end)
	if r.Error != nil {
		s.say("error   %s\n", styleBad.Render(screen.Clean(r.Error.String())))
	}
	if len(r.Output) > 0 && string(r.Output) != "null" {
		s.say("output  %s\n", screen.JSON(r.Output, 8))
	}
	s.say("log     %s\n", s.data.log())
	s.say("again   %s\n", strings.Join([]string{self(), "runs show", r.ID, "--data", string(s.data)}, " "))
}

func (s session) dataFlag() string {
	if s.o.data == "" {
		return ""
	}
	return " --data " + s.o.data
}

// putAside moves an old log out of the way, so that the next one is empty.
func (a *app) putAside(data dataDir) error {
	moved, err := data.setAside()
	if err != nil {
		return err
	}
	if moved != "" {
		writef(a.errs, "%s\n", styleDim.Render("the old log is now "+moved))
	}
	return nil
}
