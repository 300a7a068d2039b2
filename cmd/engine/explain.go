package main

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/diag/page"
)

// pageWidth is how wide the text of a page is at most.
const pageWidth = 100

func explainCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE...]",
		Short: "Say what a finding means, with an example",
		Long: `explain shows the page of a code that validate reports: what it means, why it is
a mistake, an example that is wrong and one that is right. Without a code it
lists all codes.`,
		Example: "  engine explain E204\n  engine explain E204 E406\n  engine explain",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				a.listCodes()
				return nil
			}
			var pages []page.Page
			for _, code := range args {
				p, err := findPage(code)
				if err != nil {
					return err
				}
				pages = append(pages, p)
			}
			for i, p := range pages {
				if i > 0 {
					writef(a.out, "\n\n")
				}
				a.showPage(p)
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var out []string
			for _, e := range diag.Codes() {
				out = append(out, cobra.CompletionWithDesc(string(e.Code), e.Title))
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// findPage returns the page of a code as users write it: E204, e204, [E204] or
// 204.
func findPage(code string) (page.Page, error) {
	name := strings.ToUpper(strings.Trim(code, "[]:"))
	if len(name) == 3 && strings.Trim(name, "0123456789") == "" {
		name = "E" + name
	}
	p, ok := page.Of(diag.Code(name))
	if !ok {
		return p, usagef(`codes look like E204; "`+self()+` explain" lists them`, "there is no code %q", code)
	}
	return p, nil
}

func (a *app) listCodes() {
	for _, e := range diag.Codes() {
		note := ""
		if e.Warning {
			note = styleDim.Render(" (a warning)")
		}
		writef(a.out, "%s  %s%s\n", styleBold.Render(string(e.Code)), e.Title, note)
	}
}

func (a *app) showPage(p page.Page) {
	width := pageWidth
	if w, _, ok := a.terminal(); ok {
		width = min(width, w-1)
	}
	prose := func(text string) {
		for _, paragraph := range strings.Split(text, "\n\n") {
			writef(a.out, "\n%s\n", ansi.Wordwrap(strings.ReplaceAll(paragraph, "\n", " "), width, ""))
		}
	}
	writef(a.out, "%s  %s\n", styleBold.Render(string(p.Code)), styleBold.Render(p.Title))
	if p.Warning {
		prose("This is a warning: it does not stop a workflow from being accepted.")
	}
	prose(p.Explanation + " " + p.Hint)
	prose(p.Text)
	writef(a.out, "\n%s\n", styleBad.Render("Wrong"))
	a.showExample(p.Wrong)
	writef(a.out, "\n%s\n", styleGood.Render("Right"))
	a.showExample(p.Right)
	writef(a.out, "\n%s\n", styleDim.Render(p.Code.Page()))
}

func (a *app) showExample(x page.Example) {
	for line := range strings.Lines(x.Workflow) {
		writef(a.out, "    %s", line)
	}
	if x.Environment == "" {
		return
	}
	writef(a.out, "  %s\n", styleDim.Render("in the file of the environment"))
	for line := range strings.Lines(x.Environment) {
		writef(a.out, "    %s", line)
	}
}
