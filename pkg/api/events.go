package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"github.com/keelstep/keelstep/pkg/engine"
)

// WatchRun streams a run's events.
func (h *handlers) WatchRun(ctx context.Context, r WatchRunRequestObject) (WatchRunResponseObject, error) {
	var after uint64
	if id := r.Params.LastEventID; id != "" {
		n, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return nil, problem(CodeInvalidParameter, "Last-Event-ID is %s; send the id of an event, a number", quote(id))
		}
		after = n
	}
	if _, err := h.o.Engine.Get(ctx, r.Run); err != nil {
		return nil, unknownRun(err, r.Run)
	}
	return eventStream{h.Server, ctx, r.Run, after}, nil
}

// eventStream is the answer that streams.
type eventStream struct {
	*Server
	ctx   context.Context // the generated interface has no place for it
	run   string
	after uint64
}

// VisitWatchRunResponse writes the events as they come, a comment when
// nothing came for a while, and an event named end after the run's last one.
// A connection that ends without it may be made again. The reader's pace is
// the pace at which the log is read: nothing is kept for a slow one.
func (s eventStream) VisitWatchRunResponse(w http.ResponseWriter) error {
	ctx, cancel := s.until(s.ctx)
	defer cancel()
	out := &sseWriter{w: w, rc: http.NewResponseController(w), clock: s.o.Clock}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if err := out.comment(); err != nil {
		return nil //nolint:nilerr // the reader has gone
	}
	next, stop := pull(ctx, s.o.Engine.Watch(ctx, s.run, s.after))
	defer stop()
	for {
		e, err, ok := s.await(ctx, next, out)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				s.o.Logger.Warn("stream of events broke off", "run", s.run, "error", err)
			}
			return nil
		case !ok && ctx.Err() != nil:
			return nil
		case !ok:
			return out.end()
		}
		if err := out.event(e); err != nil {
			return nil //nolint:nilerr // the reader has gone
		}
	}
}

// await returns the next event; ok is false at the end. It keeps the
// connection alive while it waits.
func (s eventStream) await(ctx context.Context, next <-chan watched, out *sseWriter) (e engine.HistoryEvent, err error, ok bool) {
	for {
		silent := make(chan struct{})
		stop := s.o.Clock.AfterFunc(keepAlive, func() { close(silent) })
		select {
		case w, ok := <-next:
			stop()
			return w.event, w.err, ok
		case <-ctx.Done():
			stop()
			return e, nil, false
		case <-silent:
			if err := out.comment(); err != nil {
				return e, err, false
			}
		}
	}
}

// watched is one step of a watch.
type watched struct {
	event engine.HistoryEvent
	err   error
}

// pull runs seq in a goroutine of its own and hands over one event at a time.
// stop ends it and waits for it.
func pull(ctx context.Context, seq iter.Seq2[engine.HistoryEvent, error]) (next <-chan watched, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	c := make(chan watched)
	go func() {
		defer close(c)
		for e, err := range seq {
			select {
			case c <- watched{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return c, func() {
		cancel()
		for range c { // until it is closed
		}
	}
}

// sseWriter writes server-sent events, each with a deadline of its own.
type sseWriter struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	clock engine.Clock
	buf   bytes.Buffer
}

func (s *sseWriter) comment() error {
	s.buf.WriteString(":\n\n")
	return s.flush()
}

func (s *sseWriter) end() error {
	s.buf.WriteString("event: end\ndata: {}\n\n")
	return s.flush()
}

func (s *sseWriter) event(e engine.HistoryEvent) error {
	fmt.Fprintf(&s.buf, "id: %d\nevent: %s\ndata: ", e.Seq, e.Type)
	enc := json.NewEncoder(&s.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(eventOf(e)); err != nil { // ends with a newline and has no other
		return err
	}
	s.buf.WriteByte('\n')
	return s.flush()
}

func (s *sseWriter) flush() error {
	defer s.buf.Reset()
	_ = s.rc.SetWriteDeadline(s.clock.Now().Add(writeTimeout)) // a test's recorder has none
	if _, err := s.w.Write(s.buf.Bytes()); err != nil {
		return err
	}
	return s.rc.Flush()
}
