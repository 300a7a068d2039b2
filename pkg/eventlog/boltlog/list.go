package boltlog

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// maxRows is how many heads are looked at in one go.
const maxRows = 1024

// List implements eventlog.Log. A stream that appears while it goes on may or
// may not be in it.
func (l *Log) List(ctx context.Context, f eventlog.Filter) iter.Seq2[eventlog.Summary, error] {
	return func(yield func(eventlog.Summary, error) bool) {
		p := lister{filter: f, changed: l.changed(f)}
		left := f.Limit
		for !p.ended {
			p.page = p.page[:0]
			if err := l.fillList(ctx, &p); err != nil {
				yield(eventlog.Summary{}, err)
				return
			}
			for _, row := range p.page {
				if !yield(row.summary, row.err) {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

// lister walks two sorted lists of names side by side: that of the file and
// that of the streams which changed since.
type lister struct {
	filter  eventlog.Filter
	changed []string // in the order of the list, as of its beginning
	page    []listRow
	ended   bool
	status  string // of the last brief row
}

type listRow struct {
	summary eventlog.Summary
	err     error
}

// changed returns the names of changed streams that f does not rule out.
func (l *Log) changed(f eventlog.Filter) []string {
	l.mu.RLock()
	var names []string
	for name := range l.tail {
		if strings.HasPrefix(name, f.Prefix) {
			names = append(names, name)
		}
	}
	l.mu.RUnlock()
	slices.Sort(names)
	if !f.Oldest {
		slices.Reverse(names)
	}
	return names
}

// fillList reads the next page.
func (l *Log) fillList(ctx context.Context, p *lister) error {
	return guard(func() error {
		l.mu.RLock()
		defer l.mu.RUnlock()
		if l.stopped != nil {
			return l.stopped
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		tx, err := l.begin()
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // of a read transaction
		return p.fill(tx, l.tail)
	})
}

// fill merges the two lists until the page is full or both have ended.
func (p *lister) fill(tx *bolt.Tx, tail map[string]*stream) error {
	bucket := tx.Bucket(bucketHeads)
	heads := bucket
	if p.filter.Open {
		bucket = tx.Bucket(bucketOpen)
	}
	cur := names{cursor: bucket.Cursor(), oldest: p.filter.Oldest}
	k := cur.seek(p.filter.Before, p.filter.Prefix)
	for range maxRows {
		for len(p.changed) > 0 && !p.behind(p.changed[0]) {
			p.changed = p.changed[1:]
		}
		name := ""
		switch {
		case len(p.changed) > 0 && (k == nil || p.first(p.changed[0], string(k)) <= 0):
			name = p.changed[0]
		case k != nil:
			name = string(k)
		default:
			p.ended = true
			return nil
		}
		var v []byte
		if k != nil && string(k) == name {
			v = cur.value
			k = cur.next(p.filter.Prefix)
		}
		p.filter.Before = name
		if p.filter.Brief && p.brief(name, tail[name], v) {
			continue
		}
		p.row(name, tail[name], heads)
	}
	return nil
}

func (p *lister) behind(name string) bool {
	return p.filter.Before == "" || p.first(p.filter.Before, name) < 0
}

// first compares two names in the order of the list.
func (p *lister) first(a, b string) int {
	if p.filter.Oldest {
		return strings.Compare(a, b)
	}
	return strings.Compare(b, a)
}

// row adds a stream to the page if the filter lets it through.
func (p *lister) row(name string, s *stream, heads *bolt.Bucket) {
	v, ok, err := summaryOf(name, s, heads)
	if err != nil {
		p.page = append(p.page, listRow{eventlog.Summary{Stream: name}, err})
		return
	}
	f := p.filter
	f.Before = "" // the walk has seen to it
	if ok && f.Admits(v) {
		if f.Brief {
			v = v.Brief()
		}
		p.page = append(p.page, listRow{v, nil})
	}
}

// summaryOf returns the summary of a stream that changed, or of one as its
// last checkpoint left it.
func summaryOf(name string, s *stream, heads *bolt.Bucket) (v eventlog.Summary, ok bool, err error) {
	var h head
	switch {
	case s == nil:
		h, err = decodeHead(name, heads.Get([]byte(name)))
	case s.broken != nil:
		err = s.broken
	default:
		h = s.head
	}
	if err != nil || h.hidden() {
		return v, false, err
	}
	v, err = h.public(name)
	return v, true, err
}

// names walks the keys of a bucket in either direction, within a prefix.
type names struct {
	cursor *bolt.Cursor
	oldest bool
	value  []byte // of the key that was returned last
}

// seek returns the first name of the list behind before.
func (n *names) seek(before, prefix string) (k []byte) {
	if n.oldest {
		if k, n.value = n.cursor.Seek([]byte(max(before, prefix))); before != "" && string(k) == before {
			k, n.value = n.cursor.Next()
		}
		return within(k, prefix)
	}
	end := before
	if top := successor(prefix); top != "" && (end == "" || top < end) {
		end = top
	}
	if end == "" {
		k, n.value = n.cursor.Last()
	} else if k, _ = n.cursor.Seek([]byte(end)); k == nil {
		k, n.value = n.cursor.Last()
	} else {
		k, n.value = n.cursor.Prev()
	}
	return within(k, prefix)
}

func (n *names) next(prefix string) (k []byte) {
	if n.oldest {
		k, n.value = n.cursor.Next()
	} else {
		k, n.value = n.cursor.Prev()
	}
	return within(k, prefix)
}

func within(k []byte, prefix string) []byte {
	if !bytes.HasPrefix(k, []byte(prefix)) {
		return nil
	}
	return k
}

// successor returns the lowest string above all that begin with prefix; empty
// when there is none.
func successor(prefix string) string {
	b := []byte(prefix)
	for len(b) > 0 {
		if b[len(b)-1]++; b[len(b)-1] != 0 {
			return string(b)
		}
		b = b[:len(b)-1]
	}
	return ""
}
