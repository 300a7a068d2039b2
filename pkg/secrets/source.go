package secrets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

type envSource struct {
	vars   map[string]string
	prefix string
}

// Env returns the variables of environ whose names are prefix and the
// secret's name.
func Env(environ []string, prefix string) Source {
	vars := make(map[string]string, len(environ))
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			vars[k] = v
		}
	}
	return envSource{vars, prefix}
}

func (e envSource) Get(name string) (Secret, error) {
	v, ok := e.vars[e.prefix+name]
	if !ok {
		return "", ErrNotFound
	}
	return Secret(v), nil
}

func (e envSource) String() string {
	if e.prefix == "" {
		return "the process environment"
	}
	return "the process environment (" + e.prefix + "…)"
}

type dirSource struct{ dir string }

// Dir returns the files of a directory, read at each Get, without one newline
// at their end. A relative directory starts at base.
func Dir(base, dir string) Source {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(base, dir)
	}
	return dirSource{dir}
}

func (d dirSource) Get(name string) (Secret, error) {
	root, err := os.OpenRoot(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return "", err
	}
	if len(b) > MaxSize {
		return "", fmt.Errorf("the file is larger than %d bytes", MaxSize)
	}
	s := strings.TrimSuffix(string(b), "\n")
	return Secret(strings.TrimSuffix(s, "\r")), nil
}

func (d dirSource) String() string { return d.dir }
