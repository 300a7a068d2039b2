package file

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
)

type listInput struct {
	Path      string `json:"path,omitempty" default:"." min:"1" doc:"The directory, relative to the connection's root."`
	Pattern   string `json:"pattern,omitempty" default:"*" min:"1" max:"256" doc:"What a file's name must match, such as *.csv."`
	Recursive bool   `json:"recursive,omitempty" doc:"Looks into directories too."`
	Max       int    `json:"max,omitempty" default:"1000" min:"1" max:"10000" doc:"Most files that may be found; more are the error TooManyFiles."`
}

type listOutput struct {
	Files []listed `json:"files" doc:"The files, sorted by path."`
}

type listed struct {
	Path     string    `json:"path" doc:"The file, relative to the connection's root."`
	Size     int64     `json:"size" doc:"Its bytes."`
	Modified time.Time `json:"modified" doc:"When it was last changed."`
}

// maxEntries bounds the entries that one list looks at.
const maxEntries = 100_000

// listing is one walk.
type listing struct {
	f      *folder
	in     listInput
	found  []listed
	looked int
}

func list(ctx context.Context, f *folder, _ connectors.Call, in listInput) (listOutput, error) {
	if _, err := path.Match(in.Pattern, ""); err != nil {
		return listOutput{}, connectors.Invalid(connectors.Problem{Path: "/pattern", Message: "is not a pattern: " + err.Error()})
	}
	name, err := local(in.Path)
	if err != nil {
		return listOutput{}, err
	}
	l := listing{f: f, in: in, found: []listed{}}
	for dirs := []string{name}; len(dirs) > 0; dirs = dirs[1:] {
		inside, err := l.directory(ctx, dirs[0])
		if err != nil {
			return listOutput{}, err
		}
		if in.Recursive {
			dirs = append(dirs, inside...)
		}
	}
	slices.SortFunc(l.found, func(a, b listed) int { return cmp.Compare(a.Path, b.Path) })
	return listOutput{Files: l.found}, nil
}

// directory notes the files of one directory and returns the directories in
// it. Links are not followed.
func (l *listing) directory(ctx context.Context, name string) (dirs []string, err error) {
	shown := filepath.ToSlash(name)
	info, err := l.f.root.Stat(name)
	if err != nil {
		return nil, fault("list", shown, err)
	}
	if !info.IsDir() {
		return nil, refuse(CodeNotAFile, "list %s: it is not a directory", shown)
	}
	dir, err := l.f.root.Open(name)
	if err != nil {
		return nil, fault("list", shown, err)
	}
	defer dir.Close()
	for {
		if ctx.Err() != nil {
			return nil, connectors.Stopped(ctx, false)
		}
		entries, err := dir.ReadDir(256)
		if err == io.EOF {
			return dirs, nil
		}
		if err != nil {
			return nil, fault("list", shown, err)
		}
		for _, e := range entries {
			if e.IsDir() {
				dirs = append(dirs, filepath.Join(name, e.Name()))
			}
			if err := l.note(name, e); err != nil {
				return nil, err
			}
		}
	}
}

func (l *listing) note(dir string, e fs.DirEntry) error {
	if l.looked++; l.looked > maxEntries {
		return refuse(CodeTooManyFiles, "list %s: there are more than %d entries to look at", l.in.Path, maxEntries)
	}
	match, _ := path.Match(l.in.Pattern, e.Name())
	if !e.Type().IsRegular() || !match || isScratch(e.Name()) {
		return nil
	}
	info, err := l.f.root.Lstat(filepath.Join(dir, e.Name()))
	if err != nil || !info.Mode().IsRegular() {
		return nil // it has just been deleted
	}
	if len(l.found) == l.in.Max {
		return refuse(CodeTooManyFiles, "list %s: more than %d files match; narrow the pattern or raise max", l.in.Path, l.in.Max)
	}
	l.found = append(l.found, listed{
		Path: filepath.ToSlash(filepath.Join(dir, e.Name())), Size: info.Size(), Modified: info.ModTime().UTC(),
	})
	return nil
}
