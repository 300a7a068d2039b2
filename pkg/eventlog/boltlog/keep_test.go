package boltlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/eventlog/logtest"
)

func payload(text string, size int) eventlog.Payload {
	b := append([]byte(text), make([]byte, size)...)
	return eventlog.Payload{Hash: sha256.Sum256(b), Bytes: b}
}

var sweeping = eventlog.SweepOptions{Names: logtest.Names, Lists: logtest.Lists}

// keeping is streams that store and name payloads, and what is known of them.
type keeping struct {
	t     *rapid.T
	path  string
	log   *boltlog.Log
	opts  boltlog.Options
	after map[string]uint64
	names map[string]map[[32]byte]bool // by stream or message
	mail  map[string][]eventlog.MessageID
	ended map[string]bool
	all   map[[32]byte]eventlog.Payload
	next  uint64
}

// A payload that something names is never gone, whatever comes between; once
// it is quiet, none is left that nothing names.
func TestSweepModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := keeping{
			t: rt, path: filepath.Join(t.TempDir(), "log.db"), after: map[string]uint64{}, names: map[string]map[[32]byte]bool{},
			mail: map[string][]eventlog.MessageID{}, ended: map[string]bool{}, all: map[[32]byte]eventlog.Payload{},
			opts: boltlog.Options{Records: rapid.SampledFrom([]int{1, 4, 1000}).Draw(rt, "records")},
		}
		k.open()
		defer func() { k.log.Close() }()
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			k.step()
			k.check(false)
		}
		for range 2 {
			k.sweep(nil)
		}
		k.check(true)
	})
}

func (k *keeping) open() {
	var err error
	if k.log, err = boltlog.Open(k.path, k.opts); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keeping) step() {
	switch rapid.IntRange(0, 9).Draw(k.t, "step") {
	case 0:
		k.purge()
	case 1:
		k.sweep(nil)
	case 2: // somebody is at work at each step of a sweep
		steps := 0
		k.sweep(func(context.Context) error {
			if steps++; steps < 4 {
				k.append() //nolint:contextcheck // the step pauses, it does not pass its context on
			}
			return nil
		})
	case 3: // cut off at some step
		left := rapid.IntRange(0, 6).Draw(k.t, "left")
		k.sweep(func(context.Context) error {
			if left--; left < 0 {
				return errCut
			}
			return nil
		})
		k.crash()
	case 4:
		k.crash()
	case 5:
		if err := k.log.Checkpoint(k.t.Context()); err != nil {
			k.t.Fatal(err)
		}
	case 6: // stored, and never named
		k.put()
	default:
		k.append()
	}
}

var errCut = errors.New("cut off")

func (k *keeping) sweep(pause func(context.Context) error) {
	o := sweeping
	o.Pause = pause
	if _, err := k.log.Sweep(k.t.Context(), o); err != nil && !errors.Is(err, errCut) {
		k.t.Fatal(err)
	}
}

// crash opens a copy of the file as a kill would leave it.
func (k *keeping) crash() {
	b, err := os.ReadFile(k.path)
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.log.Close(); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(k.path, b, 0o600); err != nil {
		k.t.Fatal(err)
	}
	r, err := boltlog.Check(k.t.Context(), k.path)
	if err != nil || !r.Clean() {
		k.t.Fatalf("Check = %v, %v", r.Damage, err)
	}
	k.open()
}

// put stores a payload, one of few so that streams share them; some have
// several parts, some name others.
func (k *keeping) put() eventlog.Payload {
	n := rapid.IntRange(0, 5).Draw(k.t, "payload")
	p := payload(fmt.Sprint("payload ", n), []int{10, 70_000, 600_000}[n%3])
	ps := []eventlog.Payload{p}
	if n == 5 {
		inner := payload("inner", 100)
		p.Bytes = append([]byte("list"), logtest.Naming(inner.Hash)...)
		p.Hash = sha256.Sum256(p.Bytes)
		ps = []eventlog.Payload{inner, p}
	}
	if err := k.log.Put(k.t.Context(), ps...); err != nil {
		k.t.Fatal(err)
	}
	for _, p := range ps {
		k.all[p.Hash] = p
	}
	return p
}

// append adds a record that names payloads it has put, or that its stream named
// before; it may tell another stream of them.
func (k *keeping) append() {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(k.t, "stream")
	if k.ended[name] {
		return
	}
	p := k.put()
	id := eventlog.MessageID{Sender: name, Seq: k.next, Receiver: "mail"}
	k.next++
	b := eventlog.Batch{
		Stream: name, After: k.after[name], Record: append([]byte("some text "), logtest.Naming(p.Hash)...),
		Summary: &eventlog.Summary{Ended: rapid.IntRange(0, 3).Draw(k.t, "ends") == 0},
	}
	sends := rapid.Bool().Draw(k.t, "sends")
	if sends {
		var h [32]byte
		for _, h = range slices.SortedFunc(maps.Keys(k.names[name]), func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) }) {
			break
		}
		body := logtest.Naming(p.Hash)
		if h != [32]byte{} {
			body = append(body, logtest.Naming(h)...)
		}
		b.Send = []eventlog.Message{{ID: id, Body: body}}
		k.name(fmt.Sprint(id), p.Hash)
		if h != [32]byte{} {
			k.name(fmt.Sprint(id), h)
		}
		k.mail["mail"] = append(k.mail["mail"], id)
	}
	if err := k.log.Append(k.t.Context(), b); err != nil {
		k.t.Fatalf("append to %s: %v", name, err)
	}
	k.after[name]++
	k.ended[name] = b.Summary.Ended
	k.name(name, p.Hash)
	if rapid.IntRange(0, 2).Draw(k.t, "takes") == 0 && len(k.mail["mail"]) > 0 {
		took := k.mail["mail"][0]
		k.mail["mail"] = k.mail["mail"][1:]
		if err := k.log.Append(k.t.Context(), eventlog.Batch{Stream: "mail", Took: []eventlog.MessageID{took}}); err != nil {
			k.t.Fatal(err)
		}
		delete(k.names, fmt.Sprint(took))
	}
}

func (k *keeping) name(who string, h [32]byte) {
	if k.names[who] == nil {
		k.names[who] = map[[32]byte]bool{}
	}
	k.names[who][h] = true
}

func (k *keeping) purge() {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(k.t, "purged")
	err := k.log.Purge(k.t.Context(), name)
	if open := k.after[name] > 0 && !k.ended[name]; open != errors.Is(err, eventlog.ErrOpen) || !open && err != nil {
		k.t.Fatalf("purge of %s, open %v: %v", name, open, err)
	}
	if err == nil {
		delete(k.names, name)
		delete(k.after, name)
		delete(k.ended, name)
	}
}

// check looks at each payload: one that is named is there; of the others none
// is, if it is quiet.
func (k *keeping) check(quiet bool) {
	named := map[[32]byte]bool{}
	for _, hs := range k.names {
		for h := range hs {
			named[h] = true
			for inner := range logtest.Names(k.all[h].Bytes) {
				named[inner] = true
			}
		}
	}
	for h, p := range k.all {
		b, err := k.log.Get(k.t.Context(), h)
		switch there := err == nil && bytes.Equal(b, p.Bytes); {
		case named[h] && !there:
			k.t.Fatalf("payload %x is named and not there: %v", h[:4], err)
		case !named[h] && quiet && !errors.Is(err, eventlog.ErrNotFound):
			k.t.Fatalf("payload %x is left, and nothing names it: %v", h[:4], err)
		}
	}
}

// Sweeps beside goroutines that store, name, hand on and end: what is named at
// the end is there.
func TestSweepBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{Records: 20})
	var done atomic.Bool
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 60 {
				store(t, l, fmt.Sprintf("run/%d/%02d", w, i), i)
			}
		})
	}
	wg.Go(func() {
		for !done.Load() {
			if _, err := l.Sweep(t.Context(), sweeping); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var purger sync.WaitGroup
	purger.Go(func() {
		for !done.Load() {
			purgeEven(t, l)
		}
	})
	go func() {
		defer done.Store(true)
		for i := range 240 {
			store(t, l, fmt.Sprint("other/", i), i)
		}
	}()
	purger.Wait()
	wg.Wait()
	purgeEven(t, l)
	for range 2 {
		if _, err := l.Sweep(t.Context(), sweeping); err != nil {
			t.Fatal(err)
		}
	}
	named := map[[32]byte]bool{}
	c := contents(t, l)
	for _, rs := range c.Records {
		for _, r := range rs {
			for h := range logtest.Names(r.Data) {
				named[h] = true
				if _, err := l.Get(t.Context(), h); err != nil {
					t.Errorf("stream %s: %v", r.Stream, err)
				}
			}
		}
	}
	mustClose(t, l)
	r, err := boltlog.Check(t.Context(), path)
	if err != nil || !r.Clean() || r.Unfinished != 0 || int(r.Payloads) != len(named) || len(named) == 0 {
		t.Errorf("%d payloads of %d are left, %d unfinished, %v, %v", r.Payloads, len(named), r.Unfinished, r.Damage, err)
	}
}

// store has a stream put and name a payload, in two commits, and end if it is
// an even one. One that comes too late for its payload puts it again.
func store(t *testing.T, l *boltlog.Log, name string, i int) {
	p := payload(fmt.Sprint("shared ", i%20), 3000*(i%20)*(i%20))
	for try := 0; ; try++ {
		if err := l.Put(t.Context(), p); err != nil {
			t.Error(err)
			return
		}
		err := l.Append(t.Context(), eventlog.Batch{
			Stream: name, Record: logtest.Naming(p.Hash), Summary: &eventlog.Summary{Kind: "run", Ended: i%2 == 0},
		})
		if err == nil {
			return
		}
		if !errors.Is(err, eventlog.ErrConflict) || try > 100 {
			t.Error(err)
			return
		}
	}
}

func purgeEven(t *testing.T, l *boltlog.Log) {
	var ended []string
	for s, err := range l.List(t.Context(), eventlog.Filter{Kind: "run"}) {
		if err != nil {
			t.Error(err)
		}
		if s.Ended {
			ended = append(ended, s.Stream)
		}
	}
	if err := l.Purge(t.Context(), ended...); err != nil {
		t.Error(err)
	}
}

// A stream with more rows than one transaction removes goes in several. Nobody
// sees it meanwhile; a crash between two of them leaves nothing behind, and no
// crash leaves anything that looks damaged.
func TestPurgeInSteps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.db")
	l := mustOpen(t, path, boltlog.Options{})
	const chunks = 600
	bs := make([]eventlog.Batch, 0, chunks)
	for i := range uint64(chunks) {
		bs = append(bs, eventlog.Batch{Stream: "long", After: i, Record: make([]byte, 65<<10), Summary: &eventlog.Summary{Ended: i == chunks-1}})
	}
	for some := range slices.Chunk(bs, 10) {
		if err := l.Append(t.Context(), some...); err != nil {
			t.Fatal(err)
		}
	}
	mustAppend(t, l, 0)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := contents(t, l)
	want.Summaries = slices.DeleteFunc(want.Summaries, func(s eventlog.Summary) bool { return s.Stream == "long" })
	delete(want.Records, "long")
	left, err := l.PurgeOnce(t.Context(), "long", "nobody")
	if err != nil || len(left) != 2 {
		t.Fatalf("the first transaction leaves %v, %v", left, err)
	}
	image := filepath.Join(t.TempDir(), "image.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, b, 0o600); err != nil {
		t.Fatal(err)
	}
	same := func(l *boltlog.Log) {
		t.Helper()
		if got := contents(t, l); len(got.Summaries) != len(want.Summaries) || len(got.Records) != len(want.Records) {
			t.Errorf("%d streams are left, want %d", len(got.Summaries), len(want.Summaries))
		}
		if _, ok, err := l.Head(t.Context(), "long"); ok || err != nil {
			t.Errorf("Head = %v, %v", ok, err)
		}
	}
	same(l)
	// Its name is not free yet, and what is sent to it goes with it.
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "long", Record: []byte("anew")}); !errors.Is(err, eventlog.ErrConflict) {
		t.Errorf("append to a stream that is being removed = %v", err)
	}
	letter := eventlog.Message{ID: eventlog.MessageID{Sender: "r", Seq: 1, Receiver: "long"}, Body: []byte("late")}
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "r", Send: []eventlog.Message{letter}}); err != nil {
		t.Fatal(err)
	}
	same(l)
	if err := l.Purge(t.Context()); err != nil { // goes on
		t.Fatal(err)
	}
	same(l)
	mustClose(t, l)
	mustBeClean(t, path)
	mustBeClean(t, image)
	l = mustOpen(t, image, boltlog.Options{})
	same(l)
	if err := l.Append(t.Context(), eventlog.Batch{Stream: "long", Record: []byte("anew")}); err != nil {
		t.Errorf("the name is not free: %v", err)
	}
	mustClose(t, l)
	mustBeClean(t, image)
}
