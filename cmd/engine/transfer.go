package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/runfile"
)

func exportCommand(a *app) *cobra.Command {
	var at place
	var o client.ExportOptions
	var statuses []string
	c := &cobra.Command{
		Use: "export [FILE]", Short: "Write runs as JSON lines",
		Long: `export writes runs with all they recorded, one JSON object a line, to a file or,
without one or with "-", to the standard output. "engine import" takes them to another engine. Each line
carries a hash of itself and all before it.

What a log holds stands in the file: secrets are sealed in it, values of steps
that are marked secure are not. Treat it like a backup.`,
		Example: "  engine export runs.jsonl --workflow order --status succeeded,failed\n  engine export --data /var/lib/engine | gzip >runs.jsonl.gz",
		Args:    wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range statuses {
				o.Statuses = append(o.Statuses, client.RunStatus(s))
			}
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			return a.export(cmd.Context(), file, at, o)
		},
	}
	at.flags(c)
	f := c.Flags()
	f.StringVar(&o.Workflow, "workflow", "", "only runs of this workflow")
	f.StringVar(&o.Parent, "parent", "", "only runs that this run called")
	f.StringSliceVar(&statuses, "status", nil, "only runs in these statuses")
	return c
}

func (a *app) export(ctx context.Context, file string, at place, o client.ExportOptions) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	r, err := a.connect(ctx, at)
	if err != nil {
		return err
	}
	defer r.close()
	body, err := r.Export(ctx, o)
	if err != nil {
		return explain(err)
	}
	defer body.Close()
	if file == "" || file == "-" {
		if _, err := io.Copy(a.stdout, body); err != nil {
			return failf("what was written is not whole: do it again", "export: %w", err)
		}
		return nil
	}
	end, err := writeExport(file, body)
	if err != nil {
		return err
	}
	writef(a.out, "%s %s  %d %s\n", styleGood.Render("✓"), file, end.Runs, plural(end.Runs, "run"))
	return nil
}

// writeExport writes an export beside the file, reads it again, and gives it
// its name last.
func writeExport(file string, from io.Reader) (runfile.End, error) {
	if exists(file) {
		return runfile.End{}, usagef("name another file", "%s is there already", file)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".export-*") // mode 0600
	if err != nil {
		return runfile.End{}, usagef("", "%s: %s", file, plainOS(err))
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, from)
	var end runfile.End
	if err == nil {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			end, err = runfile.Verify(f)
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return end, failf("do it again", "%s was not written: %w", file, err)
	}
	return end, nil
}

// importOptions is the flags of engine import.
type importOptions struct {
	place
	skipExisting, open, asJSON bool
}

func importCommand(a *app) *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use: "import FILE", Short: "Take runs that were exported",
		Long: `import takes the runs of a file that "engine export" wrote; "-" is the standard
input. Runs keep their IDs. A file is read and verified whole before anything is
sent, the standard input while it comes.

Runs that have not ended stay behind unless --open is given: then they go on
here, so stop the engine that they come from first. Runs of which others keep
something (a place in a limit, a match of events, a caller, a child) are taken
only when they have ended. A data directory without a log gets one.`,
		Example: "  engine import runs.jsonl --data /var/lib/engine\n  gunzip -c runs.jsonl.gz | engine import - --skip-existing",
		Args:    wantArgs(1, 1, "a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.importRuns(cmd.Context(), args[0], o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.BoolVar(&o.skipExisting, "skip-existing", false, "pass over runs that are here already")
	f.BoolVar(&o.open, "open", false, "take runs that have not ended, too; they go on here")
	f.BoolVar(&o.asJSON, "json", false, "as JSON")
	return c
}

func (a *app) importRuns(ctx context.Context, file string, o importOptions) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	from, closeFile, err := a.verified(file)
	if err != nil {
		return err
	}
	defer closeFile()
	if data := dataOf(".", o.data); o.data != "" && o.server == "" && !data.hasLog() { // a new engine
		if err := data.make(); err != nil {
			return err
		}
		l, err := a.openLocal(ctx, localOptions{data: data, still: true})
		if err != nil {
			return err
		}
		l.close()
	}
	r, err := a.connect(ctx, o.place)
	if err != nil {
		return err
	}
	defer r.close()
	done, err := r.Import(ctx, from, o.skipExisting, o.open)
	if err != nil {
		return explain(err)
	}
	if o.asJSON {
		return a.printJSON(done)
	}
	said := []string{fmt.Sprintf("%d %s imported", done.Runs, plural(done.Runs, "run"))}
	if done.Open > 0 {
		said = append(said, fmt.Sprintf("%d of them open", done.Open))
	}
	if done.Existing > 0 {
		said = append(said, fmt.Sprintf("%d here already", done.Existing))
	}
	if done.NotEnded > 0 {
		said = append(said, fmt.Sprintf("%d left out that have not ended (--open takes them)", done.NotEnded))
	}
	writef(a.out, "%s %s\n", styleGood.Render("✓"), strings.Join(said, ", "))
	return nil
}

// verified returns what a file holds, which was read whole once.
func (a *app) verified(file string) (io.Reader, func(), error) {
	if file == "-" {
		return a.in, func() {}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, usagef("", "%s: %s", file, plainOS(err))
	}
	closeFile := func() { _ = f.Close() } // it was only read
	_, err = runfile.Verify(f)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		closeFile()
		return nil, nil, failf("nothing was imported", "%s: %w", file, err)
	}
	return f, closeFile, nil
}
