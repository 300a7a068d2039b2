package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// maxFile bounds what is read of a project's files.
const maxFile = 16 << 20

// ErrNoProject means that the folder has no workflows.
var ErrNoProject = errors.New("no project")

// ErrNoEnvironment means that the project has no environment of that name.
var ErrNoEnvironment = errors.New("no such environment")

// Project is a folder: workflows/*.yaml, env/NAME.yaml, inputs/*.json. Only
// the names of its files are known; each is read when it is asked for.
type Project struct {
	Dir          string
	Workflows    []string // paths of the files, sorted
	Environments []string // names, sorted
	Inputs       []string // paths of the files, sorted
}

// OpenProject looks at a project folder. The error wraps ErrNoProject when
// there are no workflows in it.
func OpenProject(dir string) (*Project, error) {
	p := &Project{Dir: dir}
	var err error
	if p.Workflows, err = sourcesIn(filepath.Join(dir, "workflows")); err != nil {
		return nil, err
	}
	if len(p.Workflows) == 0 {
		return nil, fmt.Errorf("%w: %s has no workflows/*.yaml", ErrNoProject, dir)
	}
	if p.Inputs, err = sourcesIn(filepath.Join(dir, "inputs")); err != nil {
		return nil, err
	}
	files, err := sourcesIn(filepath.Join(dir, "env"))
	for _, f := range files {
		p.Environments = append(p.Environments, strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)))
	}
	return p, err
}

// Environment reads env/NAME.yaml. The error wraps ErrNoEnvironment when there
// is none; findings that are errors leave the environment nil.
func (p *Project) Environment(name string, environ []string) (*Environment, diag.List, error) {
	files, err := sourcesIn(filepath.Join(p.Dir, "env"))
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		if strings.TrimSuffix(filepath.Base(f), filepath.Ext(f)) != name {
			continue
		}
		src, err := ReadFile(f)
		if err != nil {
			return nil, nil, err
		}
		env, found := Load(f, src, environ)
		return env, found, nil
	}
	return nil, nil, fmt.Errorf("%w: %q in %s", ErrNoEnvironment, name, p.Dir)
}

// ReadFile returns a file of at most 16 MiB.
func ReadFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", file, info.Size(), maxFile)
	}
	return os.ReadFile(file)
}

// sourcesIn returns the YAML and JSON files of a folder, sorted; none when
// there is no such folder.
func sourcesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml" || ext == ".json") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, nil
}
