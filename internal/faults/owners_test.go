//go:build linux && amd64

package faults_test

import (
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A second process on a log ends at once and says why; the first does not
// notice. What a killed process held is no obstacle.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.serve()
	var first struct{ Run string }
	if status, err := s.do(http.MethodPost, "/v1/workflows/fill/runs", "a", `{"id":"a","blob":""}`, &first); status != http.StatusAccepted {
		t.Fatalf("start: %d, %v", status, err)
	}
	for _, args := range [][]string{
		{"serve", s.project, "--listen", "127.0.0.1:0"},
		{"run", s.project, "--input", `{"id":"b","blob":""}`},
	} {
		out, err := exec.Command(s.bin, args...).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() <= 0 || !strings.Contains(string(out), "is in use") {
			t.Errorf("engine %s beside a server: %v\n%s", args[0], err, out)
		}
	}
	var again struct{ Run string }
	if status, err := s.do(http.MethodPost, "/v1/workflows/fill/runs", "a", `{"id":"a","blob":""}`, &again); again != first {
		t.Errorf("the first server answers %d with run %q, %v, want %q", status, again.Run, err, first.Run)
	}
	s.stop(syscall.SIGKILL)
	s.serve()
	if status, err := s.do(http.MethodGet, "/v1/runs/"+first.Run, "", "", nil); status != http.StatusOK {
		t.Errorf("after a kill: %d, %v", status, err)
	}
}
