package shop

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Count is how often an effect was made.
type Count struct {
	Operation string `json:"operation"`
	Order     string `json:"order"`
	Key       string `json:"key"`
	Count     int    `json:"count"`
}

// entry is one line of the ledger.
type entry struct {
	Time   time.Time       `json:"time"`
	Key    string          `json:"key"`
	Print  string          `json:"request"`
	Effect effect          `json:"effect"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"answer"`
}

var errKeyReused = errors.New("the key was used for another request")

// ledger is the file of effects and what they add up to.
type ledger struct {
	mu      sync.Mutex // guards all but syncing
	file    *os.File
	written int64 // bytes
	state   state
	byKey   map[string]entry
	count   map[Count]int // by Count without its Count
	broken  error         // the first failed write; nothing is accepted after it

	syncing sync.Mutex // held by the one that syncs for all
	synced  int64
}

func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{
		file: f, byKey: map[string]entry{}, count: map[Count]int{},
		state: state{reserved: map[string]bool{}, balance: map[string]float64{}},
	}
	if err := l.load(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return l, nil
}

// load reads the entries and cuts off a torn last line.
func (l *ledger) load() error {
	r := bufio.NewReader(l.file)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		l.take(e)
		l.written += int64(len(line))
	}
	if err := l.file.Truncate(l.written); err != nil {
		return err
	}
	if _, err := l.file.Seek(l.written, io.SeekStart); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.synced = l.written
	return syncDir(filepath.Dir(l.file.Name()))
}

// syncDir makes a new file's name durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (l *ledger) take(e entry) {
	if e.Key != "" {
		l.byKey[e.Key] = e
	}
	if e.Effect.Operation != "" {
		l.state.apply(e.Effect)
		l.count[Count{Operation: e.Effect.Operation, Order: e.Effect.Order, Key: e.Key}]++
	}
}

// once runs op, unless the key has its answer already, records what it did,
// and returns when that is durable. An answer without an effect is recorded
// only when it has a key and is no refusal: a refused request may be sent
// again and fare better.
func (l *ledger) once(q request, now time.Time, op operation) (answer, error) {
	a, upTo, err := l.record(q, now, op)
	if err != nil {
		return answer{}, err
	}
	return a, l.sync(upTo)
}

func (l *ledger) record(q request, now time.Time, op operation) (answer, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return answer{}, 0, l.broken
	}
	if e, ok := l.byKey[q.key]; ok && q.key != "" {
		if e.Print != q.print {
			return answer{}, 0, errKeyReused
		}
		return answer{status: e.Status, body: e.Body}, l.written, nil
	}
	done, a := op(&l.state, q)
	if done.Operation == "" && (q.key == "" || a.status >= 400) {
		return a, l.written, nil
	}
	e := entry{Time: now, Key: q.key, Print: q.print, Effect: done, Status: a.status, Body: a.body}
	line, err := json.Marshal(e)
	if err != nil {
		return answer{}, 0, err
	}
	n, err := l.file.Write(append(line, '\n'))
	if err != nil {
		l.broken = fmt.Errorf("write the ledger: %w", err)
		return answer{}, 0, l.broken
	}
	l.written += int64(n)
	l.take(e)
	return a, l.written, nil
}

// sync makes the first upTo bytes durable. Those who wait for a sync share
// the next one.
func (l *ledger) sync(upTo int64) error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= upTo {
		return nil
	}
	l.mu.Lock()
	written, err := l.written, l.broken
	l.mu.Unlock()
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.mu.Lock()
		l.broken = fmt.Errorf("sync the ledger: %w", err)
		l.mu.Unlock()
		return err
	}
	l.synced = written
	return nil
}

func (l *ledger) counts() []Count {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := make([]Count, 0, len(l.count))
	for c, n := range l.count {
		c.Count = n
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Key, b.Key))
	})
	return counts
}

func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = os.ErrClosed
	}
	return l.file.Close()
}
