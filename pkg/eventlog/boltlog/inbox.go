package boltlog

import (
	"bytes"
	"context"
	"iter"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Inbox implements eventlog.Inboxes. It yields what waited when it began.
func (l *Log) Inbox(ctx context.Context, name string) iter.Seq2[eventlog.Message, error] {
	return func(yield func(eventlog.Message, error) bool) {
		var from arrival
		for {
			var page []eventlog.Message
			more := false
			err := l.look(ctx, name, true, func(g *glimpse) (err error) {
				page, from, more, err = g.messages(name, from)
				return err
			})
			for _, m := range page {
				if !yield(m, nil) {
					return
				}
			}
			if err != nil {
				yield(eventlog.Message{}, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// messages returns a page of what waits behind from, and from where to go on.
func (g *glimpse) messages(name string, from arrival) (page []eventlog.Message, last arrival, more bool, err error) {
	last = from
	size := 0
	for _, w := range g.waits {
		if !from.before(w.at) {
			continue
		}
		if size >= maxPage {
			return page, last, true, nil
		}
		m, err := g.message(name, w)
		if err != nil {
			return page, last, false, err
		}
		page = append(page, m)
		last = w.at
		size += len(m.Body) + 64
	}
	if g.lost > 0 {
		err = corrupt(name, 0, "%d of %d messages in its inbox are damaged", g.lost, g.inbox)
	}
	return page, last, false, err
}

// message reads one message from where it was written.
func (g *glimpse) message(name string, w waiting) (m eventlog.Message, err error) {
	if w.stored {
		key := inboxKey(name, w.at)
		m, _, err = decodeRow(name, key, g.tx.Bucket(bucketInbox).Get(key))
	} else {
		m, err = g.journal.message(w.at)
	}
	m.Body = bytes.Clone(m.Body)
	return m, err
}
