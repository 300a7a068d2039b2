//go:build linux && amd64

package faults_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/served"
)

// buildEngine makes the engine's binary, once.
var buildEngine = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "keelstep-engine-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "engine")
	out, err := exec.Command("go", "build", "-o", bin, "../../cmd/engine").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return bin, nil
})

// server is engine serve on a project of its own.
type server struct {
	t       *testing.T
	bin     string
	project string
	at      served.Server
	args    []string // more of them, for the server
	cmd     *exec.Cmd
	said    *bytes.Buffer
}

// newServer makes a project with one workflow, that of full disks.
func newServer(t *testing.T) *server {
	t.Helper()
	bin, err := buildEngine()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, bin: bin, project: t.TempDir()}
	file := filepath.Join(s.project, "workflows", "flow.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(filling), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd != nil {
			s.stop(syscall.SIGKILL)
		}
	})
	return s
}

func (s *server) dir() string { return filepath.Join(s.project, ".engine") }

func (s *server) log() string { return filepath.Join(s.dir(), "engine.db") }

// patience is how long something is waited for before it is taken to hang:
// long, for the machine may be slow and busy.
const patience = 3 * time.Minute

// serve starts the server; wrap, where given, is the command before its own.
func (s *server) serve(wrap ...string) {
	s.t.Helper()
	served.Forget(s.dir())
	args := append(wrap, s.bin, "serve", s.project, "--listen", "127.0.0.1:0")
	args = append(args, s.args...)
	s.cmd = exec.Command(args[0], args[1:]...)
	s.said = &bytes.Buffer{}
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if at, ok := served.Find(s.dir()); ok {
			s.at = at
			return
		}
	}
	s.stop(syscall.SIGKILL)
	s.t.Fatalf("the server does not come up:\n%s", s.said)
}

// stop ends the server and returns how it ended.
func (s *server) stop(sig syscall.Signal) *os.ProcessState {
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	state := s.cmd.ProcessState
	s.cmd = nil
	return state
}

// do makes a request. The status is 0 when there was no answer.
func (s *server) do(method, path, idempotency, body string, into any) (status int, err error) {
	return s.at.Do(s.t.Context(), served.Request{Method: method, Path: path, Key: idempotency, Body: body}, into)
}

// clean wants engine check to find nothing.
func (s *server) clean() {
	s.t.Helper()
	if out, err := exec.Command(s.bin, "check", "--data", s.project).CombinedOutput(); err != nil {
		s.t.Errorf("engine check: %v\n%s", err, out)
	}
}
