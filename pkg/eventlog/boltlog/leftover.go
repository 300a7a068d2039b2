package boltlog

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// What the names of files begin with that are not whole yet. Whoever is cut off
// leaves one behind; the next to write to that directory removes it.
const (
	compactPrefix = ".compact-" // followed by the log's name, whose lock is held meanwhile
	newPrefix     = ".new-"     // followed by the log's name
)

// TempPrefix is what the name of a copy begins with until it is whole. Whoever
// makes it holds its lock.
const TempPrefix = ".engine-copy-"

// StagedName is where a copy lies that is about to become the log at path.
func StagedName(path string) string {
	return filepath.Join(filepath.Dir(path), ".restore-"+filepath.Base(path))
}

// copyFile makes the file that a copy is written to in a directory, after it has
// removed those that nobody goes on with. The file stays locked until it is
// closed, so that nobody takes it for one of those.
func copyFile(dir string) (*os.File, error) {
	dropCopies(dir)
	for {
		f, err := os.CreateTemp(dir, TempPrefix+"*")
		if err != nil {
			return nil, err
		}
		if _, err := lockFile(f, false); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
		is, err := f.Stat()
		named, errNamed := os.Lstat(f.Name())
		if err == nil && errNamed == nil && os.SameFile(is, named) {
			return f, nil
		}
		if err := errors.Join(err, f.Close()); err != nil { // it was removed before it was locked
			return nil, err
		}
	}
}

// dropCopies removes the beginnings of copies in a directory that nobody goes
// on with. What cannot be removed is left to the next.
func dropCopies(dir string) {
	for _, name := range named(dir, TempPrefix) {
		if abandoned(name) {
			_ = os.Remove(name)
		}
	}
}

// abandoned reports whether nobody holds a file any more.
func abandoned(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	held, err := lockFile(f, true)
	return err == nil && !held
}

// dropUnfinished removes what was to become the log at path and never did. The
// caller holds the log's lock, so nobody is at it.
func dropUnfinished(path string) {
	base := filepath.Base(path)
	for _, prefix := range []string{compactPrefix, newPrefix} {
		for _, name := range named(parentOf(path), prefix+base+"-") {
			_ = os.Remove(name)
		}
	}
	staged := StagedName(path)
	for _, name := range append(named(parentOf(path), filepath.Base(staged)+".format"), staged) {
		if abandoned(name) {
			_ = os.Remove(name)
		}
	}
	dropCopies(parentOf(path))
}

// named returns the files of a directory whose names are prefix and a number.
func named(dir, prefix string) (files []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), prefix)
		if ok && strings.Trim(number, "0123456789") == "" && e.Type().IsRegular() {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}
