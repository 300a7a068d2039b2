package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/cmd/engine/internal/scaffold"
)

var editor = flag.Bool("editor", false, "fetch yaml-language-server and talk to it")

// languageServer is the version of yaml-language-server that is talked to.
const languageServer = "yaml-language-server@2.0.0"

// What an author sees in an editor, as the language server that editors use
// gives it for the schema that engine schema writes: the verbs and the keys of
// with while typing, what a key is for, and what is wrong.
func TestEditor(t *testing.T) {
	server := fetchServer(t)
	dir := filepath.Join(t.TempDir(), "project")
	workflow, err := workflowSchema()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.New(dir, "project", workflow); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, server, dir)
	for _, c := range []struct {
		name, text string // ‸ is the cursor
		file       string // in the project; empty: one of workflows/
		offered    []string
		not        []string
		hover      string
		found      []string
	}{
		{
			name: "verbs", text: head + "steps:\n  - id: a\n    ‸\n",
			offered: []string{"action", "approval", "call", "compose", "emit", "foreach", "race", "rollback", "wait", "runAfter", "track"},
		},
		{
			name: "operations", text: head + "steps:\n  - id: a\n    action: ‸\n",
			offered: []string{"http.get", "http.post", "file.read"},
		},
		{
			name: "with of http", text: head + "steps:\n  - id: a\n    action: http.post\n    with:\n      ‸\n",
			offered: []string{"path", "body", "headers", "query"}, not: []string{"content"},
		},
		{
			name: "with of file", text: head + "steps:\n  - id: a\n    action: file.write\n    with:\n      ‸\n",
			offered: []string{"path", "content"}, not: []string{"query"},
		},
		{
			name: "keys of a trigger", text: head + "triggers:\n  - id: t\n    schedule:\n      ‸\nsteps: []\n",
			offered: []string{"cron", "every", "timezone", "overlap", "catchUp"},
		},
		{
			name: "values", text: head + "concurrency:\n  onLimit: ‸\nsteps: []\n",
			offered: []string{"queue", "reject", "cancelRunning", "skip"},
		},
		{
			name: "hover of a verb", text: head + "steps:\n  - { id: a, ra‸ce: [{ id: b, compose: 1 }] }\n",
			hover: "Starts all steps at once",
		},
		{
			name: "hover of a key", text: head + "steps:\n  - { id: a, action: http.get, with: { pa‸th: /x } }\n",
			hover: "Path below the connection's url",
		},
		{
			name: "verbs in a branch", text: head + "steps:\n  - id: a\n    if: input.x == 1\n    then:\n      - id: b\n        ‸\n",
			offered: []string{"action", "compose", "foreach", "wait", "runAfter"}, not: []string{"workflow", "when"},
		},
		{
			name: "verbs deep inside", offered: []string{"action", "approval", "set", "catch"},
			text: head + "steps:\n  - id: a\n    parallel:\n      - id: b\n        foreach: input.x\n        do:\n          - id: c\n            ‸\n",
		},
		{
			name: "operations in a handler", offered: []string{"http.get", "file.write"},
			text: head + "steps:\n  - id: a\n    compose: 1\n    catch:\n      - when: error.code == \"X\"\n        do:\n          - id: b\n            action: ‸\n",
		},
		{
			name: "with in a handler", offered: []string{"path", "content"}, not: []string{"query"},
			text: head + "steps:\n  - id: a\n    compose: 1\n    finally:\n      - id: b\n        action: file.write\n        with:\n          ‸\n",
		},
		{
			name: "keys of a handler", text: head + "steps:\n  - id: a\n    compose: 1\n    catch:\n      - ‸\n",
			offered: []string{"when", "do"}, not: []string{"action"},
		},
		{
			name: "keys of retry", text: head + "steps:\n  - id: a\n    compose: 1\n    retry:\n      ‸\n",
			offered: []string{"attempts", "delay", "backoff", "maxDelay", "jitter", "if", "attemptTimeout"},
		},
		{
			name: "keys of an environment", file: "env/staging.yaml", text: environmentHead + "‸\n",
			offered: []string{"connections", "parameters", "secrets", "services"}, not: []string{"steps"},
		},
		{
			name: "hover in an environment", file: "env/hover.yaml", text: environmentHead + "sec‸rets: { from: [env] }\n",
			hover: "secret",
		},
		{
			name: "unknown key of an environment", file: "env/wrong.yaml", text: environmentHead + "conections: {}\n",
			found: []string{"Property conections is not allowed"},
		},
		{
			name: "keys of a test", file: "tests/a.test.yaml", text: "# yaml-language-server: $schema=../.engine/test.schema.json\nworkflow: x\n‸\n",
			offered: []string{"cases", "mocks", "env"}, not: []string{"steps"},
		},
		{
			name: "hover in a handler", text: head + "steps:\n  - { id: a, compose: 1, catch: [{ wh‸en: \"true\", do: [] }] }\n",
			hover: "Which failures it handles",
		},
		{name: "the workflow of new", file: "workflows/project.yaml", text: written(t, dir, "workflows/project.yaml"), found: []string{}},
		{name: "the environment of new", file: "env/local.yaml", text: written(t, dir, "env/local.yaml"), found: []string{}},
		{
			name: "the workflow of new, misspelt", file: "workflows/wrong.yaml", found: []string{"Property concurency is not allowed"},
			text: strings.Replace(written(t, dir, "workflows/project.yaml"), "concurrency", "concurency", 1),
		},
		{
			name: "unknown key", text: head + "steps:\n  - { id: a, compose: 1, catsch: [] }\n",
			found: []string{"Property catsch is not allowed"},
		},
		{
			name: "wrong type", text: head + "timeout: 30\nsteps:\n  - { id: a, compose: 1 }\n",
			found: []string{`Incorrect type. Expected "string"`},
		},
		{
			name: "unknown key of with", text: head + "steps:\n  - { id: a, action: http.get, with: { path: /x, boddy: 1 } }\n",
			found: []string{"Property boddy is not allowed"},
		},
		{
			name: "missing", text: head + "steps:\n  - { id: a, action: file.write, with: { as: json } }\n",
			found: []string{`Missing property "path"`},
		},
		{
			name: "value", text: head + "triggers:\n  - { id: a, http: { path: /x, method: FETCH } }\nsteps:\n  - { id: b, compose: 1 }\n",
			found: []string{"Value is not accepted. Valid values"},
		},
		{
			name: "nothing", text: head + "steps:\n  - { id: a, action: http.get, with: { path: \"/${ input.x }\", query: \"${ input.y }\" } }\n",
			found: []string{},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.file == "" {
				c.file = "workflows/" + strings.ReplaceAll(c.name, " ", "-") + ".yaml"
			}
			s.open(t, c.file, c.text)
			switch {
			case c.offered != nil:
				s.checkOffered(t, c.offered, c.not)
			case c.hover != "":
				if got := s.hover(t); !strings.Contains(got, c.hover) {
					t.Errorf("hover shows %q, want %q", got, c.hover)
				}
			default:
				s.checkFound(t, c.found)
			}
		})
	}
}

const (
	head            = "# yaml-language-server: $schema=../.engine/workflow.schema.json\nworkflow: x\nversion: \"1\"\n"
	environmentHead = "# yaml-language-server: $schema=../.engine/environment.schema.json\n"
)

// written returns a file of the project as new wrote it.
func written(t *testing.T, dir, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fetchServer installs the language server outside of the tree and returns its
// program. Where there is no node, or nobody asked for it, the test is skipped.
func fetchServer(t *testing.T) string {
	t.Helper()
	if !*editor && os.Getenv("CI") != "true" {
		t.Skip("the language server is fetched with -editor, or where CI=true")
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skip("there is no node here, so the schema is not tried in an editor")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "keelstep-tests", strings.ReplaceAll(languageServer, "@", "-"))
	program := filepath.Join(dir, "node_modules", "yaml-language-server", "bin", "yaml-language-server")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, languageServer).CombinedOutput()
	if err != nil {
		t.Fatalf("npm install %s: %v\n%s", languageServer, err, out)
	}
	return program
}

// editorSession is a conversation with a language server about one document at a
// time.
type editorSession struct {
	in     io.Writer
	out    *bufio.Reader
	next   int
	dir    string
	uri    string
	line   int
	column int
}

func startServer(t *testing.T, program, dir string) *editorSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "node", program, "--stdio")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &editorSession{in: in, out: bufio.NewReader(out), dir: dir}
	s.call(t, "initialize", map[string]any{
		"processId": nil, "rootUri": "file://" + dir,
		"capabilities": map[string]any{"textDocument": map[string]any{
			"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true}},
			"hover":      map[string]any{"contentFormat": []string{"markdown"}},
		}},
	})
	s.tell(t, "initialized", map[string]any{})
	s.tell(t, "workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"yaml": map[string]any{
		"validate": true, "completion": true, "hover": true, "schemaStore": map[string]any{"enable": false},
	}}})
	return s
}

// message is a message of the protocol, either way.
type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

func (s *editorSession) send(t *testing.T, v map[string]any) {
	t.Helper()
	v["jsonrpc"] = "2.0"
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(b), b); err != nil {
		t.Fatal(err)
	}
}

func (s *editorSession) tell(t *testing.T, method string, params any) {
	t.Helper()
	s.send(t, map[string]any{"method": method, "params": params})
}

// receive returns the next message, and answers what the server asks.
func (s *editorSession) receive(t *testing.T) message {
	t.Helper()
	length := 0
	for {
		line, err := s.out.ReadString('\n')
		if err != nil {
			t.Fatalf("the language server ended: %v", err)
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if length, err = strconv.Atoi(n); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(s.out, b); err != nil {
		t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if m.ID != nil && m.Method != "" {
		s.send(t, map[string]any{"id": m.ID, "result": nil})
	}
	return m
}

func (s *editorSession) call(t *testing.T, method string, params any) json.RawMessage {
	t.Helper()
	s.next++
	id := strconv.Itoa(s.next)
	s.send(t, map[string]any{"id": s.next, "method": method, "params": params})
	for {
		m := s.receive(t)
		if m.Method == "" && string(m.ID) == id {
			if m.Error != nil {
				t.Fatalf("%s: %s", method, m.Error)
			}
			return m.Result
		}
	}
}

// open opens a document; ‸ is where the cursor is.
func (s *editorSession) open(t *testing.T, file, text string) {
	t.Helper()
	before, after, _ := strings.Cut(text, "‸")
	s.line = strings.Count(before, "\n")
	s.column = len(before) - strings.LastIndex(before, "\n") - 1
	if s.uri != "" {
		s.tell(t, "textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": s.uri}})
	}
	s.uri = "file://" + s.dir + "/" + file
	after = strings.ReplaceAll(after, "‸", "")
	s.tell(t, "textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": s.uri, "languageId": "yaml", "version": 1, "text": before + after},
	})
}

func (s *editorSession) place() map[string]any {
	return map[string]any{
		"textDocument": map[string]any{"uri": s.uri},
		"position":     map[string]any{"line": s.line, "character": s.column},
	}
}

func (s *editorSession) checkOffered(t *testing.T, want, not []string) {
	t.Helper()
	var list struct {
		Items []struct{ Label string }
	}
	if err := json.Unmarshal(s.call(t, "textDocument/completion", s.place()), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range list.Items {
		got = append(got, item.Label)
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%q is not offered, but %q", w, got)
		}
	}
	for _, w := range not {
		if slices.Contains(got, w) {
			t.Errorf("%q is offered: %q", w, got)
		}
	}
}

func (s *editorSession) hover(t *testing.T) string {
	t.Helper()
	return string(s.call(t, "textDocument/hover", s.place()))
}

// checkFound compares what is found wrong in the document.
func (s *editorSession) checkFound(t *testing.T, want []string) {
	t.Helper()
	for {
		m := s.receive(t)
		var p struct {
			URI         string
			Diagnostics []struct{ Message string }
		}
		if m.Method != "textDocument/publishDiagnostics" {
			continue
		}
		if err := json.Unmarshal(m.Params, &p); err != nil {
			t.Fatal(err)
		}
		if p.URI != s.uri {
			continue
		}
		if len(want) == 0 && len(p.Diagnostics) > 0 {
			t.Errorf("found %+v, want nothing", p.Diagnostics)
		}
		for _, w := range want {
			if !slices.ContainsFunc(p.Diagnostics, func(d struct{ Message string }) bool { return strings.Contains(d.Message, w) }) {
				t.Errorf("%q is not among %+v", w, p.Diagnostics)
			}
		}
		return
	}
}
