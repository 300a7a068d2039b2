package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// maxSource bounds what is read as a workflow, an environment or an input.
const maxSource = 16 << 20

// project is a folder with workflows, or one workflow file in it.
type project struct {
	dir   string   // where env/, inputs/ and .engine/ are
	files []string // the workflow files, sorted
	named bool     // the user named one file, not the folder
}

// openProject finds the project at path, a folder or a workflow file.
func openProject(path string) (project, error) {
	info, err := os.Stat(path)
	if err != nil {
		return project{}, usagef(`"`+self()+` new NAME" makes a project`, "%s: %s", path, plainOS(err))
	}
	if !info.IsDir() {
		return projectOf(path), nil
	}
	p := project{dir: path}
	if p.files, err = sourcesIn(filepath.Join(path, "workflows")); err != nil {
		return project{}, usagef("", "%s: %s", path, plainOS(err))
	}
	if len(p.files) > 0 {
		return p, nil
	}
	here, err := sourcesIn(path)
	if err != nil {
		return project{}, usagef("", "%s: %s", path, plainOS(err))
	}
	switch {
	case len(here) == 0:
		return project{}, usagef(`a project keeps its workflows in workflows/*.yaml; "`+self()+` new NAME" makes one`, "%s has no workflows", path)
	case baseOf(path) == "workflows": // of the project around it
		return project{dir: filepath.Join(path, ".."), files: here}, nil
	}
	return project{}, usagef("move "+filepath.Base(here[0])+" to "+filepath.Join(path, "workflows")+", or name the file itself",
		"%s has no folder workflows, but %s", path, filepath.Base(here[0]))
}

// baseOf is the name of a file or folder, also of one like "." or "..".
func baseOf(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return filepath.Base(path)
}

// sourcesIn lists the workflow, environment or test files of a folder, sorted;
// none where there is no such folder.
func sourcesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && isSource(e.Name()) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

func isSource(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml" || ext == ".json") && !strings.HasPrefix(name, ".")
}

// envFile returns the file of the environment called name: env/NAME.yaml of
// the project, or a file by its path. Without a name it is env/local.yaml if
// there is one, else "".
func (p project) envFile(name string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) || isSource(name) {
		return name, nil
	}
	want := name
	if want == "" {
		want = "local"
	}
	for _, ext := range []string{".yaml", ".yml", ".json"} {
		file := filepath.Join(p.dir, "env", want+ext)
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	if name == "" {
		return "", nil
	}
	hint := "there is no " + filepath.Join(p.dir, "env") + " folder"
	if have := p.envs(); len(have) > 0 {
		hint = "there are: " + strings.Join(have, ", ")
	}
	return "", usagef(hint, "no environment %q in %s", name, p.dir)
}

// envs lists the environments of the project by name.
func (p project) envs() []string {
	entries, err := os.ReadDir(filepath.Join(p.dir, "env"))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if isSource(e.Name()) {
			out = append(out, strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())))
		}
	}
	return slices.Compact(out)
}

// completeEnvs completes --env with the environments of the project that the
// command line names.
func completeEnvs(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	p, err := openProject(path)
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return p.envs(), cobra.ShellCompDirectiveDefault
}

// envFlag adds --env, with its completion.
func envFlag(c *cobra.Command, env *string, usage string) {
	c.Flags().StringVar(env, "env", "", usage)
	_ = c.RegisterFlagCompletionFunc("env", completeEnvs) // fails only for an unknown flag
}

// input reads the input of a run: the file that the user named, "-" for in,
// else inputs/WORKFLOW.json. from says where it came from; it is empty when
// there is none.
func (p project) input(flag, workflow string, in io.Reader) (data []byte, from string, err error) {
	if flag == "-" {
		data, err = readBounded(in, "the input")
		return data, "standard input", err
	}
	file := flag
	if file == "" {
		file = filepath.Join(p.dir, "inputs", workflow+".json")
		if _, err := os.Stat(file); err != nil {
			return nil, "", nil
		}
	}
	data, err = readSource(file)
	return data, file, err
}

// readSource reads a file that a person wrote.
func readSource(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usagef("", "%s: %s", file, plainOS(err))
	}
	defer f.Close()
	return readBounded(f, file)
}

func readBounded(r io.Reader, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return nil, usagef("", "%s: %s", what, plainOS(err))
	}
	if len(data) > maxSource {
		return nil, usagef("", "%s is larger than 16 MiB", what)
	}
	return data, nil
}

// plainOS is the reason of a file error without the call and the path.
func plainOS(err error) string {
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file or folder"
	case errors.As(err, &pe):
		return pe.Err.Error()
	}
	return err.Error()
}
