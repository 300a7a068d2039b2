package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a new terminal of 100 by 30 characters.
func openTerminal(t *testing.T) (screen, program *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	return screen, program
}

// inTerminal runs a command line in a terminal and returns all it showed.
func inTerminal(t *testing.T, environ []string, args ...string) (code int, shown string) {
	t.Helper()
	tty, program := openTerminal(t)
	var b bytes.Buffer
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(&b, tty) // ends when the other end is closed
		close(done)
	}()
	code = execute(args, newApp(strings.NewReader(""), program, program, environ))
	program.Close()
	<-done
	return code, b.String()
}

// In a terminal the steps are drawn in place, in colour unless that is not
// wanted, and the last drawing stays.
func TestLiveTree(t *testing.T) {
	const src = `workflow: live
version: "1"
steps:
  - { id: first, compose: 1 }
  - { id: pause, wait: 150ms }
  - { id: last, fail: { code: Broken, message: "it broke \e[31m" } }
`
	for _, c := range []struct {
		name    string
		environ []string
		flags   []string
		colour  bool
	}{
		{"colour", []string{"TERM=xterm-256color"}, nil, true},
		{"NO_COLOR", []string{"TERM=xterm-256color", "NO_COLOR=1"}, nil, false},
		{"--no-color", []string{"TERM=xterm-256color"}, []string{"--no-color"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "live.yaml")
			if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
				t.Fatal(err)
			}
			code, out := inTerminal(t, c.environ, append([]string{"run", file}, c.flags...)...)
			if code != exitFailed {
				t.Errorf("exit code %d, want %d", code, exitFailed)
			}
			for _, want := range []string{"\x1b[?25l", "A\r", "waiting", "in 0.", "\x1b[?25h"} {
				if !strings.Contains(out, want) {
					t.Errorf("%q was not drawn", want)
				}
			}
			if got := strings.Contains(out, "\x1b[32m"); got != c.colour {
				t.Errorf("green was used: %v, want %v", got, c.colour)
			}
			plain := ansi.Strip(out[strings.LastIndex(out, "\x1b[?2026h"):])
			for _, want := range []string{"✓ first", "✓ pause", "✗ last", "failed in 0.", "Broken: it broke �[31m", "again   "} {
				if !strings.Contains(plain, want) {
					t.Errorf("the last drawing lacks %q:\n%s", want, plain)
				}
			}
			if t.Failed() {
				t.Logf("all of it: %q", out)
			}
		})
	}
}
