package boltlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var (
	imagesFlag = flag.Int("images", 500, "damaged or cut-off files to try in each of the tests that make them")
	seedFlag   = flag.Uint64("seed", 0, "seed of the images; 0: a new one")
)

// random returns a source whose seed is printed when the test fails.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("rerun with -run='^%s$' -seed=%d -images=%d", t.Name(), seed, *imagesFlag)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// shown is what a log shows of each thing; an error stands for itself.
type shown map[string]string

const unreadable = "unreadable"

// show reads everything by name, so that what is lost from a list is noticed.
func show(ctx context.Context, l *boltlog.Log, streams []string, payloads [][32]byte) shown {
	out := shown{}
	put := func(key string, err error, format string, args ...any) {
		out[key] = fmt.Sprintf(format, args...)
		if errors.Is(err, eventlog.ErrCorrupt) {
			out[key] = unreadable
		} else if err != nil {
			out[key] = err.Error()
		}
	}
	for _, s := range streams {
		head, ok, err := l.Head(ctx, s)
		put("head of "+s, err, "%v %v", head, ok)
		for r, err := range l.Read(ctx, s, 0) {
			if err != nil {
				put("end of "+s, err, "")
			} else {
				put(fmt.Sprintf("%s #%d", s, r.Seq), nil, "%v %x", r.At, r.Data)
			}
		}
		for m, err := range l.Inbox(ctx, s) {
			if err != nil {
				put("inbox of "+s, err, "")
			} else {
				put(fmt.Sprintf("%v", m.ID), nil, "%v %x", m.Outside, m.Body)
			}
		}
		after, state, err := l.Latest(ctx, s)
		put("snapshot of "+s, err, "%d %x", after, state)
	}
	for _, open := range []bool{false, true} {
		for s, err := range l.List(ctx, eventlog.Filter{Open: open}) {
			put(fmt.Sprintf("listed %v %s", open, s.Stream), err, "%v", s)
		}
	}
	for _, h := range payloads {
		b, err := l.Get(ctx, h)
		put(fmt.Sprintf("payload %x", h), err, "%x", sha256.Sum256(b))
	}
	return out
}

// specimen is a log with something of everything, and what it was before its
// last steps.
type specimen struct {
	streams  []string
	payloads [][32]byte
	file     []byte
	older    []byte
	shown    shown
}

func newSpecimen(t *testing.T) *specimen {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log.db")
	l, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &specimen{}
	for i := range 12 {
		s.streams = append(s.streams, fmt.Sprintf("run/%03d", i))
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	after := map[string]uint64{}
	for i := range 240 {
		name := s.streams[i*i%len(s.streams)]
		if i%40 == 0 {
			p := eventlog.Payload{Bytes: bytes.Repeat([]byte{byte(i)}, 1000*(i+1))}
			p.Hash = sha256.Sum256(p.Bytes)
			must(l.Put(t.Context(), p))
			s.payloads = append(s.payloads, p.Hash)
			must(l.Save(t.Context(), name, after[name], []byte("state")))
		}
		b := eventlog.Batch{
			Stream: name, After: after[name], Record: bytes.Repeat([]byte{byte(i)}, 50+7*i%900),
			Summary: &eventlog.Summary{Kind: "run", Status: fmt.Sprint(i), Ended: i%5 == 0},
		}
		if i%3 == 0 {
			id := eventlog.MessageID{Sender: name, Seq: uint64(i), Receiver: s.streams[i%7]}
			b.Send = append(b.Send, eventlog.Message{ID: id, Body: []byte("body")})
		}
		if i%23 == 0 && b.After > 2 { // in chunks, in the journal, and across both
			b.Cut = b.After - 2
		}
		must(l.Append(t.Context(), b))
		after[name]++
		if i == 100 || i == 180 {
			must(l.Checkpoint(t.Context()))
		}
		if i == 200 {
			s.older, err = os.ReadFile(path)
			must(err)
		}
	}
	s.shown = show(t.Context(), l, s.streams, s.payloads)
	must(l.Close())
	s.file, err = os.ReadFile(path)
	must(err)
	return s
}

// damage changes the file in one way and says how.
func (s *specimen) damage(r *rand.Rand) (file []byte, what string) {
	const pageSize = 4096
	file = bytes.Clone(s.file)
	used := len(bytes.TrimRight(file, "\x00"))
	page := r.IntN(used/pageSize + 1)
	at := file[page*pageSize : (page+1)*pageSize]
	switch kind := r.IntN(20); {
	case kind < 12:
		bit := r.IntN(used * 8)
		file[bit/8] ^= 1 << (bit % 8)
		return file, fmt.Sprintf("bit %d of byte %d is flipped", bit%8, bit/8)
	case kind == 12:
		clear(at)
		return file, fmt.Sprintf("page %d is zero", page)
	case kind == 13:
		for i := range at {
			at[i] = byte(r.Uint32())
		}
		return file, fmt.Sprintf("page %d is garbage", page)
	case kind <= 15:
		copy(at, s.older[page*pageSize:])
		return file, fmt.Sprintf("page %d is as it was before", page)
	case kind == 16:
		n := r.IntN(pageSize/512) * 512
		clear(at[n:])
		return file, fmt.Sprintf("page %d is zero from byte %d", page, n)
	case kind == 17:
		n := r.IntN(used)
		return file[:n], fmt.Sprintf("the file ends at byte %d", n)
	case kind == 18:
		from, to := r.IntN(used/pageSize), r.IntN(used/pageSize)
		copy(file[from*pageSize:(from+1)*pageSize], s.file[to*pageSize:])
		return file, fmt.Sprintf("page %d is a copy of page %d", from, to)
	default:
		for page := range 1 + r.IntN(2) {
			file[page*pageSize+16+r.IntN(64)] ^= 1 << r.IntN(8)
		}
		return file, "headers are damaged"
	}
}

// TestDamage: whatever is damaged, no wrong value is read; and what Check does
// not find changes nothing that is read.
func TestDamage(t *testing.T) {
	s := newSpecimen(t)
	r := random(t)
	dir := t.TempDir()
	found, refused := 0, 0
	for i := range *imagesFlag {
		file, what := s.damage(r)
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := boltlog.Check(t.Context(), path)
		if err != nil {
			t.Errorf("%s: Check = %v", what, err)
		}
		if !report.Clean() {
			found++
		}
		l, err := boltlog.Open(path, boltlog.Options{})
		if err != nil {
			refused++
			if report.Clean() && len(file) > 0 {
				t.Errorf("%s: Check finds nothing, but Open = %v", what, err)
			}
		} else {
			s.judge(t, what, report, show(t.Context(), l, s.streams, s.payloads))
			l.Close()
		}
		os.Remove(path)
	}
	t.Logf("%d images, %d found damaged, %d not opened", *imagesFlag, found, refused)
	if found < *imagesFlag/5 {
		t.Errorf("only %d of %d images were damaged where it matters", found, *imagesFlag)
	}
}

// judge compares what is read with what was written.
func (s *specimen) judge(t *testing.T, what string, report boltlog.Report, got shown) {
	t.Helper()
	if report.Clean() {
		if diff := cmp.Diff(s.shown, got); diff != "" {
			t.Errorf("%s: Check finds nothing, but (-was +is):\n%s", what, diff)
		}
		return
	}
	for key, value := range got {
		if was, ok := s.shown[key]; ok && value != was && value != unreadable && !errorText(value) {
			t.Errorf("%s: %s is read as %.200q, was %.200q", what, key, value, was)
		} else if !ok && value != unreadable {
			t.Errorf("%s: %s is read as %.200q and never was", what, key, value)
		}
	}
}

// errorText: a lost payload or snapshot says that it is not there.
func errorText(s string) bool { return bytes.Contains([]byte(s), []byte(eventlog.ErrNotFound.Error())) }
