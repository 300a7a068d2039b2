// Command tested runs go test with its arguments and says at the end which
// tests were skipped, and why: a skipped test is not a passed one. Where CI is
// set to true, a skip fails the run unless its reason begins with "on demand: "
// or, under -short, with "short: ".
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
)

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...) //nolint:noctx // it lives as long as this process
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tested:", err)
		os.Exit(1)
	}
	r := report{out: os.Stdout, strict: os.Getenv("CI") == "true", short: slices.Contains(os.Args[1:], "-short")}
	err = errors.Join(r.read(events), cmd.Wait(), r.end())
	if err != nil {
		fmt.Fprintln(os.Stderr, "tested:", err)
		os.Exit(1)
	}
}

// event is one line of go test -json.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

// report gathers what the tests say.
type report struct {
	out           io.Writer
	strict, short bool

	said    map[string][]string // by package and test
	skipped []string
	refused int // skips that are not allowed
}

// read prints one line a package, as go test does, and everything that failed.
func (r *report) read(events io.Reader) error {
	r.said = map[string][]string{}
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(r.out, lines.Text()) // of the tool itself
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.said[key] = append(r.said[key], e.Output)
		return
	case "skip":
		if e.Test != "" {
			r.skip(e.Package, e.Test, reason(r.said[key]))
		}
	case "fail":
		if e.Test != "" {
			fmt.Fprint(r.out, strings.Join(r.said[key], ""))
		}
	default:
		if e.Action != "pass" {
			return
		}
	}
	if e.Test == "" && e.Package != "" {
		r.close(e)
	}
	delete(r.said, key)
}

// close prints what a package says of itself: all of it when it failed.
func (r *report) close(e event) {
	said := r.said[e.Package+"\x00"]
	if e.Action != "fail" && len(said) > 0 {
		said = said[len(said)-1:]
	}
	fmt.Fprint(r.out, strings.Join(said, ""))
}

func (r *report) skip(pkg, test, why string) {
	line := fmt.Sprintf("%s %s: %s", pkg, test, why)
	allowed := strings.HasPrefix(why, "on demand: ") || r.short && strings.HasPrefix(why, "short: ")
	if !allowed {
		r.refused++
	}
	r.skipped = append(r.skipped, line)
}

// reason returns what a test said when it skipped itself.
func reason(said []string) string {
	for _, line := range slices.Backward(said) {
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			if _, why, ok = strings.Cut(why, ": "); ok {
				return strings.TrimSpace(why)
			}
		}
	}
	return "it does not say why"
}

// end prints the skips. The error says how many of them are not allowed here.
func (r *report) end() error {
	fmt.Fprintf(r.out, "%d skipped\n", len(r.skipped))
	for _, line := range r.skipped {
		fmt.Fprintln(r.out, "  skipped", line)
	}
	if r.strict && r.refused > 0 {
		return fmt.Errorf("%d tests were skipped that have to run here", r.refused)
	}
	return nil
}
