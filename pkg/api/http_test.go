package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata and docs/errors/http.md")

// TestExchanges plays the files of testdata against a server with an engine
// on memory, each in a time of its own. A file is exchanges separated by
// lines of ===; an exchange is a comment, directives, a request, a line of
// ---, and the answer. The directives: @wait DURATION lets time pass (0 until
// nothing moves), @restart ends the engine as a crash does and opens it again,
// @file NAME is a body from testdata/workflows, @bytes N one
// of N letters in a JSON string, @nest N one of N nested lists, @empty N one
// of N spaces. A header after a plus is added to those of its
// name; @hmac ALGORITHM CODING PREFIX as its value signs the body; From is the
// address that a request comes from. {run} is the run of the last answer that had one.
func TestExchanges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".http"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, f) })
		})
	}
}

func play(t *testing.T, path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	p := player{t: t, f: f, spec: loadSpec(t)}
	var out []string
	for _, e := range strings.Split(string(src), "\n===\n") {
		request, want, _ := strings.Cut(e, "\n---")
		got := p.exchange(request)
		if d := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); d != "" && !*update {
			t.Errorf("%s\nanswers differ (-want +got):\n%s", request, d)
		}
		out = append(out, request+"\n---\n"+strings.TrimSpace(got))
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n===\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// player sends requests and shows answers.
type player struct {
	t    *testing.T
	f    *fixture
	spec *spec
	run  string
	runs []string
}

func (p *player) exchange(text string) string {
	r, body := p.request(text)
	rec := httptest.NewRecorder()
	p.f.server.Handler().ServeHTTP(rec, r)
	p.spec.check(p.t, r, body, rec)
	return p.show(rec)
}

// request makes a request out of its text.
func (p *player) request(text string) (*http.Request, []byte) {
	p.t.Helper()
	text = strings.ReplaceAll(text, "{run}", p.run)
	for strings.HasPrefix(text, "#") || strings.HasPrefix(text, "@") {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "@restart" {
			p.f.restart(p.t)
			synctest.Wait()
		}
		if d, ok := strings.CutPrefix(line, "@wait "); ok {
			d, err := time.ParseDuration(d)
			if err != nil {
				p.t.Fatal(err)
			}
			time.Sleep(d)
			synctest.Wait()
		}
	}
	head, tail, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	body := p.body(tail)
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	if len(body) == 0 {
		r.Body = http.NoBody
	}
	r.Host = "127.0.0.1:8080"
	r.Header.Set("Authorization", "Bearer "+testKey)
	for _, l := range lines[1:] {
		k, v, _ := strings.Cut(l, ": ")
		switch {
		case k == "Host":
			r.Host = v
		case strings.HasPrefix(k, "+"):
			r.Header.Add(k[1:], v)
		case v == "none":
			r.Header.Del(k)
		case strings.HasPrefix(v, "@hmac "):
			r.Header.Set(k, signature(p.t, strings.Fields(v)[1:], body))
		case k == "From": // the address that it comes from
			r.RemoteAddr = v
		case k == "Content-Length":
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			r.ContentLength = n
		default:
			r.Header.Set(k, v)
		}
	}
	return r, body
}

// signature signs a body: ALGORITHM CODING PREFIX.
func signature(t *testing.T, words []string, body []byte) string {
	make := map[string]func() hash.Hash{"sha256": sha256.New, "sha1": sha1.New, "sha512": sha512.New}[words[0]]
	code := map[string]func([]byte) string{
		"hex": hex.EncodeToString, "base64": base64.StdEncoding.EncodeToString,
		"cut":   func(b []byte) string { return hex.EncodeToString(b[:len(b)-1]) },
		"wrong": func(b []byte) string { b[0]++; return hex.EncodeToString(b) },
	}[words[1]]
	if make == nil || code == nil {
		t.Fatalf("unknown signature %v", words)
	}
	mac := hmac.New(make, []byte(testSecret))
	mac.Write(body)
	return strings.Join(words[2:], " ") + code(mac.Sum(nil))
}

// body makes a body out of its text or directive.
func (p *player) body(text string) []byte {
	name, arg, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, _ := strconv.Atoi(arg)
	switch name {
	case "@file":
		b, err := os.ReadFile(filepath.Join("testdata", "workflows", arg))
		if err != nil {
			p.t.Fatal(err)
		}
		return b
	case "@bytes":
		return []byte(`"` + strings.Repeat("a", n-2) + `"`)
	case "@nest":
		return []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
	case "@empty":
		return bytes.Repeat([]byte(" "), n)
	}
	return []byte(strings.TrimSuffix(text, "\n"))
}

var scrubs = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT[0-9:.]+Z"`), `"TIME"`},
	{regexp.MustCompile(`"[0-9a-f]{64}"`), `"DIGEST"`},
	{regexp.MustCompile(`"[0-9a-f]{32}"`), `"TASK"`},
}

// derived is the ID of a run that nobody asked for: a child, or of a firing.
var derived = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"`)

// show returns an answer as the cases have it: runs are numbered, times and
// digests named.
func (p *player) show(rec *httptest.ResponseRecorder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s\n", rec.Code, http.StatusText(rec.Code))
	for _, k := range []string{"Content-Type", "Location", "Allow", "Www-Authenticate", "Retry-After", "Keelstep-Run", "X-Made-By"} {
		if v := rec.Header().Get(k); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", k, v)
		}
	}
	b.WriteByte('\n')
	body := rec.Body.Bytes()
	var run struct {
		Run  string
		Runs []struct{ Run string }
	}
	if json.Unmarshal(body, &run) == nil {
		for _, r := range run.Runs {
			if !derived.MatchString(`"` + r.Run + `"`) {
				p.note(r.Run)
			}
		}
		p.note(run.Run)
	}
	p.note(strings.TrimPrefix(rec.Header().Get("Keelstep-Run"), " "))
	var pretty bytes.Buffer
	if json.Indent(&pretty, body, "", "  ") == nil {
		body = pretty.Bytes()
	}
	b.Write(body)
	out := b.String()
	for _, s := range scrubs {
		out = s.what.ReplaceAllString(out, s.with)
	}
	for i, r := range p.runs {
		out = strings.ReplaceAll(out, r, fmt.Sprintf("RUN-%d", i+1))
	}
	return derived.ReplaceAllString(out, `"DERIVED"`)
}

// note remembers a run.
func (p *player) note(run string) {
	if run == "" {
		return
	}
	p.run = run
	for _, r := range p.runs {
		if r == run {
			return
		}
	}
	p.runs = append(p.runs, run)
}
