// Package secrets finds the values of secrets by name and keeps them out of
// everything that is written down. A value is read when it is needed and never
// stored; what was read once is known, and Redact takes it out of text. The
// package does not decide where a secret may stand: the checker of workflows
// does.
package secrets

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

// ErrNotFound means that no source has a secret of that name.
var ErrNotFound = errors.New("no such secret")

// MaxSize is the size in bytes of the largest secret that a source gives.
const MaxSize = 64 << 10

// Secret is a value that does not print.
type Secret string

// String returns asterisks.
func (Secret) String() string { return Mask }

// GoString returns asterisks.
func (Secret) GoString() string { return Mask }

// LogValue returns asterisks.
func (Secret) LogValue() slog.Value { return slog.StringValue(Mask) }

// MarshalText returns asterisks.
func (Secret) MarshalText() ([]byte, error) { return []byte(Mask), nil }

// Reveal returns the value itself. Whoever calls it sees to it that the value
// is not written down.
func (s Secret) Reveal() string { return string(s) }

// Source gives values by name. It returns ErrNotFound for a name that it does
// not know.
type Source interface {
	Get(name string) (Secret, error)
}

// name is what a secret may be called. It is never a path.
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// ValidName tells whether s can be the name of a secret.
func ValidName(s string) bool { return name.MatchString(s) && !strings.Contains(s, "..") }

// Store looks secrets up in its sources, in order, and remembers which values
// it gave so that Redact finds them. Its methods may be called from many
// goroutines.
type Store struct {
	sources []Source
	known   known
}

// New returns a store over sources; the first that has a name wins.
func New(sources ...Source) *Store { return &Store{sources: sources} }

// Parse returns the sources that specs name, in order: "env" is the
// environment variable of the secret's name, "env:PREFIX" the variable PREFIX
// followed by it, "dir:PATH" the file of that name in PATH. Relative paths
// start at base. environ is in the form of os.Environ.
func Parse(specs []string, base string, environ []string) ([]Source, error) {
	var sources []Source
	for _, spec := range specs {
		s, err := parse(spec, base, environ)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func parse(spec, base string, environ []string) (Source, error) {
	kind, rest, _ := strings.Cut(spec, ":")
	switch {
	case kind == "env":
		return Env(environ, rest), nil
	case kind == "dir" && rest != "":
		return Dir(base, rest), nil
	}
	return nil, fmt.Errorf("secrets source %q is not known: write env, env:PREFIX or dir:PATH", spec)
}

// Get returns the value of a secret. The error names it and says where it was
// looked for.
func (s *Store) Get(name string) (Secret, error) {
	if !ValidName(name) {
		return "", fmt.Errorf("secret %q: %w: the name is not valid", name, ErrNotFound)
	}
	if s == nil || len(s.sources) == 0 {
		return "", fmt.Errorf("secret %q: %w: the environment names no sources of secrets", name, ErrNotFound)
	}
	for _, src := range s.sources {
		v, err := src.Get(name)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("secret %q: %w", name, err)
		}
		s.known.add(string(v))
		return v, nil
	}
	return "", fmt.Errorf("secret %q: %w in %s", name, ErrNotFound, s)
}

// Know has Redact take v out of text as well: a value that is secret but came
// from somewhere else.
func (s *Store) Know(v string) {
	if s != nil {
		s.known.add(v)
	}
}

// Lookup is Get for those who open sealed values.
func (s *Store) Lookup(name string) (string, error) {
	v, err := s.Get(name)
	return string(v), err
}

// String names the sources.
func (s *Store) String() string {
	var names []string
	for _, src := range s.sources {
		names = append(names, fmt.Sprint(src))
	}
	return strings.Join(names, ", ")
}
