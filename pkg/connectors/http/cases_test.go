package http_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net"
	nethttp "net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
	"github.com/keelstep/keelstep/pkg/connectors/http"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case is a txtar: settings, call (the operation), input, and an answer for
// each request that arrives. In them $URL is a server's address, $OTHER that
// of another one. request (what arrived) and result are golden.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { runCase(t, name) })
	}
}

func runCase(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	golden := &txtar.Archive{Comment: ar.Comment}
	part := map[string]string{}
	var answers []string
	for _, f := range ar.Files {
		switch f.Name {
		case "request", "result":
			continue
		case "answer":
			answers = append(answers, string(f.Data))
		default:
			part[f.Name] = strings.TrimSpace(string(f.Data))
		}
		golden.Files = append(golden.Files, f)
	}
	s := newScript(t, answers)
	result := s.perform(t, part["settings"], part["call"], part["input"])
	for _, r := range s.requests {
		golden.Files = append(golden.Files, txtar.File{Name: "request", Data: []byte(s.hide(r))})
	}
	golden.Files = append(golden.Files, txtar.File{Name: "result", Data: []byte(s.hide(result))})
	if *update {
		if err := os.WriteFile(name, txtar.Format(golden), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(ar)), string(txtar.Format(golden))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// script is two servers that give prepared answers in turn.
type script struct {
	url, other string
	answers    []string
	requests   []string
}

func newScript(t *testing.T, answers []string) *script {
	s := &script{answers: answers}
	turn := make(chan struct{}, 1) // one request at a time, so s needs no lock
	turn <- struct{}{}
	for _, address := range []*string{&s.url, &s.other} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*address = "http://" + l.Addr().String()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				<-turn
				s.serve(c)
				turn <- struct{}{}
			}
		}()
		t.Cleanup(func() { l.Close(); <-ended })
	}
	return s
}

// serve notes one request as it arrived and answers it.
func (s *script) serve(c net.Conn) {
	defer c.Close()
	var raw bytes.Buffer
	r, err := nethttp.ReadRequest(bufio.NewReader(io.TeeReader(c, &raw)))
	if err != nil {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	head := strings.ReplaceAll(strings.TrimSuffix(raw.String(), string(body)), "\r\n", "\n")
	if strings.ContainsFunc(string(body), unicode.IsControl) || !utf8.Valid(body) {
		body = []byte(strconv.Quote(string(body)))
	}
	s.requests = append(s.requests, strings.TrimRight(head+string(body), "\n")+"\n")
	if len(s.answers) == 0 {
		return
	}
	answer := s.show(s.answers[0])
	s.answers = s.answers[1:]
	top, content, _ := strings.Cut(answer, "\n\n")
	top += "\nConnection: close"
	content = strings.NewReplacer(`\xff`, "\xff", `\x00`, "\x00").Replace(strings.TrimSuffix(content, "\n"))
	io.WriteString(c, strings.ReplaceAll(top, "\n", "\r\n")+"\r\n\r\n"+content)
}

func (s *script) show(text string) string {
	return strings.NewReplacer("$URL", s.url, "$OTHERHOST", strings.TrimPrefix(s.other, "http://"), "$OTHER", s.other, "$HOST", strings.TrimPrefix(s.url, "http://")).Replace(text)
}

func (s *script) hide(text string) string {
	return strings.NewReplacer(s.url, "$URL", s.other, "$OTHER",
		strings.TrimPrefix(s.url, "http://"), "$HOST", strings.TrimPrefix(s.other, "http://"), "$OTHERHOST").Replace(text)
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (s *script) perform(t *testing.T, settings, id, input string) string {
	t.Helper()
	c := http.New(http.Options{Now: func() time.Time { return now }})
	conn := connectors.Connection{Name: "c", Settings: connectors.Settings{}}
	if settings != "" {
		if err := json.Unmarshal([]byte(s.show(settings)), &conn.Settings); err != nil {
			t.Fatal(err)
		}
	}
	shared, closeShared, err := c.Open(t.Context(), conn.Settings)
	if err != nil {
		return "open: " + conntest.Honest(t, err).Error() + "\n"
	}
	defer closeShared()
	conn.Shared = shared
	out, err := operation(t, c, id).Run(t.Context(), connectors.Call{
		Key: "KEY", Attempt: 1, Conn: conn, Input: json.RawMessage(s.show(input)),
	})
	if err == nil {
		return indent(t, out)
	}
	e := conntest.Honest(t, err)
	b, err := json.Marshal(map[string]any{
		"code": e.Code, "message": e.Message, "status": e.Status, "final": e.Final, "certain": e.Certain,
		"lost": e.Lost, "retryAfter": e.RetryAfter.String(), "details": e.Details,
	})
	if err != nil {
		t.Fatal(err)
	}
	return indent(t, b)
}

var lengths = regexp.MustCompile(`(?m)^ +"(connection|content-length)": "[^"]*",?\n`)

func indent(t *testing.T, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	return lengths.ReplaceAllString(b.String(), "") + "\n"
}
