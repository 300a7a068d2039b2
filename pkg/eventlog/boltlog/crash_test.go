//go:build unix

package boltlog_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// writerEnv makes the test binary a writer to the log that it names.
const writerEnv = "KEELSTEP_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		write(path)
	}
	if path := os.Getenv(upgraderEnv); path != "" {
		upgradeSlowly(path)
	}
	os.Exit(m.Run())
}

const writers = 8

// write appends until it is killed and says on its output what was
// acknowledged.
func write(path string) {
	l, err := boltlog.Open(path, boltlog.Options{Records: 50})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx := context.Background()
	for w := range writers {
		go func() {
			name := fmt.Sprint("w", w)
			head, _, err := l.Head(ctx, name)
			for n := head.Records; err == nil; n++ {
				id := eventlog.MessageID{Sender: name, Seq: n, Receiver: "all"}
				err = l.Append(ctx, eventlog.Batch{
					Stream: name, After: n, Record: fmt.Appendf(nil, "%s %d", name, n),
					Send: []eventlog.Message{{ID: id, Body: []byte("m")}},
				})
				if err == nil {
					fmt.Fprintln(os.Stdout, w, n+1) // one write each: lines never mix
				}
			}
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}()
	}
	select {}
}

// What was acknowledged is there after the writer was killed, at whatever
// moment.
func TestKill(t *testing.T) {
	r := random(t)
	path := filepath.Join(t.TempDir(), "log.db")
	acked := map[string]uint64{}
	for round := range 12 {
		lines := r.IntN(400)
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), writerEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Killed in the middle of writing, it is read to its end.
		for in := bufio.NewScanner(out); in.Scan(); lines-- {
			if lines == 0 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			w, n, ok := strings.Cut(in.Text(), " ")
			if seq, err := strconv.ParseUint(n, 10, 64); ok && err == nil {
				acked["w"+w] = max(acked["w"+w], seq)
			}
		}
		if lines >= 0 {
			t.Fatalf("round %d: the writer ended by itself", round)
		}
		_ = cmd.Wait() // it was killed
		verify(t, path, acked)
	}
}

// verify opens the log and looks for what was acknowledged.
func verify(t *testing.T, path string, acked map[string]uint64) {
	t.Helper()
	mustBeClean(t, path)
	l := mustOpen(t, path, boltlog.Options{})
	defer mustClose(t, l)
	sent := map[string]uint64{}
	for m, err := range l.Inbox(t.Context(), "all") {
		if err != nil || m.ID.Seq != sent[m.ID.Sender] {
			t.Fatalf("message %v came as number %d (%v)", m.ID, sent[m.ID.Sender], err)
		}
		sent[m.ID.Sender]++
	}
	for name, n := range acked {
		has := uint64(0)
		for rec, err := range l.Read(t.Context(), name, 0) {
			if want := fmt.Sprintf("%s %d", name, has); err != nil || string(rec.Data) != want {
				t.Fatalf("record %d = %q, %v, want %q", rec.Seq, rec.Data, err, want)
			}
			has++
		}
		if has < n || has > n+1 || sent[name] != has {
			t.Errorf("%s has %d records and sent %d messages, %d were acknowledged", name, has, sent[name], n)
		}
		acked[name] = has // the next writer goes on behind them
	}
}
