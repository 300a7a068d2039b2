package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl/layout"
)

// fmtOptions is the flags of engine fmt.
type fmtOptions struct {
	check, diff bool
	name        string
}

func fmtCommand(a *app) *cobra.Command {
	var o fmtOptions
	c := &cobra.Command{
		Use:   "fmt PATH...",
		Short: "Write files in the standard form",
		Long: `fmt writes workflow, environment and test files in the one standard form: the
order of keys, indentation, quotes. It keeps comments and never changes what a
file means. PATH is a file, or a folder in which it looks for workflows/, env/
and tests/, also below; - reads standard input and writes standard output. A
file that cannot be read is left alone and its findings are shown.

With --check it changes nothing and lists the files that are not in the form;
with --diff it changes nothing and shows what it would.

Exit codes: 0 done, 1 a file could not be read or written, or --check found one
that is not in the form, 2 wrong usage.`,
		Example: `  engine fmt .
  engine fmt . --check --diff
  engine fmt - --name workflows/order.yaml < order.yaml`,
		Args: wantArgs(1, -1, "a file or a folder"),
		RunE: func(_ *cobra.Command, args []string) error { return a.format(args, o) },
	}
	c.Flags().BoolVar(&o.check, "check", false, "change nothing; exit with 1 if a file is not in the form")
	c.Flags().BoolVar(&o.diff, "diff", false, "change nothing; show what would change")
	c.Flags().StringVar(&o.name, "name", "workflow.yaml", "what standard input is called: its extension and folder say what it is")
	return c
}

func (a *app) format(paths []string, o fmtOptions) error {
	if slices.Contains(paths, "-") {
		if len(paths) > 1 {
			return usagef("", "- stands for standard input and goes with no other path")
		}
		return a.formatInput(o)
	}
	var files []string
	for _, path := range paths {
		found, err := formattable(path)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	code := exitOK
	for _, file := range files {
		src, err := readSource(file)
		if err != nil {
			return err
		}
		out, ok := a.inForm(file, src)
		switch {
		case !ok:
			code = exitFailed
		case bytes.Equal(src, out):
		case o.check || o.diff:
			if a.showChange(file, src, out, o); o.check {
				code = exitFailed
			}
		default:
			if err := replace(file, out); err != nil {
				code = report(a.errs, failf(writeHint(err), "%s: %s", file, plainOS(err)))
				continue
			}
			writef(a.out, "%s\n", file)
		}
	}
	return exitWith(code)
}

// formatInput formats standard input.
func (a *app) formatInput(o fmtOptions) error {
	src, err := readBounded(a.in, "standard input")
	if err != nil {
		return err
	}
	out, ok := a.inForm(o.name, src)
	switch {
	case !ok:
		return exitWith(exitFailed)
	case !o.check && !o.diff:
		_, err := a.stdout.Write(out)
		return err
	case bytes.Equal(src, out):
		return nil
	}
	if a.showChange(o.name, src, out, o); o.check {
		return exitWith(exitFailed)
	}
	return nil
}

// inForm returns a text in the standard form, or shows why there is none.
func (a *app) inForm(file string, src []byte) (out []byte, ok bool) {
	out, err := layout.Format(file, src)
	var found diag.List
	switch {
	case errors.As(err, &found):
		a.printFindings(found, diag.Source(file, src))
	case err != nil:
		writef(a.errs, "%s: %s\n", file, err)
	}
	return out, err == nil
}

// showChange shows what would change, or only where.
func (a *app) showChange(file string, src, out []byte, o fmtOptions) {
	if !o.diff {
		writef(a.out, "%s\n", file)
		return
	}
	text := string(diff.Diff(file, src, file+" (formatted)", out))
	_, text, _ = strings.Cut(text, "\n") // its first line names a command that was not run
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "+"):
			line = styleGood.Render(line)
		case strings.HasPrefix(line, "-"):
			line = styleBad.Render(line)
		}
		writef(a.out, "%s\n", line)
	}
}

// formattable returns the files that a path stands for: a file itself; of a
// folder those in folders named workflows, env and tests, in order.
func formattable(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usagef("", "%s: %s", path, plainOS(err))
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != path && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.Type().IsRegular() && isSource(file) && holdsSources(file):
			files = append(files, file)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, usagef("", "%s: %s", path, plainOS(err))
	case len(files) == 0:
		return nil, usagef("name the files themselves", "%s has no files in workflows/, env/ or tests/", path)
	}
	return files, nil
}

// holdsSources tells whether the folder of a file is one whose files are
// formatted.
func holdsSources(file string) bool {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		dir = filepath.Dir(file)
	}
	switch filepath.Base(dir) {
	case "workflows", "env":
		return true
	case "tests":
		return strings.HasSuffix(strings.TrimSuffix(file, filepath.Ext(file)), ".test")
	}
	return false
}

// errReadOnly is a file that its owner may not write to.
var errReadOnly = errors.New("the file is read-only")

// writeHint says what to do about a file that could not be written.
func writeHint(err error) string {
	if errors.Is(err, errReadOnly) || errors.Is(err, fs.ErrPermission) {
		return "make it writable (chmod u+w); --diff shows what would change"
	}
	return ""
}

// replace gives a file another content, all or nothing, and keeps its mode.
func replace(file string, data []byte) (err error) {
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return errReadOnly
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".fmt-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is told
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
