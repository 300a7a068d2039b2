package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

//go:generate go run . docs --out ../../docs/reference/cli.md

// docsCommand writes the reference page of the command line. It is for the
// build of the project, not for users.
func docsCommand(a *app) *cobra.Command {
	var to string
	c := &cobra.Command{
		Use: "docs", Hidden: true, Short: "Write the reference of this command line as Markdown",
		Args: wantArgs(0, 0, ""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b bytes.Buffer
			writeReference(&b, cmd.Root())
			if to == "" {
				_, err := io.Copy(a.stdout, &b)
				return err
			}
			return os.WriteFile(to, b.Bytes(), 0o644)
		},
	}
	c.Flags().StringVar(&to, "out", "", "file to write (default standard output)")
	return c
}

// writeReference writes a section for each command, in the order of the help.
func writeReference(w io.Writer, root *cobra.Command) {
	root.InitDefaultHelpCmd()
	writef(w, "# The command line\n\n")
	writef(w, "This page is generated from the program by `make generate`.\n\n%s\n\n", root.Long)
	writef(w, "| exit code | meaning |\n|---|---|\n")
	for _, row := range []struct {
		code int
		text string
	}{
		{exitOK, "the run succeeded, the files are valid"},
		{exitFailed, "the run failed, there were findings, the command could not do it"},
		{exitUsage, "the command line or a file that it names is wrong"},
		{exitCancelled, "the run was cancelled"},
		{exitTimedOut, "the run timed out, or --timeout passed"},
		{exitStuck, "the run is stuck, or the engine or its store failed"},
		{exitInterrupted, "interrupted; the run goes on later"},
	} {
		writef(w, "| %d | %s |\n", row.code, row.text)
	}
	writef(w, "\nEvery command takes")
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { writef(w, " %s (%s)", flagName(f), f.Usage) })
	writef(w, " and `--help`.\n")
	for _, c := range root.Commands() {
		writeCommand(w, c)
	}
}

func writeCommand(w io.Writer, c *cobra.Command) {
	if !c.IsAvailableCommand() || c.Name() == "help" {
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	writef(w, "\n## %s\n\n%s\n\n```\n%s\n```\n", c.CommandPath(), text, c.UseLine())
	if c.HasExample() {
		writef(w, "\n```sh\n%s\n```\n", unindent(c.Example))
	}
	if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
		writef(w, "\n| flag | meaning |\n|---|---|\n")
		flags.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				writef(w, "| %s | %s |\n", flagName(f), strings.ReplaceAll(f.Usage, "|", "\\|"))
			}
		})
	}
	if c.Name() == "completion" {
		return // each shell's own text is in its help
	}
	for _, sub := range c.Commands() {
		writeCommand(w, sub)
	}
}

// flagName is a flag as it is typed, with the kind of its value.
func flagName(f *pflag.Flag) string {
	kind, _ := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if kind != "" {
		name += " " + kind
	}
	return fmt.Sprintf("`%s`", name)
}

func unindent(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}
