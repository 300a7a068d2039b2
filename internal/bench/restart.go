package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// Part is a part of a measurement that a process of its own does: it fills a
// log, or goes on with one that a killed process left.
type Part struct {
	Workload string
	Case     string // of a workload that has several
	Again    bool   // goes on
	Dir      string
	Runs     int
}

// What a child says, beside its result as a line of JSON.
const (
	filled   = "filled"
	answered = "answered"
)

// fillers is how many callers fill a log.
const fillers = 1024

// maxPart is how long a part may take.
const maxPart = time.Hour

// Child does a part, says so on out, and waits to be killed.
func Child(ctx context.Context, p Part, clock engine.Clock, out io.Writer) error {
	m := meter{o: Options{Count: p.Runs, Clock: clock}, callers: fillers, dir: p.Dir}
	for _, w := range restarted() {
		if w.name == p.Workload && w.variant == p.Case {
			m.w = w
		}
	}
	if m.w.fill == nil {
		return fmt.Errorf("%w as %q", ErrUnknown, p.Workload)
	}
	do := m.goOn
	if !p.Again {
		do = m.begin
	}
	err := do(ctx, out)
	if err == nil {
		<-ctx.Done()
	}
	return errors.Join(err, m.close(context.WithoutCancel(ctx)))
}

// begin fills the log.
func (m *meter) begin(ctx context.Context, out io.Writer) error {
	if err := m.open(ctx); err != nil {
		return err
	}
	if err := m.w.fill(ctx, m); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, filled)
	return err
}

// goOn opens the log, answers a first start, and measures.
func (m *meter) goOn(ctx context.Context, out io.Writer) (err error) {
	if err := m.reopen(ctx); err != nil {
		return err
	}
	if _, err = m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: []byte(m.w.input)}); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, answered); err != nil {
		return err
	}
	var r Result
	if err := m.w.again(ctx, m, &r); err != nil {
		return err
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", line)
	return err
}

// reopen opens an engine on the log as it is.
func (m *meter) reopen(ctx context.Context) (err error) {
	if m.file, err = boltlog.Open(m.log(), boltlog.Options{}); err != nil { //nolint:contextcheck // opening needs none
		return err
	}
	m.store = &counting{Store: m.file, clock: m.o.Clock}
	m.engine, err = engine.Open(ctx, engine.Options{Store: m.store, Registry: standard.New(), Clock: m.o.Clock})
	if err != nil {
		return errors.Join(err, m.file.Close())
	}
	return nil
}

// restart has one process fill a log, kills it, and has the next one go on and
// measure.
func restart(ctx context.Context, m *meter) (r Result, err error) {
	if err := m.inChild(ctx, false, func(line string) bool { return line == filled }); err != nil {
		return r, err
	}
	if info, err := os.Stat(m.log()); err == nil {
		r.File = Figure(info.Size()) / (1 << 20)
	}
	if m.w.variant == "down" {
		if err := m.until(ctx, m.mark("due")); err != nil {
			return r, err
		}
	}
	began := m.o.Clock.Now()
	first := time.Duration(0)
	err = m.inChild(ctx, true, func(line string) bool {
		if line == answered {
			first = m.o.Clock.Now().Sub(began)
			return false
		}
		own := r.RSS
		return json.Unmarshal([]byte(line), &r) == nil && own == 0
	})
	r.FirstRequest = Figure(first.Microseconds()) / 1000
	r.RSS = Figure(m.peak) / (1 << 20)
	if r.Runs == 0 {
		r.Runs = int64(m.o.Count)
	}
	r.Seconds = Figure(m.o.Clock.Now().Sub(began).Seconds())
	return r, err
}

// inChild has a process do a part until f says that a line of its output was
// the last one, and kills it then. The most memory that it took is m.peak.
func (m *meter) inChild(ctx context.Context, again bool, f func(line string) bool) error {
	if m.o.Self == nil {
		return errors.New("this program cannot be started again")
	}
	argv, err := m.o.Self(Part{m.w.name, m.w.variant, again, m.dir, m.o.Count})
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, maxPart)
	defer stop()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	watched := watchProcess(m.o.Clock, cmd.Process.Pid)
	lines := bufio.NewScanner(out)
	done := false
	for !done && lines.Scan() {
		done = f(strings.TrimSpace(lines.Text()))
	}
	m.peak = watched()
	err = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if !done {
		return errors.Join(errors.New("the process did not do its part"), err)
	}
	return err
}

// watchProcess looks at the memory of another process fifty times a second;
// what it returns ends that and gives the most that was seen.
func watchProcess(c engine.Clock, pid int) func() int64 {
	var most atomic.Int64
	var ended atomic.Bool
	file := fmt.Sprintf("/proc/%d/status", pid)
	look := func() { most.Store(max(most.Load(), procField(file, "RssAnon:")<<10)) }
	var again func()
	again = func() {
		if look(); !ended.Load() {
			c.AfterFunc(20*time.Millisecond, again)
		}
	}
	again()
	return func() int64 {
		ended.Store(true)
		look()
		return most.Load()
	}
}

// set writes a moment beside the log, for the next process; mark reads it.
func (m *meter) set(name string, at time.Time) error {
	return os.WriteFile(filepath.Join(m.dir, name), []byte(at.Format(time.RFC3339Nano)), 0o600)
}

func (m *meter) mark(name string) time.Time {
	b, _ := os.ReadFile(filepath.Join(m.dir, name))
	at, _ := time.Parse(time.RFC3339Nano, string(b))
	return at
}

// until waits for a moment.
func (m *meter) until(ctx context.Context, at time.Time) error {
	come := make(chan struct{})
	stop := m.o.Clock.AfterFunc(at.Sub(m.o.Clock.Now()), func() { close(come) })
	defer stop()
	select {
	case <-come:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
