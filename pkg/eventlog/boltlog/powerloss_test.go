package boltlog_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
)

// moment is a log's file after one transaction, and what the log showed.
type moment struct {
	file  []byte
	shown logtest.Content
}

// record runs a log and keeps each moment. One transaction a step: so what
// differs between two moments is what one transaction wrote.
func recordMoments(t *testing.T) []moment {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	defer l.Close()
	var ms []moment
	keep := func() {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := logtest.Contents(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		ms = append(ms, moment{b, shown})
	}
	keep()
	for i := range uint64(60) {
		name := fmt.Sprint("run/", i%7)
		b := eventlog.Batch{
			Stream: name, After: i / 7, Record: bytes.Repeat([]byte{byte(i)}, int(i)*37%9000),
			Summary: &eventlog.Summary{Status: fmt.Sprint(i), Ended: i%4 == 0},
		}
		id := eventlog.MessageID{Sender: name, Seq: i, Receiver: "in"}
		b.Send = []eventlog.Message{{ID: id, Body: bytes.Repeat([]byte("m"), 900)}}
		if err := l.Append(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		keep()
		if i%9 == 8 {
			if err := l.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			keep()
		}
	}
	return ms
}

// image returns the file as a power cut leaves it between two moments: bbolt
// flushes its pages, then writes a header and flushes that, so either some of
// the pages were written, each sector of them or not, or all and the header.
func image(r *rand.Rand, was, is []byte) (file []byte, header bool) {
	const page, sector = 4096, 512
	header = r.IntN(4) == 0
	file = bytes.Clone(was)
	if len(is) > len(was) { // the longer file is flushed before anything is written
		file = append(file, make([]byte, len(is)-len(was))...)
	}
	mode := r.IntN(4)
	for at := 0; at < len(is); at += page {
		switch meta := at < 2*page; {
		case meta != header && meta:
			continue
		case header, mode == 0:
			copy(file[at:at+page], is[at:])
		case mode == 1 && r.IntN(2) == 0:
			copy(file[at:at+page], is[at:])
		case mode == 2:
			for s := at; s < at+page; s += sector {
				if r.IntN(2) == 0 {
					copy(file[s:s+sector], is[s:])
				}
			}
		}
	}
	return file, header
}

// Whatever a power cut leaves of a transaction, the log opens with all that
// was acknowledged, and the transaction is there whole or not at all.
func TestPowerLoss(t *testing.T) {
	ms := recordMoments(t)
	r := random(t)
	dir := t.TempDir()
	for i := range *imagesFlag {
		n := 1 + r.IntN(len(ms)-1)
		file, header := image(r, ms[n-1].file, ms[n].file)
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		mustBeClean(t, path)
		l := mustOpen(t, path, boltlog.Options{})
		got, err := logtest.Contents(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		want := ms[n-1].shown
		if header {
			want = ms[n].shown
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("image %d, after transaction %d (-want +got):\n%s", i, n, diff)
		}
		mustClose(t, l)
		os.Remove(path)
	}
}

// The images bite: a header that is written before its pages are is found.
func TestPowerLossWithoutFlush(t *testing.T) {
	ms := recordMoments(t)
	r := random(t)
	path := filepath.Join(t.TempDir(), "log.db")
	found := 0
	const images = 60
	for range images {
		n := 1 + r.IntN(len(ms)-1)
		was, is := ms[n-1].file, ms[n].file
		file := append(bytes.Clone(was), make([]byte, len(is)-len(was))...)
		copy(file[:2*4096], is)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if report, err := boltlog.Check(t.Context(), path); err == nil && !report.Clean() {
			found++
		}
	}
	if found < images {
		t.Errorf("Check finds %d of %d logs whose last transaction is not there", found, images)
	}
}
