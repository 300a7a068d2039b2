package boltlog_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// layout is a way to lay turns out in a bbolt file.
type layout struct {
	name string
	open func(b *testing.B, path string) turns
}

// turns is a store as far as the comparison needs it.
type turns interface {
	// write commits one turn of 300 B of each of these runs.
	write(runs []int) error
	// settle does what was put off.
	settle() error
	// read returns how many bytes of turns a run has.
	read(run int) (int, error)
	// purge removes these runs.
	purge(runs []int) error
	compact(dst string) error
	close() error
}

// BenchmarkLayout compares layouts: 1,000 runs, turns of 300 B, each commit
// one turn of every run in a batch, until the runs have ended and everything
// is where it stays. docs/adr/0003-log-layout.md has the table.
func BenchmarkLayout(b *testing.B) {
	for _, c := range []struct{ batch, turns int }{{1, 12_000}, {16, 64_000}, {128, 200_000}, {1000, 400_000}} {
		for _, l := range []layout{
			{"journal", openJournal},
			{"run-prefixed", openPrefixed},
			{"ordered+heads", openOrdered},
		} {
			b.Run(fmt.Sprintf("batch=%d/%s", c.batch, l.name), func(b *testing.B) {
				for b.Loop() {
					compare(b, l, c.batch, c.turns)
				}
			})
		}
	}
}

func compare(b *testing.B, l layout, batch, total int) {
	path := filepath.Join(b.TempDir(), "turns.db")
	s := l.open(b, path)
	defer func() { s.close() }()
	perTurn := func(began time.Time, n int) float64 {
		return float64(time.Since(began).Nanoseconds()) / 1000 / float64(n)
	}
	wrote, began := written(b), time.Now()
	for next := 0; next < total; {
		runs := make([]int, 0, batch)
		for ; len(runs) < batch && next < total; next++ {
			runs = append(runs, next*7919%benchStreams) // no two neighbours
		}
		if err := s.write(runs); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.settle(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(1e6/perTurn(began, total), "turns/s")
	b.ReportMetric(float64(written(b)-wrote)/float64(total), "writtenB/turn")
	b.ReportMetric(fileSize(b, path)/float64(total), "fileB/turn")
	began = time.Now()
	size, half := 0, []int{}
	for run := 0; run < benchStreams; run += 2 {
		n, err := s.read(run)
		if err != nil {
			b.Fatal(err)
		}
		size += n
		half = append(half, run)
	}
	if size != total/2*len(turnData) {
		b.Fatalf("read %d bytes of %d turns", size, total/2)
	}
	b.ReportMetric(perTurn(began, total/2), "read-us/turn")
	began = time.Now()
	if err := s.purge(half); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(perTurn(began, total/2), "purge-us/turn")
	began = time.Now()
	if err := s.compact(path + ".compact"); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(perTurn(began, total/2), "compact-us/turn")
	b.ReportMetric(fileSize(b, path+".compact")/float64(total/2), "compactB/turn")
	b.ReportMetric(0, "ns/op")
}

func fileSize(b *testing.B, path string) float64 {
	b.Helper()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size())
}

// written is how many bytes this process has handed to write calls.
func written(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skipf("no count of written bytes here: %v", err)
	}
	_, rest, _ := strings.Cut(string(text), "wchar: ")
	var n int64
	if _, err := fmt.Sscan(rest, &n); err != nil {
		b.Fatal(err)
	}
	return n
}

func runName(run int) string { return fmt.Sprintf("run/0197f3c0-%08d", run) }

var turnData = make([]byte, 300)

// journalLayout is this package.
type journalLayout struct {
	b     *testing.B
	path  string
	log   *boltlog.Log
	after [benchStreams]uint64
}

func openJournal(b *testing.B, path string) turns {
	l, err := boltlog.Open(path, boltlog.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return &journalLayout{b: b, path: path, log: l}
}

func (j *journalLayout) write(runs []int) error {
	bs := make([]eventlog.Batch, len(runs))
	for i, run := range runs {
		bs[i] = eventlog.Batch{
			Stream: runName(run), After: j.after[run], Record: turnData,
			Summary: &eventlog.Summary{Kind: "run", Workflow: "order", Attempts: int(j.after[run]), Ended: true},
		}
		j.after[run]++
	}
	return j.log.Append(j.b.Context(), bs...)
}

func (j *journalLayout) settle() error { return j.log.Checkpoint(j.b.Context()) }

func (j *journalLayout) read(run int) (n int, err error) {
	for r, err := range j.log.Read(j.b.Context(), runName(run), 0) {
		if err != nil {
			return n, err
		}
		n += len(r.Data)
	}
	return n, nil
}

func (j *journalLayout) purge(runs []int) error {
	names := make([]string, len(runs))
	for i, run := range runs {
		names[i] = runName(run)
	}
	return j.log.Purge(j.b.Context(), names...)
}

func (j *journalLayout) compact(dst string) error {
	return errors.Join(j.log.Close(), boltlog.Compact(j.b.Context(), dst, j.path))
}

func (j *journalLayout) close() error { return j.log.Close() }

// plainLayout is bbolt with one row a turn.
type plainLayout struct {
	db      *bolt.DB
	seq     uint64
	after   [benchStreams]uint64
	ordered bool // turns in order of time, and an index for reading a run
	turns   []byte
}

func openPlain(b *testing.B, path string) *plainLayout {
	db, err := bolt.Open(path, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		b.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{"turns", "heads", "index"} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	// The same bytes as a journal entry carries: the turn and what identifies
	// and protects it.
	return &plainLayout{db: db, turns: make([]byte, 300+80)}
}

func openPrefixed(b *testing.B, path string) turns { return openPlain(b, path) }

func openOrdered(b *testing.B, path string) turns {
	p := openPlain(b, path)
	p.ordered = true
	return p
}

func prefixed(run int, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(runName(run)), 0), seq)
}

func (p *plainLayout) write(runs []int) error {
	head := make([]byte, 160)
	return p.db.Update(func(tx *bolt.Tx) error {
		turns, heads, index := tx.Bucket([]byte("turns")), tx.Bucket([]byte("heads")), tx.Bucket([]byte("index"))
		if p.ordered {
			turns.FillPercent = 1
		}
		for _, run := range runs {
			p.seq++
			p.after[run]++
			key := prefixed(run, p.after[run])
			if p.ordered {
				number := binary.BigEndian.AppendUint64(nil, p.seq)
				if err := index.Put(key, number); err != nil {
					return err
				}
				key = number
			}
			if err := errors.Join(turns.Put(key, p.turns), heads.Put([]byte(runName(run)), head)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *plainLayout) settle() error { return nil }

func (p *plainLayout) each(tx *bolt.Tx, run int, f func(c *bolt.Cursor, turn []byte) error) error {
	bucket := "turns"
	if p.ordered {
		bucket = "index"
	}
	c := tx.Bucket([]byte(bucket)).Cursor()
	first, last := prefixed(run, 0), string(prefixed(run, 1<<63))
	for k, v := c.Seek(first); k != nil && string(k) < last; k, v = c.Next() {
		if p.ordered {
			v = tx.Bucket([]byte("turns")).Get(v)
		}
		if err := f(c, v); err != nil {
			return err
		}
	}
	return nil
}

func (p *plainLayout) read(run int) (n int, err error) {
	err = p.db.View(func(tx *bolt.Tx) error {
		return p.each(tx, run, func(_ *bolt.Cursor, turn []byte) error {
			n += len(append([]byte(nil), turn[80:]...))
			return nil
		})
	})
	return n, err
}

func (p *plainLayout) purge(runs []int) error {
	for len(runs) > 0 {
		some := runs[:min(10, len(runs))]
		runs = runs[len(some):]
		err := p.db.Update(func(tx *bolt.Tx) error {
			for _, run := range some {
				if err := p.purgeRun(tx, run); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *plainLayout) purgeRun(tx *bolt.Tx, run int) error {
	for seq := uint64(1); seq <= p.after[run]; seq++ {
		key := prefixed(run, seq)
		if p.ordered {
			index := tx.Bucket([]byte("index"))
			number := append([]byte(nil), index.Get(key)...)
			if err := index.Delete(key); err != nil {
				return err
			}
			key = number
		}
		if err := tx.Bucket([]byte("turns")).Delete(key); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte("heads")).Delete([]byte(runName(run)))
}

func (p *plainLayout) compact(dst string) error {
	db, err := bolt.Open(dst, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(bolt.Compact(db, p.db, 1<<20), db.Close())
}

func (p *plainLayout) close() error { return p.db.Close() }
