package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/scenario"
)

// checker checks files of projects, each once, whatever paths lead to it.
type checker struct {
	a       *app
	o       validateOptions
	files   []string          // what was checked, in order
	sources map[string][]byte // their texts
	found   diag.List
	envs    map[string]*config.Environment // by absolute path; nil: it is not valid
	flows   map[string]config.Needs        // what environments are for, by the files of the workflows
}

func newChecker(a *app, o validateOptions) *checker {
	return &checker{a: a, o: o, sources: map[string][]byte{}, envs: map[string]*config.Environment{}, flows: map[string]config.Needs{}}
}

// path checks a file, a project with all its files, or one of its folders.
func (c *checker) path(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		switch baseOf(path) {
		case "env":
			return c.folder(path, kindEnvironment)
		case "tests":
			return c.folder(path, kindTest)
		}
	}
	p, err := openProject(path)
	if err != nil {
		return err
	}
	if p.named {
		return c.named(p, nil)
	}
	if err := c.workflows(p, nil); err != nil || baseOf(path) == "workflows" {
		return err
	}
	if err := c.folder(filepath.Join(p.dir, "env"), kindEnvironment); err != nil {
		return err
	}
	return c.folder(filepath.Join(p.dir, "tests"), kindTest)
}

// folder checks the files of one kind in a folder, if there is such a folder.
func (c *checker) folder(dir string, kind fileKind) error {
	files, err := sourcesIn(dir)
	if err != nil {
		return usagef("", "%s: %s", dir, plainOS(err))
	}
	for _, f := range files {
		if kindOf(f) != kind {
			continue
		}
		if err := c.named(projectOf(f), nil); err != nil {
			return err
		}
	}
	return nil
}

// input checks standard input as the file of that name would be.
func (c *checker) input(name string) error {
	src, err := readBounded(c.a.in, "standard input")
	if err != nil {
		return err
	}
	return c.named(projectOf(name), src)
}

// named checks one file. Its text is read unless it is given.
func (c *checker) named(p project, src []byte) error {
	file := p.files[0]
	switch kindOf(file) {
	case kindEnvironment:
		_, err := c.environment(p, file, src)
		return err
	case kindTest:
		return c.test(p, file, src)
	default:
		return c.workflows(p, src)
	}
}

// take notes a file as checked and returns its text; ok is false when it was
// checked before.
func (c *checker) take(file string, src []byte) (text []byte, ok bool, err error) {
	if slices.ContainsFunc(c.files, func(have string) bool { return sameFile(have, file) }) {
		return nil, false, nil
	}
	if src == nil {
		if src, err = readSource(file); err != nil {
			return nil, false, err
		}
	}
	c.files, c.sources[file] = append(c.files, file), src
	return src, true, nil
}

func sameFile(a, b string) bool { return absolute(a) == absolute(b) }

// absolute is a path that tells files apart, however they were named.
func absolute(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		return abs
	}
	return filepath.Clean(file)
}

// environment checks an environment, against the workflows of a project, and
// returns it; nil when it is not valid by itself.
func (c *checker) environment(p project, file string, src []byte) (*config.Environment, error) {
	key := absolute(file)
	if env, ok := c.envs[key]; ok {
		return env, nil
	}
	src, ok, err := c.take(file, src)
	if err != nil || !ok {
		return nil, err
	}
	n, err := c.needs(p)
	if err != nil {
		return nil, err
	}
	chosen, err := p.envFile(c.o.env)
	n.Unbound = c.o.env == "" || err != nil || !sameFile(chosen, file)
	env, found := config.Inspect(file, src, c.a.environ, func(e *config.Environment) diag.List {
		return slices.Concat(checkEnv(e, n), namesakes(e))
	})
	c.envs[key] = env
	c.found = append(c.found, found...)
	return env, nil
}

// test checks a test file. What is wrong with the workflows that it runs
// belongs to those.
func (c *checker) test(p project, file string, src []byte) error {
	src, ok, err := c.take(file, src)
	if err != nil || !ok {
		return err
	}
	project := scenario.Project{Dir: p.dir, Registry: standard.New(), Environ: c.a.environ}
	_, found := scenario.Read(project, file, src)
	for _, d := range found {
		if d.Span.File == file {
			c.found = append(c.found, d)
		}
	}
	return nil
}

// workflows checks the workflow files of a project, or the one that is given.
func (c *checker) workflows(p project, src []byte) error {
	var env *config.Environment
	if c.o.env != "" {
		file, err := p.envFile(c.o.env)
		if err != nil {
			return err
		}
		if env, err = c.environment(p, file, nil); err != nil {
			return err
		}
	}
	own := map[string][]byte{}
	var files []string
	for _, f := range p.files {
		text, ok, err := c.take(f, src)
		if err != nil {
			return err
		}
		if ok {
			own[f], files = text, append(files, f)
		}
	}
	docs := openDocuments(p, env)
	defer docs.close()
	docs.introduce(own)
	for _, f := range files {
		_, found := docs.compile(f, own[f], c.o.warnAny)
		c.found = append(c.found, found...)
	}
	return nil
}
