package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

// limit returns how many times a second so many goroutines can put turns
// records of size bytes, one after another, into a bare sequential journal in
// a bbolt file: what no engine on such a file can exceed.
func (m *meter) limit(ctx context.Context, turns, size Figure) (Figure, error) {
	m.limits++
	j, err := openJournal(filepath.Join(m.dir, fmt.Sprintf("limit-%d.db", m.limits)))
	if err != nil {
		return 0, err
	}
	record := make([]byte, max(int(size), 1))
	began := m.o.Clock.Now()
	end := began.Add(m.o.Duration)
	var done, owed atomic.Int64 // owed: thousandths of a record
	var all sync.WaitGroup
	for range m.callers {
		all.Go(func() {
			for ctx.Err() == nil && m.o.Clock.Now().Before(end) {
				n := int(turns)
				if owed.Add(int64(turns*1000)%1000) >= 1000 {
					owed.Add(-1000)
					n++
				}
				for range n {
					if j.put(record) != nil {
						return
					}
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	took := m.o.Clock.Now().Sub(began)
	return Figure(float64(done.Load()) / took.Seconds()), errors.Join(j.close(), ctx.Err())
}

// journal commits together whatever waits, and waits for nothing else.
type journal struct {
	db    *bolt.DB
	queue chan entry
	ended chan struct{}
	next  uint64
	err   error // of the first commit that failed; guarded by the committer
}

type entry struct {
	record []byte
	done   chan error
}

var journalName = []byte("journal")

func openJournal(path string) (*journal, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true, FreelistType: bolt.FreelistMapType, Timeout: time.Second})
	if err != nil {
		return nil, err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket(journalName)
		return err
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	j := &journal{db: db, queue: make(chan entry, 4096), ended: make(chan struct{})}
	go j.run()
	return j, nil
}

func (j *journal) put(record []byte) error {
	done := make(chan error, 1)
	j.queue <- entry{record, done}
	return <-done
}

func (j *journal) run() {
	defer close(j.ended)
	var batch []entry
	for e := range j.queue {
		batch = append(batch[:0], e)
		for more := true; more && len(batch) < 1000; {
			select {
			case e, ok := <-j.queue:
				if more = ok; ok {
					batch = append(batch, e)
				}
			default:
				more = false
			}
		}
		err := j.db.Update(func(tx *bolt.Tx) error {
			b := tx.Bucket(journalName)
			b.FillPercent = 1
			for _, e := range batch {
				j.next++
				if err := b.Put(binary.BigEndian.AppendUint64(nil, j.next), e.record); err != nil {
					return err
				}
			}
			return nil
		})
		j.err = errors.Join(j.err, err)
		for _, e := range batch {
			e.done <- err
		}
	}
}

func (j *journal) close() error {
	close(j.queue)
	<-j.ended
	return errors.Join(j.err, j.db.Close())
}
