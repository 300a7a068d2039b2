package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

// The groups that the help lists commands in.
const (
	groupAuthor  = "author"
	groupRun     = "run"
	groupOperate = "operate"
)

// execute runs one command line and returns the exit code.
func execute(args []string, a *app) int {
	root := newRoot(a)
	root.SetArgs(args)
	ctx := context.Background()
	err := root.ExecuteContext(ctx)
	return report(a.errs, err)
}

// newRoot builds the whole command tree.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "engine",
		Short: "Checks, runs and serves declarative workflows",
		Long: `engine checks, runs and serves declarative workflows.

A workflow is a YAML file. A project is a folder with workflows/, env/ and
inputs/. Every step that a run takes is in a log on disk before anything is
made of it, so that a run that was killed goes on where it stood.`,
		Example: `  engine new hello            make a project
  engine validate hello       check it
  engine run hello            run it and watch
  engine runs list            what ran in this directory
  engine serve hello          serve it over HTTP`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRun: func(*cobra.Command, []string) {
			a.applyColor()
		},
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.errs)
	root.SuggestionsMinimumDistance = 2
	root.PersistentFlags().BoolVar(&a.noColor, "no-color", false, "plain text (so does NO_COLOR)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef(flagHint(cmd, err), "%s", flagProblem(err))
	})
	root.AddGroup(
		&cobra.Group{ID: groupAuthor, Title: "Write and check:"},
		&cobra.Group{ID: groupRun, Title: "Run and look:"},
		&cobra.Group{ID: groupOperate, Title: "Operate:"},
	)
	root.SetHelpCommandGroupID(groupOperate)
	root.SetCompletionCommandGroupID(groupOperate)
	addCommands(root, a)
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Run, c.RunE = nil, helpOf
		}
	}
	return root
}

// helpOf shows the help of the command that the words name.
func helpOf(cmd *cobra.Command, args []string) error {
	c := cmd.Root()
	for _, word := range args {
		i := slices.IndexFunc(c.Commands(), func(sub *cobra.Command) bool { return sub.Name() == word })
		if i < 0 {
			return knownCommand(c, []string{word})
		}
		c = c.Commands()[i]
	}
	c.InitDefaultHelpFlag()
	return c.Help()
}

// addCommands adds each command to its group.
func addCommands(root *cobra.Command, a *app) {
	add := func(group string, cs ...*cobra.Command) {
		for _, c := range cs {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupAuthor, newCommand(a), validateCommand(a), evalCommand(a), fmtCommand(a), explainCommand(a), schemaCommand(a), graphCommand(a),
		scheduleCommand(a), connectorsCommand(a))
	add(groupRun, runCommand(a), runsCommand(a))
	add(groupOperate, serveCommand(a), deployCommand(a), startCommand(a), signalCommand(a),
		cancelCommand(a), tasksCommand(a), triggersCommand(a), eventsCommand(a), limitsCommand(a), statusCommand(a), purgeCommand(a), compactCommand(a), checkCommand(a), backupCommand(a), restoreCommand(a), exportCommand(a), importCommand(a), benchCommand(a), versionCommand(a))
	root.AddCommand(docsCommand(a))
}

// knownCommand refuses a word that is no command, with the nearest one.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := cmd.SuggestionsFor(args[0])
	if len(near) > 0 {
		return usagef(fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+near[0]), "unknown command %q", args[0])
	}
	return usagef(fmt.Sprintf("%q lists the commands", cmd.CommandPath()+" --help"), "unknown command %q", args[0])
}

// wantArgs is how many arguments a command takes, with a usage error that
// names them.
func wantArgs(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("usage: "+cmd.UseLine(), "%s needs %s", cmd.CommandPath(), what)
		case most >= 0 && len(args) > most:
			return usagef("usage: "+cmd.UseLine(), "%s: unexpected argument %q", cmd.CommandPath(), args[most])
		}
		return nil
	}
}

// group makes a command that only holds others.
func group(use, short, long string, cs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: use, Short: short, Long: long, Args: knownCommand, SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(cs...)
	return c
}
