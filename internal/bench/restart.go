package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

const filled = "filled"

// Fill starts so many sleeping runs on a log in dir, says so on out, and waits
// to be killed.
func Fill(ctx context.Context, dir string, runs int, clock engine.Clock, out io.Writer) error {
	m := meter{o: Options{Count: runs, Clock: clock}, callers: 128, dir: dir}
	for _, w := range workloads {
		if w.name == "w6" {
			m.w = w
		}
	}
	if err := m.open(ctx); err != nil {
		return err
	}
	err := m.each(func(int) error {
		_, err := m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: []byte(m.w.input)})
		return err
	})
	if err != nil {
		return errors.Join(err, m.close(ctx))
	}
	if _, err := fmt.Fprintln(out, filled); err != nil {
		return err
	}
	<-ctx.Done()
	return m.close(context.WithoutCancel(ctx))
}

// restart measures what opening a log costs that a killed process left full
// of sleeping runs.
func restart(ctx context.Context, m *meter) (r Result, err error) {
	if err := m.fillAndKill(ctx); err != nil {
		return r, err
	}
	debug.FreeOSMemory()
	began := m.o.Clock.Now()
	if m.file, err = boltlog.Open(m.log(), boltlog.Options{}); err != nil {
		return r, err
	}
	m.engine, err = engine.Open(ctx, engine.Options{Store: m.file, Registry: standard.New(), Clock: m.o.Clock})
	if err != nil {
		return r, errors.Join(err, m.file.Close())
	}
	_, err = m.engine.Start(ctx, engine.StartRequest{Workflow: "bench", Input: []byte(m.w.input)})
	took := m.o.Clock.Now().Sub(began)
	r.FirstRequest = Figure(took.Microseconds()) / 1000
	r.Runs, r.Seconds = int64(m.o.Count), Figure(took.Seconds())
	debug.FreeOSMemory()
	r.RSS = Figure(anonymous()) / (1 << 20)
	return r, errors.Join(err, m.close(ctx))
}

// fillAndKill has another process fill the log, and kills it when it has.
func (m *meter) fillAndKill(ctx context.Context) error {
	if m.o.Self == nil {
		return errors.New("this program cannot be started again")
	}
	argv, err := m.o.Self(m.dir, m.o.Count)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, time.Hour)
	defer stop()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	full := false
	for !full && lines.Scan() {
		full = strings.TrimSpace(lines.Text()) == filled
	}
	err = cmd.Process.Kill()
	_ = cmd.Wait() // it was killed
	if !full {
		return errors.Join(errors.New("the log could not be filled"), err)
	}
	return err
}
