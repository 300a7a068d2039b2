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

// In a terminal the steps are drawn in place, in colour, and the last drawing
// stays.
func TestLiveTree(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "live.yaml")
	src := "workflow: live\nversion: \"1\"\nsteps:\n" +
		"  - { id: first, compose: 1 }\n" +
		"  - { id: pause, wait: 150ms }\n" +
		"  - { id: last, fail: { code: Broken, message: \"it broke \\e[31m\" } }\n"
	if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
	tty, program := openTerminal(t)
	var shown bytes.Buffer
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(&shown, tty) // ends when the other end is closed
		close(done)
	}()
	a := newApp(strings.NewReader(""), program, program, []string{"TERM=xterm-256color"})
	if got := execute([]string{"run", file}, a); got != exitFailed {
		t.Errorf("exit code %d, want %d", got, exitFailed)
	}
	program.Close()
	<-done
	out := shown.String()
	for _, want := range []string{"\x1b[?25l", "A\r", "waiting", "in 0.", "\x1b[?25h", "\x1b[32m"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q was not drawn", want)
		}
	}
	end := out[strings.LastIndex(out, "\x1b[?2026h"):]
	plain := ansi.Strip(end)
	for _, want := range []string{"✓ first", "✓ pause", "✗ last", "failed in 0.", "Broken: it broke �[31m", "again   "} {
		if !strings.Contains(plain, want) {
			t.Errorf("the last drawing lacks %q:\n%s", want, plain)
		}
	}
	if t.Failed() {
		t.Logf("all of it: %q", out)
	}
}
