package main

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/scaffold"
)

func newCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Make a project that runs as it is",
		Long: `new makes a project folder: a workflow, an environment, an input, the schemas
that editors complete and check with, and their settings. NAME is the project's
name, or a path that ends with it; . is the folder that it runs in, which must be
empty. It overwrites nothing.`,
		Example: "  engine new hello\n  engine run hello\n  mkdir orders && cd orders && engine new .",
		Args:    wantArgs(1, 1, "the name of the project"),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.newProject(args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
}

func (a *app) newProject(dir string) error {
	dir = filepath.Clean(dir)
	workflow, err := workflowSchema()
	if err != nil {
		return err
	}
	name := baseOf(dir)
	files, err := scaffold.New(dir, name, workflow)
	switch {
	case errors.Is(err, scaffold.ErrName):
		return usagef("such as: "+self()+" new "+scaffold.Near(name), "%q cannot be a project's name: %s", name, err)
	case errors.Is(err, scaffold.ErrExists):
		return usagef("take another name, or an empty folder", "%s: %s; nothing was changed", dir, err)
	case err != nil:
		return failf("", "%s: %w", dir, err)
	}
	for _, f := range files {
		writef(a.out, "%s %s\n", styleGood.Render("+"), filepath.Join(dir, f))
	}
	writef(a.out, "\nnext    %s\n", self()+" run "+dir)
	return nil
}
