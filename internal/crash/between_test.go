package crash_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// between has something done to the log that nobody has open, and kills it at
// random.
func (h *harness) between() {
	switch dice := h.rng.IntN(100); {
	case dice < 10:
		if !h.maintained() {
			h.check("the process that purges was killed")
		}
	case dice < 18:
		if h.command("compact", "--data", h.project) {
			h.tally.compactions++
		}
		h.check("it was compacted")
	case dice < 25:
		h.restored()
	}
}

// command runs the engine with arguments and kills it after a while. It reports
// whether it came to its end before.
func (h *harness) command(args ...string) bool {
	cmd := exec.Command(h.bin, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	kill := time.AfterFunc(h.patience(), func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	err := cmd.Wait()
	kill.Stop()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true
	case errors.As(err, &exit) && exit.ExitCode() < 0: // by the signal
		h.tally.kills++
		h.tally.tools++
		return false
	}
	h.t.Fatalf("seed %d: engine %s: %v\n%s", *seed, strings.Join(args, " "), err, &out)
	return false
}

// restored copies the log and puts the copy in its place: whenever that is cut
// off, all is there.
func (h *harness) restored() {
	if _, err := os.Stat(h.data("engine.db")); err != nil {
		return
	}
	file := filepath.Join(h.project, "restore.db")
	if h.command("backup", file, "--data", h.project) {
		if rest := unfinished(h.project); len(rest) > 0 {
			h.t.Errorf("seed %d: a copy was made, and what was left by others is there still: %q", *seed, rest)
		}
		if h.command("restore", file, "--data", h.project, "--force") {
			h.tally.restores++
		}
		h.check("a copy was put in its place")
	}
	before, err := filepath.Glob(h.data("engine.db.before-*"))
	if err != nil || len(before) > 1 {
		h.t.Errorf("seed %d: a copy was put in the log's place: it left %q, %v", *seed, before, err)
	}
	for _, name := range append(before, file) {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			h.t.Fatal(err)
		}
	}
}

// unfinished returns the files in a directory that are about to become a log
// or a copy of one.
func unfinished(dir string) (all []string) {
	for _, prefix := range []string{".engine-copy-", ".compact-", ".new-", ".restore-"} {
		names, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
		if err != nil {
			panic(err)
		}
		all = append(all, names...)
	}
	return all
}

// tidy wants nothing in the data directory that was left by who was killed.
func (h *harness) tidy() {
	if rest := unfinished(filepath.Dir(h.data("engine.db"))); len(rest) > 0 {
		h.t.Errorf("seed %d: kill %d: the server has started, and there is %q", *seed, h.tally.kills, rest)
	}
}
