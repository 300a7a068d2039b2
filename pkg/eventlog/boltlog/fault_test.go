//go:build linux

package boltlog_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// limitFileSize lets no file of this process grow beyond n bytes until the
// returned function is called: a disk that is full as far as bbolt can tell.
func limitFileSize(t *testing.T, n uint64) (free func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := was
	limit.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skipf("file sizes cannot be limited here: %v", err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
	}
}

// fullEnv lets the test binary run TestFull itself: the limit on file sizes is
// the whole process's, the test runner's files included.
const fullEnv = "KEELSTEP_TEST_FULL"

// A full disk refuses, loses nothing, and goes on when there is space again.
func TestFull(t *testing.T) {
	if os.Getenv(fullEnv) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestFull$", fmt.Sprint("-seed=", *seedFlag))
		cmd.Env = append(os.Environ(), fullEnv+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	r := random(t)
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{Records: 40})
	defer func() { l.Close() }()
	after := map[string]uint64{}
	add := func(name string, size int) error {
		err := l.Append(t.Context(), eventlog.Batch{Stream: name, After: after[name], Record: make([]byte, size)})
		if err == nil {
			after[name]++
		}
		return err
	}
	for round := range 20 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		free := limitFileSize(t, uint64(info.Size()+r.Int64N(64<<10)))
		full := 0
		for i := 0; full < 3 && i < 20_000; i++ {
			switch err := add(fmt.Sprint("s", i%3), r.IntN(60_000)); {
			case errors.Is(err, eventlog.ErrFull):
				full++
			case err != nil:
				free()
				t.Fatalf("round %d: Append = %v", round, err)
			}
		}
		_, _, err = l.Head(t.Context(), "s0")
		checkErr := l.Checkpoint(t.Context())
		free()
		if full == 0 {
			t.Fatalf("round %d: the disk never was full", round)
		}
		if err != nil {
			t.Errorf("round %d: Head on a full disk = %v", round, err)
		}
		if checkErr != nil && !errors.Is(checkErr, eventlog.ErrFull) {
			t.Errorf("round %d: Checkpoint on a full disk = %v", round, checkErr)
		}
		if err := add("s0", 10); err != nil {
			t.Fatalf("round %d: Append with space again = %v", round, err)
		}
		if round%5 == 4 {
			mustClose(t, l)
			mustBeClean(t, path)
			l = mustOpen(t, path, boltlog.Options{Records: 40})
		}
		for name, n := range after {
			if head, _, err := l.Head(t.Context(), name); err != nil || head.Records != n {
				t.Fatalf("round %d: %s has %d records, %d were acknowledged (%v)", round, name, head.Records, n, err)
			}
		}
	}
}

// After a commit that failed in any other way nothing is acknowledged any
// more, and what is found on opening again is all that was, with or without
// the last.
func TestUnknownOutcome(t *testing.T) {
	for n := range 12 {
		path := filepath.Join(t.TempDir(), "log.db")
		var file *os.File
		opts := boltlog.Options{Records: 4}.WithOpenFile(func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			file, err = os.OpenFile(name, flag, mode)
			return file, err
		})
		l := mustOpen(t, path, opts)
		for i := range n {
			mustAppend(t, l, uint64(i))
		}
		failWrites(t, file)
		err := l.Append(t.Context(), eventlog.Batch{Stream: "r", After: uint64(n), Record: []byte("x")})
		if err == nil || errors.Is(err, eventlog.ErrFull) || errors.Is(err, eventlog.ErrConflict) {
			t.Fatalf("Append to a file that fails = %v", err)
		}
		_, _, headErr := l.Head(t.Context(), "r")
		again := l.Append(t.Context(), eventlog.Batch{Stream: "s", Record: []byte("x")})
		checkpoint := l.Checkpoint(t.Context())
		for what, err := range map[string]error{"Append": again, "Head": headErr, "Checkpoint": checkpoint} {
			if !errors.Is(err, eventlog.ErrClosed) || !strings.Contains(err.Error(), "outcome is unknown") {
				t.Errorf("%s after that = %v, want %v, and why", what, err, eventlog.ErrClosed)
			}
		}
		_ = l.Close() // may say that it could not write
		mustBeClean(t, path)
		l = mustOpen(t, path, boltlog.Options{})
		head, _, err := l.Head(t.Context(), "r")
		if err != nil || head.Records < uint64(n) || head.Records > uint64(n)+1 {
			t.Errorf("%d records of %d acknowledged, %v", head.Records, n, err)
		}
		mustClose(t, l)
	}
}
