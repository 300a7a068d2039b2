package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/schema"
)

func schemaCommand(a *app) *cobra.Command {
	var to string
	c := &cobra.Command{
		Use:   "schema [NAME]",
		Short: "Write the JSON Schema that editors complete and check with",
		Long: `schema writes the JSON Schema (draft 2020-12) of workflow files as this build
reads them: with the operations of its connectors, and what each takes. With a
name it writes that of environment or test files. A project has these schemas
in .engine, where they are kept up to date by every command that opens it.`,
		Example: `  engine schema -o workflow.schema.json
  engine schema environment`,
		Args: wantArgs(0, 1, "the name of a schema"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := "workflow"
			if len(args) > 0 {
				name = args[0]
			}
			return a.schema(name, to)
		},
		ValidArgsFunction: cobra.FixedCompletions(schema.Names(), cobra.ShellCompDirectiveNoFileComp),
	}
	c.Flags().StringVarP(&to, "output", "o", "", "file to write (default standard output)")
	return c
}

func (a *app) schema(name, to string) error {
	b, ok := schema.Named(name)
	if !ok {
		names := schema.Names()
		slices.Sort(names)
		return usagef("there are: "+strings.Join(names, ", "), "there is no schema of %q", name)
	}
	if name == "workflow" {
		var err error
		if b, err = workflowSchema(); err != nil {
			return err
		}
	}
	if to == "" {
		_, err := a.stdout.Write(b)
		return err
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		return usagef("", "%s: %s", to, plainOS(err))
	}
	return nil
}

// workflowSchema is the schema of workflow files with the connectors of this
// build.
func workflowSchema() ([]byte, error) {
	b, err := dsl.EditorSchema(engine.NewCatalog(standard.New(), nil))
	if err != nil {
		return nil, fmt.Errorf("the schema of workflows: %w", err)
	}
	return b, nil
}
