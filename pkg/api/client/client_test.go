package client_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/api/client"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// wire answers requests with the answers of a case, one after another, and
// writes down what was asked.
type wire struct {
	t       *testing.T
	answers []string
	out     *strings.Builder
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Fprintf(w.out, "  > %s %s\n", r.Method, r.URL.RequestURI())
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(w.out, "  > %s: %s\n", name, strings.Join(r.Header[name], ", "))
	}
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(b) > 0 {
			fmt.Fprintf(w.out, "  > %s\n", b)
		}
	}
	if len(w.answers) == 0 {
		return nil, errors.New("connection refused")
	}
	next := w.answers[0]
	w.answers = w.answers[1:]
	head, body, _ := strings.Cut(next, "\n\n")
	text := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + strings.ReplaceAll(body, "LARGE", strings.Repeat("x", 64<<20))
	return http.ReadResponse(bufio.NewReader(strings.NewReader(text)), r)
}

// TestCases does what a case says and compares requests and results. An
// answer is a message of HTTP in a part of its own; without one the
// connection is refused.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w := &wire{t: t, out: &strings.Builder{}}
			var todo string
			for _, f := range a.Files {
				switch {
				case f.Name == "do":
					todo = string(f.Data)
				case strings.HasPrefix(f.Name, "answer"):
					w.answers = append(w.answers, strings.TrimSuffix(string(f.Data), "\n"))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				c, err := client.New(client.Options{Server: "http://engine.example/", Key: "the key", HTTP: &http.Client{Transport: w}})
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(todo) {
					fmt.Fprint(w.out, line)
					do(t, c, w.out, strings.Fields(line))
				}
			})
			last := len(a.Files) - 1
			if *update {
				a.Files[last].Data = []byte(w.out.String())
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(a.Files[last].Data), w.out.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// do calls one method of the client and shows what it returns.
func do(t *testing.T, c *client.Client, out io.Writer, args []string) {
	ctx := t.Context()
	arg := func(i int) string {
		if i < len(args) {
			return strings.Trim(args[i], `"`)
		}
		return ""
	}
	var got any
	var err error
	switch args[0] {
	case "start":
		o := client.StartOptions{Workflow: arg(1), Version: arg(2), IdempotencyKey: arg(3)}
		if arg(4) != "" {
			o.Input = json.RawMessage(args[4])
		}
		got, err = c.Start(ctx, o)
	case "signal":
		err = c.Signal(ctx, arg(1), arg(2), arg(3), nil)
	case "deploy":
		var created bool
		got, created, err = c.Deploy(ctx, arg(1), []byte("workflow: x\n"))
		fmt.Fprintf(out, "  created %t\n", created)
	case "runs":
		got, err = c.Runs(ctx, client.RunsOptions{Workflow: arg(1), Statuses: []client.RunStatus{"failed", "stuck"}, Limit: 2})
	case "ready":
		err = c.Ready(ctx)
	case "version":
		got, err = c.Version(ctx)
	case "watch":
		for e, werr := range c.Watch(ctx, arg(1), 4) {
			if err = werr; err == nil {
				fmt.Fprintf(out, "  event %d %s\n", e.Seq, e.Type)
			}
		}
	default:
		t.Fatalf("no such command: %s", args[0])
	}
	var p *client.ProblemError
	switch {
	case errors.As(err, &p):
		fmt.Fprintf(out, "  problem %d %s: %v\n", p.Status, p.Code, err)
	case err != nil:
		fmt.Fprintf(out, "  error: %v\n", err)
	case got != nil:
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(got); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "  %s", b.String())
	}
}

func TestNew(t *testing.T) {
	for server, ok := range map[string]bool{
		"http://127.0.0.1:8080": true, "https://engine.example/": true,
		"": false, "127.0.0.1:8080": false, "ftp://engine.example": false, "http://": false, "http://[::1": false,
	} {
		c, err := client.New(client.Options{Server: server})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "http://HOST:PORT") {
			t.Errorf("New(%q): %v", server, err)
		}
		if ok && c.Server() != strings.TrimSuffix(server, "/") {
			t.Errorf("Server() = %q", c.Server())
		}
	}
}
