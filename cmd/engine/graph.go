package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/graph/draw"
)

// graphFormats is the forms that engine graph knows.
var graphFormats = []string{"tree", "mermaid", "svg"}

// graphOptions is the flags of engine graph.
type graphOptions struct {
	format, out, workflow string
}

func graphCommand(a *app) *cobra.Command {
	var o graphOptions
	c := &cobra.Command{
		Use:   "graph PATH",
		Short: "Draw a workflow",
		Long: `graph shows the steps of a workflow: what each does, what it follows, declared
or implied, what it holds, and its handlers. PATH is a file or a project
folder.

The forms are tree (lines for the terminal), mermaid (a flowchart in text that
many sites draw) and svg (a picture that needs nothing else). -o writes to a
file; its ending says the form when --format does not.`,
		Example: `  engine graph samples/order
  engine graph samples/order -o order.svg
  engine graph workflows/order.yaml --format mermaid`,
		Args: wantArgs(1, 1, "a file or a folder"),
		RunE: func(_ *cobra.Command, args []string) error { return a.graph(args[0], o) },
	}
	c.Flags().StringVar(&o.format, "format", "", "tree, mermaid or svg (default tree, or what the ending of -o says)")
	c.Flags().StringVarP(&o.out, "output", "o", "", "file to write (default standard output)")
	c.Flags().StringVar(&o.workflow, "workflow", "", "which workflow of the project")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(graphFormats, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
	return c
}

func (a *app) graph(path string, o graphOptions) error {
	format, err := o.form()
	if err != nil {
		return err
	}
	p, err := openWorkflows(path)
	if err != nil {
		return err
	}
	ws, err := a.graphs(p, o.workflow)
	if err != nil {
		return err
	}
	if len(ws) > 1 && format != "tree" {
		return usagef("say which with --workflow NAME", "%s has %d workflows, and %s holds one", p.dir, len(ws), format)
	}
	to, out := a.out, &strings.Builder{}
	if o.out != "" {
		to = out
	}
	for i, w := range ws {
		if i > 0 {
			writef(to, "\n")
		}
		drawing(to, w, format)
	}
	if o.out == "" {
		return nil
	}
	text := out.String()
	if format == "tree" {
		text = ansi.Strip(text)
	}
	if err := os.WriteFile(o.out, []byte(text), 0o644); err != nil {
		return failf("", "%s: %s", o.out, plainOS(err))
	}
	return nil
}

// form returns the form to draw in.
func (o graphOptions) form() (string, error) {
	switch o.format {
	case "tree", "mermaid", "svg":
		return o.format, nil
	case "":
	default:
		return "", usagef("", "--format is tree, mermaid or svg, not %q", o.format)
	}
	switch strings.ToLower(filepath.Ext(o.out)) {
	case ".svg":
		return "svg", nil
	case ".mmd", ".mermaid":
		return "mermaid", nil
	}
	return "tree", nil
}

func drawing(to io.Writer, w *graph.Workflow, format string) {
	switch format {
	case "svg":
		writef(to, "%s", draw.SVG(w))
	case "mermaid":
		writef(to, "%s", draw.Mermaid(w))
	default:
		writeTree(to, draw.Tree(w))
	}
}

// maxLabel is how wide the first column of a tree gets.
const maxLabel = 44

// writeTree sets the rows of a tree in two columns: the steps, and what there
// is to say about them.
func writeTree(to io.Writer, rows []draw.Row) {
	wide := 0
	for _, r := range rows[1:] {
		wide = max(wide, min(maxLabel, ansi.StringWidth(r.Branch+r.Label)))
	}
	head := styleBold.Render(rows[0].Label)
	if rows[0].Note != "" {
		head += "  " + styleDim.Render(rows[0].Note)
	}
	writef(to, "%s\n", head)
	for _, r := range rows[1:] {
		label := r.Label
		switch {
		case r.Beside && !r.Step:
			label = styleWarn.Render(label)
		case !r.Step:
			label = styleDim.Render(label)
		}
		line := styleDim.Render(r.Branch) + label
		rest := strings.TrimSpace(r.Verb + " " + r.Detail)
		if r.Note != "" {
			note := styleDim.Render(r.Note)
			if rest != "" {
				note = "  " + note
			}
			rest += note
		}
		if rest != "" {
			line += strings.Repeat(" ", max(0, wide-ansi.StringWidth(r.Branch+r.Label))) + "  " + rest
		}
		writef(to, "%s\n", line)
	}
}
