package crash_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// What the copy is called, behind the log's name, and what is said once it is
// made.
const copyName, copyMade = ".copy", "copied"

// maintainEnv names the log that the process keeps in order.
const maintainEnv = "KEELSTEP_CRASH_MAINTAIN"

// maintain makes a checkpoint of a log, begins to copy it, and purges runs that
// have ended meanwhile: orders that standard input names, and all of other
// workflows. It says on its output what is gone, and that the copy is made.
func maintain(path string) {
	err := func() error {
		in, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		doomed := map[string]bool{}
		for _, run := range strings.Fields(string(in)) {
			doomed[run] = true
		}
		l, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			return err
		}
		ctx := context.Background()
		if err := l.Checkpoint(ctx); err != nil {
			return err
		}
		copied := make(chan error, 1)
		go func() {
			_, err := l.Backup(ctx, path+copyName, boltlog.CopyOptions{Unchecked: true})
			if err == nil {
				fmt.Fprintln(os.Stdout, copyMade)
			}
			copied <- err
		}()
		var ended []string
		for s, err := range l.List(ctx, eventlog.Filter{Kind: "run"}) {
			if err != nil {
				return err
			}
			if s.Ended && s.Inbox == 0 && (s.Workflow != "order" || doomed[s.Stream]) {
				ended = append(ended, s.Stream)
			}
		}
		for some := range slices.Chunk(ended, 50) {
			if err := l.Purge(ctx, some...); err != nil {
				return err
			}
			fmt.Fprintln(os.Stdout, strings.Join(some, " "))
		}
		return errors.Join(<-copied, l.Close())
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// maintained runs that process, and kills it after a while. It reports whether
// it came to its end before.
func (h *harness) maintained() bool {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), maintainEnv+"="+h.data("engine.db"))
	cmd.Stdin = strings.NewReader(strings.Join(h.doomed[:len(h.doomed)/2], "\n"))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	kill := time.AfterFunc(h.patience(), func() { _ = cmd.Process.Kill() })
	gone, copied := map[string]bool{}, false
	for in := bufio.NewScanner(out); in.Scan(); {
		if in.Text() == copyMade {
			copied = true
			continue
		}
		for _, run := range strings.Fields(in.Text()) {
			gone[run] = true
		}
	}
	err = cmd.Wait()
	killed := !kill.Stop()
	if err != nil && !killed {
		h.t.Fatalf("seed %d: purge: %v\n%s", *seed, err, &errs)
	}
	if err != nil {
		h.tally.kills++
		h.tally.purgers++
	}
	h.doomed = slices.DeleteFunc(h.doomed, func(run string) bool { return gone[run] })
	h.tally.gone += len(gone)
	h.gone = slices.AppendSeq(h.gone, maps.Keys(gone))
	h.gone = h.gone[max(0, len(h.gone)-10_000):]
	h.copied(copied)
	return err == nil
}

// copied looks at the copy that was made, or was about to be: what has its name
// is whole.
func (h *harness) copied(made bool) {
	file := h.data("engine.db") + copyName
	if _, err := os.Stat(file); err != nil {
		if made {
			h.t.Errorf("seed %d: the copy was acknowledged: %v", *seed, err)
		}
		return
	}
	h.tally.copies++
	if out, err := exec.Command(h.bin, "check", file).CombinedOutput(); err != nil {
		h.t.Errorf("seed %d: the copy is damaged: %v\n%s", *seed, err, out)
	}
	if err := os.Remove(file); err != nil {
		h.t.Error(err)
	}
}

// copying has the server copy its log to a command, which is killed too at
// times. What is returned waits for the command and looks at what it left.
func (h *harness) copying() (wait func()) {
	cmd := exec.Command(h.bin, "backup", "--data", h.project, h.data("engine.db")+copyName)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	if h.rng.IntN(2) == 0 {
		after := time.Duration(h.rng.IntN(150)) * time.Millisecond
		time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	}
	return func() {
		made := cmd.Wait() == nil
		if !made {
			h.tally.cutCopies++
		}
		h.copied(made)
	}
}

// copyingThere has the server make a copy of its own. What is returned waits
// for it and looks at all that are there: those of servers that were killed
// meanwhile are whole or not there, and the next one takes away what they left.
func (h *harness) copyingThere() (wait func()) {
	cmd := exec.Command(h.bin, "backup", "--there", "--data", h.project)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		made := cmd.Wait() == nil
		all, err := filepath.Glob(filepath.Join(h.copies(), "engine-*.db"))
		if err != nil || made && len(all) == 0 {
			h.t.Errorf("seed %d: the server said that it made a copy: %q, %v", *seed, all, err)
		}
		if len(all) > 5 { // servers may be killed before they remove those that are too many
			h.t.Errorf("seed %d: two copies were to stay: %q", *seed, all)
		}
		if !made {
			h.tally.cutCopies++
			return
		}
		h.tally.copies++
		if rest := unfinished(h.copies()); len(rest) > 1 { // of one that was killed since
			h.t.Errorf("seed %d: copies that were cut off are there still: %q", *seed, rest)
		}
		newest := slices.Max(all)
		if out, err := exec.Command(h.bin, "check", newest).CombinedOutput(); err != nil {
			h.t.Errorf("seed %d: the server's copy is damaged: %v\n%s", *seed, err, out)
		}
	}
}

// patience is how long the process lives: at times as long as it likes.
func (h *harness) patience() time.Duration {
	if h.rng.IntN(4) == 0 {
		return time.Minute
	}
	return time.Duration(h.rng.IntN(300)) * time.Millisecond
}
