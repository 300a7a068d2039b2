package conntest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
)

// broken names, in a child process, the connector that the suite must refuse.
const broken = "CONNTEST_BROKEN"

type in struct {
	Name string `json:"name" required:"true" doc:"A name."`
}

type undocumented struct {
	Name string `json:"name" required:"true"`
}

type out struct {
	Name string `json:"name" doc:"The name."`
}

func subject(op connectors.Operation) conntest.Subject {
	return conntest.Subject{
		Connector: &connectors.Connector{Name: "bad", Summary: "Is broken on purpose.", Operations: []connectors.Operation{op}},
		Inputs:    map[string]string{"bad.do": `{"name":"n"}`},
		Secrets:   []string{"CANARY"},
	}
}

func do[In any](run func(context.Context, connectors.Call, In) (out, error)) connectors.Operation {
	return connectors.Op("bad.do", "Does it badly.", connectors.Always[In](connectors.Safe), run)
}

func good(ctx context.Context, _ connectors.Call, i in) (out, error) {
	if ctx.Err() != nil {
		return out{}, connectors.Stopped(ctx, false)
	}
	return out(i), nil
}

// subjects are the mistakes, each with what the suite says about it.
var subjects = map[string]struct {
	says string
	run  func(t *testing.T)
}{
	"good": {"", func(t *testing.T) { conntest.Run(t, subject(do(good))) }},
	"no doc": {"name has no doc", func(t *testing.T) {
		conntest.Run(t, subject(do(func(ctx context.Context, c connectors.Call, u undocumented) (out, error) { return good(ctx, c, in(u)) })))
	}},
	"ignores cancel": {"succeeds after it was cancelled", func(t *testing.T) {
		conntest.Run(t, subject(do(func(_ context.Context, _ connectors.Call, i in) (out, error) { return out(i), nil })))
	}},
	"takes anything": {"Check finds nothing", func(t *testing.T) {
		op := do(good)
		op.Check = func(json.RawMessage) []connectors.Problem { return nil }
		conntest.Run(t, subject(op))
	}},
	"rule changes": {"Repeat says", func(t *testing.T) {
		op := do(good)
		calls := make(chan connectors.Repeat, 100)
		for i := range cap(calls) {
			calls <- connectors.Repeat(i % 3)
		}
		op.Repeat = func(connectors.Settings, json.RawMessage) connectors.Repeat { return <-calls }
		conntest.Run(t, subject(op))
	}},
	"wrong output": {"does not fit its schema", func(t *testing.T) {
		op := do(good)
		op.Run = func(context.Context, connectors.Call) (json.RawMessage, error) {
			return json.RawMessage(`{"nam":1}`), nil
		}
		conntest.Run(t, subject(op))
	}},
	"untyped error": {"the error is not typed", func(t *testing.T) {
		op := do(good)
		op.Run = func(context.Context, connectors.Call) (json.RawMessage, error) { return nil, errors.New("oh") }
		conntest.Run(t, subject(op))
	}},
	"shows a secret": {"stands in an error", func(t *testing.T) {
		conntest.Run(t, subject(do(func(context.Context, connectors.Call, in) (out, error) {
			return out{}, &connectors.Error{Code: "Own", Message: "the password is CANARY"}
		})))
	}},
	"hangs": {"goes on", func(t *testing.T) {
		s := subject(do(func(ctx context.Context, c connectors.Call, i in) (out, error) {
			if i.Name == "hang" {
				<-context.WithoutCancel(ctx).Done()
			}
			return good(ctx, c, i)
		}))
		s.HangingOperation, s.HangingInput = "bad.do", `{"name":"hang"}`
		s.Soon = 100 * time.Millisecond
		conntest.Run(t, s)
	}},
	"retries": {"the connector retries", func(t *testing.T) {
		conntest.Faults(t, func(ctx context.Context, _ *testing.T, url string) error {
			if err := post(ctx, url); err != nil {
				return post(ctx, url)
			}
			return nil
		})
	}},
	"claims too much": {"Certain is true after 1 effects", func(t *testing.T) {
		conntest.Faults(t, func(ctx context.Context, _ *testing.T, url string) error {
			if err := post(ctx, url); err != nil {
				return &connectors.Error{Code: "Own", Message: "nothing happened", Certain: true}
			}
			return nil
		})
	}},
}

// post is a client that knows nothing of connectors.
func post(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: (&net.Dialer{}).DialContext}}
	resp, err := client.Do(r)
	if err != nil {
		return &connectors.Error{Code: "Own", Message: fmt.Sprintf("%T", err), Lost: true}
	}
	return resp.Body.Close()
}

func TestChild(t *testing.T) {
	s, ok := subjects[os.Getenv(broken)]
	if !ok {
		t.Skip("on demand: it is a process of TestSuiteBites")
	}
	s.run(t)
}

// The suite passes a good connector and finds each mistake. It runs in a child
// process, because finding one fails the test.
func TestSuiteBites(t *testing.T) {
	for name, s := range subjects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$")
			cmd.Env = append(os.Environ(), broken+"="+name)
			output, err := cmd.CombinedOutput()
			if (err == nil) != (s.says == "") || !strings.Contains(string(output), s.says) {
				t.Errorf("the suite ends with %v and should say %q:\n%s", err, s.says, output)
			}
		})
	}
}
