// Package bench measures whole runs on this machine: an engine with its log in
// a file, driven by as many callers as one likes, and beside it what the disk
// allows, the same number of records of the same size put into a bare journal
// by as many goroutines.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// Options say what is measured. The zero value is not enough: Dir, Out and
// Clock have to be there.
type Options struct {
	Workloads   []string // names of Workloads; nil: all
	Concurrency []int    // callers at once; nil: 1, 16, 128
	Duration    time.Duration
	Count       int  // runs of w4, w6 and w8; 0: 10,000
	HTTP        bool // w1 through the HTTP API as well
	Dir         string
	Out         io.Writer // one JSON object a line
	Clock       engine.Clock
	// Self starts this program again for a part of w6, w8 or w9, to be killed
	// there. It has to call Child with these arguments.
	Self func(part Part) ([]string, error)
}

// Result is one line. Times are in milliseconds, sizes in bytes unless the
// name says otherwise; what does not apply is left out.
type Result struct {
	Workload    string `json:"workload"`
	Repeat      string `json:"repeat,omitempty"`
	Case        string `json:"case,omitempty"`
	HTTP        bool   `json:"http,omitempty"`
	Concurrency int    `json:"concurrency"`
	Runs        int64  `json:"runs"`
	Seconds     Figure `json:"seconds"`

	RunsPerSecond    Figure `json:"runsPerSecond,omitempty"`
	StartsPerSecond  Figure `json:"startsPerSecond,omitempty"`
	SignalsPerSecond Figure `json:"signalsPerSecond,omitempty"`
	P50              Figure `json:"p50Ms,omitempty"`
	P99              Figure `json:"p99Ms,omitempty"`
	CPU              Figure `json:"cpuMsPerRun,omitempty"`
	RSS              Figure `json:"rssAnonMiB,omitempty"`
	Written          Figure `json:"writtenPerRun,omitempty"`
	Kept             Figure `json:"keptPerRun,omitempty"`
	Turns            Figure `json:"turnsPerRun,omitempty"`
	TurnBytes        Figure `json:"bytesPerTurn,omitempty"`
	Commits          Figure `json:"commitsPerRun,omitempty"`
	Flushes          Figure `json:"fsyncsPerRun,omitempty"` // two a commit
	TurnsPerCommit   Figure `json:"turnsPerCommit,omitempty"`
	// Background is a bound that 99 % of the transactions in which a checkpoint
	// or other work of the background took part kept below.
	Background Figure `json:"backgroundP99Ms,omitempty"`
	// Steady is the rate in the last tenth of the time by that in the first.
	Steady Figure `json:"lastByFirst,omitempty"`
	// Of w6, w8 and w9: from the start of the process on the log that a killed
	// one left until a start was acknowledged; RSS is the most that was seen
	// of that process.
	FirstRequest Figure `json:"firstRequestMs,omitempty"`
	File         Figure `json:"fileMiB,omitempty"`
	ListPage     Figure `json:"listPageMs,omitempty"` // the slowest of 20
	// Of w8: how late the ends of the runs were in the log, and how long HTTP
	// requests took meanwhile, those for a run and starts.
	LateP50 Figure `json:"lateP50Ms,omitempty"`
	LateP99 Figure `json:"lateP99Ms,omitempty"`
	LateMax Figure `json:"lateMaxMs,omitempty"`
	GetP99  Figure `json:"getP99Ms,omitempty"`
	PostP99 Figure `json:"postP99Ms,omitempty"`
	Probes  int    `json:"probes,omitempty"`
	// Of w9: a run with so many events is read, with what it saved of its
	// state and without.
	Events  int    `json:"events,omitempty"`
	Resume  Figure `json:"resumeMs,omitempty"`
	Without Figure `json:"withoutSnapshotMs,omitempty"`

	Limit        Figure `json:"limitPerSecond,omitempty"`
	Ratio        Figure `json:"ratio,omitempty"` // of Limit; of starts for w4
	SignalsRatio Figure `json:"signalsRatio,omitempty"`
}

// Figure is a measured number. It is written with four digits that count.
type Figure float64

// MarshalJSON writes the number without an exponent.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f == 0 {
		return []byte("0"), nil
	}
	digits := 3 - int(math.Floor(math.Log10(math.Abs(float64(f)))))
	return strconv.AppendFloat(nil, float64(f), 'f', max(digits, 0), 64), nil
}

// ErrUnknown is wrapped by the error of a workload that there is none of.
var ErrUnknown = errors.New("no such workload")

// Run measures and writes a line for each workload and number of callers. It
// takes Duration for each of them and as long for its limit.
func Run(ctx context.Context, o Options) error {
	if o.Duration <= 0 {
		o.Duration = 5 * time.Second
	}
	if len(o.Concurrency) == 0 {
		o.Concurrency = []int{1, 16, 128}
	}
	if o.Count <= 0 {
		o.Count = 10_000
	}
	for _, name := range o.Workloads {
		if !slices.Contains(Names(), name) {
			return fmt.Errorf("%w as %q", ErrUnknown, name)
		}
	}
	for _, w := range workloads {
		if len(o.Workloads) > 0 && !slices.Contains(o.Workloads, w.name) {
			continue
		}
		for _, callers := range w.callers(o.Concurrency) {
			if err := o.measure(ctx, w, callers); err != nil {
				return fmt.Errorf("%s with %d callers: %w", w.name, callers, err)
			}
		}
	}
	return nil
}

// measure measures one workload with so many callers, in a directory of its
// own that is removed afterwards.
func (o Options) measure(ctx context.Context, w workload, callers int) error {
	for _, http := range []bool{false, true} {
		if http && (!o.HTTP || !w.http) {
			continue
		}
		dir, err := os.MkdirTemp(o.Dir, "bench-")
		if err != nil {
			return err
		}
		m := meter{o: o, w: w, callers: callers, http: http, dir: dir}
		r, err := w.measure(ctx, &m)
		err = errors.Join(err, os.RemoveAll(dir))
		if err != nil {
			return err
		}
		r.Workload, r.Repeat, r.Case, r.HTTP, r.Concurrency = w.name, w.repeat, w.variant, http, callers
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(o.Out, "%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func (m *meter) log() string { return filepath.Join(m.dir, "engine.db") }
