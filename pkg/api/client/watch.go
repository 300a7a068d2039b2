package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// maxEvent bounds one line of a stream of events.
const maxEvent = 16 << 20

// reconnects is how often Watch connects again without an event in between.
const reconnects = 5

// errCut is a stream that ended before the run did.
var errCut = errors.New("the connection was cut")

// Watch yields the events of a run behind the one numbered after, those that
// are recorded and then those that come. It ends after the run's last event,
// with the first error, or with ctx. A connection that breaks is made again
// where it broke.
func (c *Client) Watch(ctx context.Context, run string, after uint64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for failed := 0; ; failed++ {
			ended, err := c.watchOnce(ctx, run, after, func(e Event) bool {
				after, failed = e.Seq, 0
				return yield(e, nil)
			})
			var p *ProblemError
			switch {
			case ended:
				if err != nil {
					yield(Event{}, err)
				}
				return
			case ctx.Err() != nil:
				yield(Event{}, ctx.Err())
				return
			case errors.As(err, &p) || failed >= reconnects:
				yield(Event{}, err)
				return
			}
			pause(ctx, time.Duration(failed+1)*200*time.Millisecond)
		}
	}
}

// watchOnce reads one connection. Ended tells that nothing more is to be
// read: the run ended or the reader has enough.
func (c *Client) watchOnce(ctx context.Context, run string, after uint64, yield func(Event) bool) (ended bool, err error) {
	req, err := NewWatchRunRequest(c.server, run, &WatchRunParams{LastEventID: lastEventID(after)})
	if err != nil {
		return false, err
	}
	unsetEmpty(req, "Last-Event-ID")
	req.Header.Set("Accept", "text/event-stream")
	res, err := c.send(ctx, req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNoContent {
		return true, nil
	}
	return readEvents(res.Body, yield)
}

// readEvents reads server-sent events until the one named end, the end of
// the stream, or until yield has enough.
func readEvents(r io.Reader, yield func(Event) bool) (ended bool, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	var name string
	var data strings.Builder
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() != "" && field == "event":
			name = value
		case lines.Text() != "" && field == "data":
			data.WriteString(value)
		case lines.Text() == "" && name == "end":
			return true, nil
		case lines.Text() == "" && data.Len() > 0:
			var e Event
			if err := json.Unmarshal([]byte(data.String()), &e); err != nil {
				return true, fmt.Errorf("the stream of events is not what an engine sends: %w", err)
			}
			if !yield(e) {
				return true, nil
			}
			name = ""
			data.Reset()
		}
	}
	if err := lines.Err(); err != nil {
		return false, err
	}
	return false, errCut
}

// pause waits for d or for ctx.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
