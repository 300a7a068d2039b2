//go:build linux && amd64

package faults_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/served"
)

// A server whose disk fails ends with an exit code and a line that says so and
// what to do; what it acknowledged is there at the next start.
func TestServerOnFailingDisk(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.serve()
	if state := s.stop(syscall.SIGTERM); !state.Success() {
		t.Fatalf("the server ended with %v:\n%s", state, s.said)
	}
	served.Forget(s.dir())
	acked := make(chan []string, 1)
	go func() { acked <- s.startUntilItEnds() }()
	cmd := exec.Command(s.bin, "serve", s.project, "--listen", "127.0.0.1:0")
	tr := record(t, cmd, s.log(), breakage{opFlush, 25, errorBefore})
	runs := <-acked
	if len(runs) == 0 {
		t.Error("no start was acknowledged")
	}
	lines := strings.Split(strings.TrimSpace(tr.stderr), "\n")
	last := strings.Join(lines[max(0, len(lines)-2):], "\n")
	if tr.status.ExitStatus() < 1 || !strings.Contains(last, "the log cannot be written") || !strings.Contains(last, "start it again") {
		t.Errorf("the server ended with %d and said\n%s", tr.status.ExitStatus(), tr.stderr)
	}
	s.serve()
	for _, run := range runs {
		if status, err := s.do(http.MethodGet, "/v1/runs/"+run, "", "", nil); status != http.StatusOK {
			t.Errorf("run %s was acknowledged: %d, %v", run, status, err)
		}
	}
	s.stop(syscall.SIGTERM)
	s.clean()
}

// startUntilItEnds starts runs at a server that somebody else started, until
// there is no answer any more. It returns those that were acknowledged.
func (s *server) startUntilItEnds() (runs []string) {
	before := s.at.URL
	for deadline := time.Now().Add(patience); s.at.URL == before && time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if at, ok := served.Find(s.dir()); ok {
			s.at = at
		}
	}
	for i := 0; ; i++ {
		var answer struct{ Run string }
		status, err := s.do(http.MethodPost, "/v1/workflows/fill/runs", "", fmt.Sprintf(`{"id":"%d","blob":""}`, i), &answer)
		switch {
		case status == http.StatusAccepted:
			runs = append(runs, answer.Run)
		case err != nil && status == 0:
			return runs
		}
	}
}
