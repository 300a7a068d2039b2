package http_test

import (
	"context"
	"encoding/json"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"testing"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
	"github.com/keelstep/keelstep/pkg/connectors/http"
)

func operation(t *testing.T, c *connectors.Connector, id string) connectors.Operation {
	t.Helper()
	o, ok := connectors.NewRegistry(c).Operation(id)
	if !ok {
		t.Fatalf("no operation %s", id)
	}
	return o
}

func TestSuite(t *testing.T) {
	echo := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.Copy(w, r.Body)
	}))
	t.Cleanup(echo.Close)
	conntest.Run(t, conntest.Subject{
		Connector: http.New(http.Options{}),
		Settings: func(*testing.T) connectors.Settings {
			return connectors.Settings{
				"url": echo.URL + "/base", "headers": map[string]any{"X-Tenant": "CANARY-header"},
				"auth": map[string]any{"basic": map[string]any{"username": "u", "password": "CANARY-password"}},
			}
		},
		Inputs: map[string]string{
			"http.get":     `{"path":"/a","query":{"q":[1,"b",true],"none":null}}`,
			"http.head":    `{"url":"` + echo.URL + `/base/b","headers":{"Accept":"*/*"}}`,
			"http.post":    `{"path":"/a","body":{"a":[1,2.50,null]},"timeout":"2m"}`,
			"http.put":     `{"path":"/a","body":null}`,
			"http.patch":   `{"path":"/a","body":"text"}`,
			"http.delete":  `{"path":"/a"}`,
			"http.request": `{"method":"OPTIONS","path":"/a"}`,
		},
		Secrets:          []string{"CANARY-header", "CANARY-password"},
		HangingOperation: "http.post",
		HangingInput:     `{"path":"/a"}`,
		HangingSettings: func(t *testing.T) connectors.Settings {
			return connectors.Settings{"url": conntest.Serve(t, conntest.Silence).URL}
		},
	})
}

// Each fault for a call of each rule of repetition: the error tells the truth
// about the effect, and nothing is retried.
func TestFaults(t *testing.T) {
	c := http.New(http.Options{})
	for _, s := range []struct {
		name, operation, header string
	}{
		{"never", "http.post", ""},
		{"keyed", "http.post", "Idempotency-Key"},
		{"safe", "http.get", ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			conntest.Faults(t, func(ctx context.Context, t *testing.T, url string) error {
				settings := connectors.Settings{"url": url}
				if s.header != "" {
					settings["idempotencyHeader"] = s.header
				}
				shared, closeShared, err := c.Open(ctx, settings)
				if err != nil {
					t.Fatal(err)
				}
				defer closeShared()
				_, err = operation(t, c, s.operation).Run(ctx, connectors.Call{
					Key: "k", Attempt: 1, Conn: connectors.Connection{Name: "c", Settings: settings, Shared: shared},
					Input: json.RawMessage(`{"path":"/x"}`),
				})
				return err
			})
		})
	}
}
