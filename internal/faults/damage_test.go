//go:build linux && amd64

package faults_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

var damaged = flag.Int("damaged", 150, "damaged files that an engine is started on")

// arrived is how many travellers of the specimen are at their end; the others
// wait for their signal.
const arrived = 5

// specimen is the file of an engine, and an older state of it.
type specimen struct {
	file, older []byte
	runs        map[traveller]string
}

func newSpecimen(t *testing.T) *specimen {
	t.Helper()
	s := &specimen{runs: map[traveller]string{}}
	path := filepath.Join(t.TempDir(), "log.db")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	log, err := boltlog.Open(path, logOptions)
	must(err)
	e, err := openEngine(t.Context(), log, newWorld())
	must(err)
	_, _, err = e.Deploy(t.Context(), "trip.yaml", []byte(trip))
	must(err)
	for n := range traveller(travellers) {
		s.runs[n], err = n.start(t.Context(), e)
		must(err)
		if n == arrived/2 {
			s.older, err = os.ReadFile(path)
			must(err)
		}
		if n < arrived {
			must(n.signal(t.Context(), e, s.runs[n]))
			must(home(t.Context(), e, n, s.runs[n]))
		}
	}
	for n, run := range s.runs {
		for n >= arrived { // until it waits for its signal
			v, err := e.Get(t.Context(), run)
			must(err)
			if i := len(v.Steps) - 1; i >= 0 && v.Steps[i].Step == "go" {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	must(e.Close(t.Context()))
	must(log.Close())
	s.file, err = os.ReadFile(path)
	must(err)
	return s
}

const pageSize = 4096

// damage changes the file in one way and says how.
func (s *specimen) damage(r *rand.Rand) (file []byte, what string) {
	file = bytes.Clone(s.file)
	used := len(bytes.TrimRight(file, "\x00"))
	page := r.IntN(used/pageSize + 1)
	at := file[page*pageSize : (page+1)*pageSize]
	switch kind := r.IntN(20); {
	case kind < 10:
		bit := r.IntN(used * 8)
		file[bit/8] ^= 1 << (bit % 8)
		return file, fmt.Sprintf("a flipped bit in page %d", page)
	case kind < 12:
		clear(at)
		return file, fmt.Sprintf("a zeroed page, %d", page)
	case kind < 14:
		for i := range at {
			at[i] = byte(r.Uint32())
		}
		return file, fmt.Sprintf("a garbage page, %d", page)
	case kind < 16:
		if page*pageSize < len(s.older) {
			copy(at, s.older[page*pageSize:])
		}
		return file, fmt.Sprintf("a stale page, %d", page)
	case kind == 16:
		clear(at[sector*r.IntN(pageSize/sector):])
		return file, fmt.Sprintf("a torn page, %d", page)
	case kind == 17:
		return file[:r.IntN(used)], "a truncated file"
	case kind == 18:
		file[r.IntN(2)*pageSize+16+r.IntN(64)] ^= 1 << r.IntN(8)
		return file, "one damaged header"
	default:
		for p := range 2 {
			file[p*pageSize+16+r.IntN(64)] ^= 1 << r.IntN(8)
		}
		return file, "two damaged headers"
	}
}

// Whatever is damaged, an engine shows no wrong value: it refuses the file and
// says what to do, or marks the runs that are damaged as stuck and serves the
// others. Check names what is damaged, and reads no page twice.
func TestDamage(t *testing.T) {
	t.Parallel()
	r := random(t)
	s := newSpecimen(t)
	told := map[string]int{}
	for i := range few(*damaged) {
		file, what := s.damage(r)
		outcome, err := s.judge(t, file)
		if err != nil {
			t.Errorf("image %d, %s: %v", i, what, err)
		}
		told[outcome]++
	}
	t.Logf("%d images: %v", *damaged, told)
	for _, outcome := range []string{"refused", "some runs are stuck", "nothing is damaged that matters"} {
		if told[outcome] == 0 {
			t.Errorf("of %d images none ended with %q: %v", *damaged, outcome, told)
		}
	}
}

// judge starts an engine on a damaged file and returns what came of it.
func (s *specimen) judge(t *testing.T, file []byte) (outcome string, err error) {
	t.Helper()
	path := filepath.Join(quickDir(t), "log.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	report, err := boltlog.Check(ctx, path)
	if err != nil {
		return "", err
	}
	if bound := uint64(len(s.file)/pageSize + 1); report.Pages > bound {
		return "", fmt.Errorf("check read %d pages of %d", report.Pages, bound)
	}
	log, err := boltlog.Open(path, logOptions)
	if err != nil {
		return "refused", refusal(report, err)
	}
	defer log.Close()
	e, err := openEngine(ctx, log, newWorld())
	if err != nil {
		return "refused", refusal(report, err)
	}
	stuck, err := s.look(ctx, e, report)
	if err == nil && ctx.Err() != nil {
		err = errors.New("it takes too long")
	}
	if closed := e.Close(ctx); err == nil && closed != nil {
		err = fmt.Errorf("close: %w", closed)
	}
	switch {
	case err != nil:
		return "wrong", err
	case stuck > 0:
		return "some runs are stuck", nil
	case report.Clean():
		return "nothing is damaged that matters", nil
	}
	return "all runs can be read", nil
}

// refusal wants a file that is not opened to be known as damaged, and the
// error to say so.
func refusal(report boltlog.Report, err error) error {
	switch {
	case report.Clean():
		return fmt.Errorf("check finds nothing, and it is refused: %w", err)
	case !errors.Is(err, eventlog.ErrCorrupt):
		return fmt.Errorf("it is not called damaged: %w", err)
	}
	return nil
}

// look brings every run home that can be, and counts the others. Those that
// are not named by the report must be as they were, unless it could not tell
// what is damaged.
func (s *specimen) look(ctx context.Context, e *engine.Engine, report boltlog.Report) (stuck int, err error) {
	named, vague := map[string]bool{}, false
	for _, d := range report.Damage {
		named[d.Stream] = true
		vague = vague || d.Stream == ""
	}
	for n, run := range s.runs {
		switch err := s.visit(ctx, e, n, run); {
		case err == nil:
		case !errors.Is(err, errDamaged):
			return stuck, fmt.Errorf("traveller %d, run %s: %w; check found %v", n, run, err, report.Damage)
		case !named[run] && !vague:
			return stuck, fmt.Errorf("traveller %d, run %s: check names %v, and not this: %w", n, run, report.Damage, err)
		default:
			stuck++
		}
	}
	return stuck, nil
}

// errDamaged: the run says that it cannot be read.
var errDamaged = errors.New("the run is damaged")

// visit brings a run home. An error is about a wrong value unless it wraps
// errDamaged.
func (s *specimen) visit(ctx context.Context, e *engine.Engine, n traveller, run string) error {
	v, err := e.Get(ctx, run)
	if err == nil && v.Status.String() != "stuck" && n >= arrived {
		err = n.signal(ctx, e, run)
		if err == nil || errors.Is(err, engine.ErrRunEnded) {
			v, err = e.Wait(ctx, run)
		}
	}
	switch {
	case errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, engine.ErrRunStuck), errors.Is(err, engine.ErrNoRun):
		return fmt.Errorf("%w: %w", errDamaged, err)
	case err != nil:
		return err
	case v.Status.String() == "stuck" && v.Error != nil && strings.Contains(v.Error.Message, "history cannot be read"):
		return errDamaged
	case v.Status.String() != "succeeded":
		return fmt.Errorf("it is %s", v.Status)
	}
	raw, err := e.Value(ctx, v.Output)
	if err != nil || string(raw) != n.output() {
		return fmt.Errorf("it ended with %s, want %s (%w)", raw, n.output(), err)
	}
	return nil
}
