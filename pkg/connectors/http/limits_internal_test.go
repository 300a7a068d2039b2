package http

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// limits.rate lets calls go one after another, and gives up at once on one
// whose time would run out before its turn.
func TestRate(t *testing.T) {
	for rate, want := range map[string][]time.Duration{
		"10/s":  {0, 100 * time.Millisecond, 200 * time.Millisecond},
		"60/m":  {0, time.Second, 2 * time.Second},
		"100/h": {0, 36 * time.Second, 72 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, err := newClient(settings{Limits: limits{Rate: rate}}, Options{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			var got []time.Duration
			for range want {
				leave, err := c.enter(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, time.Since(begin))
				leave()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: calls went at (-want +got):\n%s", rate, diff)
			}
			ctx, cancel := context.WithTimeout(t.Context(), want[1]/2)
			defer cancel()
			_, err = c.enter(ctx)
			var e *connectors.Error
			if !errors.As(err, &e) || e.Code != connectors.CodeTimeout || !e.Certain || time.Since(begin) != want[len(want)-1] {
				t.Errorf("%s: a call without time got %v after %v", rate, err, time.Since(begin))
			}
		})
	}
}

// limits.parallel lets no more calls in; a cancelled one that waits does
// nothing, and its place is free.
func TestParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := newClient(settings{Limits: limits{Parallel: 2}}, Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		first, _ := c.enter(t.Context())
		second, _ := c.enter(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.enter(ctx)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Code != connectors.CodeTimeout || !e.Certain || e.Lost {
			t.Errorf("the third call got %v", err)
		}
		entered := false
		go func() {
			leave, err := c.enter(t.Context())
			entered = err == nil
			leave()
		}()
		synctest.Wait()
		if entered {
			t.Error("a third call is let in")
		}
		first()
		synctest.Wait()
		if !entered {
			t.Error("the third call is not let in after the first has left")
		}
		second()
		if len(c.slots) != 0 {
			t.Errorf("%d places are taken after all have left", len(c.slots))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-1": 0, "1.5": 0, "soon": 0,
		"86399": 86399 * time.Second, "86400": 24 * time.Hour, "86401": 24 * time.Hour,
		"99999999999999999999":           0,
		"Sun, 01 Mar 2026 12:00:30 GMT":  30 * time.Second,
		"Sun, 01 Mar 2026 11:59:59 GMT":  0,
		"Sunday, 01-Mar-26 12:01:00 GMT": time.Minute,
		"Fri, 01 Mar 2030 12:00:00 GMT":  24 * time.Hour,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("retryAfter(%q) = %v, want %v", text, got, want)
		}
	}
}

// Each status has a stable code and says whether a retry can help.
func TestStatus(t *testing.T) {
	for status, want := range map[int]struct {
		code      string
		transient bool
	}{
		400: {"BadRequest", false}, 401: {"Unauthorized", false}, 404: {"NotFound", false},
		408: {"RequestTimeout", true}, 409: {"Conflict", false}, 422: {"UnprocessableContent", false},
		425: {"TooEarly", true}, 429: {"TooManyRequests", true}, 499: {"HttpStatus499", false},
		500: {"InternalServerError", true}, 501: {"NotImplemented", false}, 502: {"BadGateway", true},
		503: {"ServiceUnavailable", true}, 504: {"GatewayTimeout", true}, 522: {"HttpStatus522", true},
	} {
		if StatusCode(status) != want.code || transient(status) != want.transient {
			t.Errorf("%d: %s, transient %v; want %+v", status, StatusCode(status), transient(status), want)
		}
	}
}
