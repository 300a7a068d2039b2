package boltlog

import (
	"context"
	"errors"
	"io"
	"os"
)

// paceSize is how much of a copy is written in one go, and paceSync how much
// between two flushes: one flush of all of it at the end would hold up those
// of the log for as long.
const (
	paceSize = 1 << 20
	paceSync = 8 << 20
)

// pacer writes a copy, some at a time, until its context ends.
type pacer struct {
	ctx      context.Context // of one copy, which is over before its caller returns
	out      io.Writer
	file     *os.File // flushed now and then; nil: none
	size     func() int64
	began    int64
	done     int64
	unsynced int64
	tell     func(CopyProgress)
}

func newPacer(ctx context.Context, f *os.File, size func() int64, tell func(CopyProgress)) *pacer {
	p := &pacer{ctx: ctx, out: f, file: f, size: size, tell: tell}
	if size != nil {
		p.began = size()
	}
	return p
}

func (p *pacer) progress() CopyProgress {
	now := CopyProgress{Bytes: p.done}
	if p.size != nil {
		now.Grew = max(p.size()-p.began, 0)
	}
	return now
}

// Write writes b and, now and then, flushes and tells how far it is.
func (p *pacer) Write(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := p.out.Write(b)
	p.done += int64(n)
	p.unsynced += int64(n)
	if err == nil && p.file != nil && p.unsynced >= paceSync {
		p.unsynced = 0
		err = p.file.Sync()
	}
	if p.tell != nil && len(b) >= paceSize {
		p.tell(p.progress())
	}
	return n, err
}

// ReadFrom writes all of r in large pieces. Only io.EOF is its end: a connection
// that breaks off is an error, io.ErrUnexpectedEOF among others.
func (p *pacer) ReadFrom(r io.Reader) (total int64, err error) {
	buf := make([]byte, paceSize)
	for err == nil {
		n := 0
		for n < len(buf) && err == nil {
			var more int
			more, err = r.Read(buf[n:])
			n += more
		}
		w, failed := p.Write(buf[:n])
		if total += int64(w); failed != nil {
			return total, failed
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return total, err
}
