//go:build linux && amd64

package faults_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var fullFlag = flag.Int("full", 6, "points at which the disk is full")

const filling = `workflow: fill
version: "1"
input: { type: object, required: [id, blob], properties: { id: { type: string }, blob: { type: string } } }
steps:
  - { id: nap, wait: 100ms }
  - { id: go, await: { signal: go } }
output: { id: "${ input.id }", size: "${ len(input.blob) }" }
`

// disk is what a server's log lies on.
type disk interface {
	// fill leaves room for the log to become so large, about.
	fill(size int64)
	// free makes room.
	free()
	// wrap is the command before that of a server that begins on a full disk.
	wrap() []string
}

// filler fills the disk of a server.
type filler struct {
	*server
	disk  disk
	r     *rand.Rand
	sizes map[string]int // of the input, by run
	runs  []string
}

// At whatever point the disk is full, what would be written is refused as
// such, what is there can be read, nothing is lost, nothing spins, and all goes
// on by itself once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	f := &filler{server: newServer(t), r: random(t), sizes: map[string]int{}}
	f.disk = &limited{server: f.server}
	f.points(*fullFlag)
}

// points fills the disk so often, and wants all runs to end well afterwards.
func (f *filler) points(n int) {
	t := f.t
	f.serve()
	for point := range few(n) {
		f.point(point)
		if t.Failed() {
			t.Fatalf("point %d failed:\n%s", point, f.said)
		}
	}
	for i, run := range f.runs {
		f.home(i, run)
	}
	if state := f.stop(syscall.SIGTERM); !state.Success() {
		t.Errorf("the server ended with %v:\n%s", state, f.said)
	}
	f.clean()
	t.Logf("%d points, %d runs", n, len(f.runs))
}

// point makes the disk full, and gives it room again.
func (f *filler) point(point int) {
	t := f.t
	info, err := os.Stat(f.log())
	if err != nil {
		t.Fatal(err)
	}
	// Below the file's size some of its own pages cannot be written any more.
	f.disk.fill(max(info.Size()-f.r.Int64N(3<<20)+f.r.Int64N(1<<20), 1<<20))
	refused := 0
	for i := 0; refused < 3; i++ {
		if i == 500 {
			t.Errorf("the disk is never full")
			return
		}
		if !f.start(point, i) {
			refused++
		}
	}
	if point%5 == 4 { // killed and started again with the disk still full
		f.stop(syscall.SIGKILL)
		f.serve(f.disk.wrap()...)
	}
	f.reads()
	f.quiet()
	f.disk.free()
	f.again(point)
}

// limited lets no file of a server grow beyond a size.
type limited struct {
	*server
	size int64
}

func (l *limited) fill(size int64) {
	l.size = size
	l.limit(uint64(size))
}

func (l *limited) free() { l.limit(unix.RLIM_INFINITY) }

func (l *limited) wrap() []string {
	return []string{"sh", "-c", fmt.Sprintf(`ulimit -S -f %d; exec "$@"`, l.size/512), "sh"}
}

func (l *limited) limit(n uint64) {
	var was unix.Rlimit
	if err := unix.Prlimit(l.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &was); err != nil {
		l.t.Fatal(err)
	}
	was.Cur = min(n, was.Max)
	if err := unix.Prlimit(l.cmd.Process.Pid, unix.RLIMIT_FSIZE, &was, nil); err != nil {
		l.t.Fatal(err)
	}
}

// start starts a run and reports whether it was accepted.
func (f *filler) start(point, i int) bool {
	id := fmt.Sprintf("%d.%d", point, i)
	size := f.r.IntN(150_000)
	var answer struct{ Run, Code string }
	status, err := f.do(http.MethodPost, "/v1/workflows/fill/runs", "", fmt.Sprintf(`{"id":%q,"blob":%q}`, id, strings.Repeat("b", size)), &answer)
	switch {
	case err == nil && status == http.StatusAccepted:
		f.sizes[answer.Run] = size
		f.runs = append(f.runs, answer.Run)
		return true
	case status != http.StatusServiceUnavailable || answer.Code != "StorageFull":
		f.t.Fatalf("start %s: %d %s, %v", id, status, answer.Code, err)
	}
	return false
}

// reads wants reading to work.
func (f *filler) reads() {
	paths := []string{"/healthz", "/v1/runs", "/v1/definitions"}
	for range 5 {
		if len(f.runs) > 0 {
			paths = append(paths, "/v1/runs/"+f.runs[f.r.IntN(len(f.runs))])
		}
	}
	for _, path := range paths {
		if status, err := f.do(http.MethodGet, path, "", "", nil); status != http.StatusOK {
			f.t.Errorf("on a full disk GET %s = %d, %v", path, status, err)
		}
	}
}

// quiet wants the server to come to do next to nothing while it waits for room.
func (f *filler) quiet() {
	const window = 600 * time.Millisecond
	for deadline := time.Now().Add(patience); ; {
		before := f.spent()
		time.Sleep(window)
		spent := f.spent() - before
		if spent <= window/3 {
			return
		}
		if time.Now().After(deadline) {
			f.t.Errorf("while the disk is full the server spends %s in %s", spent, window)
			return
		}
	}
}

// spent is the time of the processor that the server has used.
func (f *filler) spent() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", f.cmd.Process.Pid))
	if err != nil {
		f.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			f.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100
}

// again wants starts to be accepted, and runs to have gone on by themselves.
func (f *filler) again(point int) {
	deadline := time.Now().Add(patience)
	for i := 1000; !f.start(point, i); i++ {
		if time.Now().After(deadline) {
			f.t.Errorf("there is room for %s, and starts are refused", patience)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, run := range f.runs[max(0, len(f.runs)-5):] {
		var view struct {
			Steps []struct{ ID, Path, Status string }
		}
		for {
			if status, err := f.do(http.MethodGet, "/v1/runs/"+run, "", "", &view); status != http.StatusOK {
				f.t.Errorf("run %s was acknowledged: %d, %v", run, status, err)
			}
			if len(view.Steps) > 1 {
				break // its timer fell due
			}
			if time.Now().After(deadline) {
				f.t.Errorf("there is room for %s, and run %s does not go on: %+v", patience, run, view)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// home brings a run to its end.
func (f *filler) home(i int, run string) {
	status, err := f.do(http.MethodPost, "/v1/runs/"+run+"/signals/go", fmt.Sprint("s", i), "1", nil)
	if status != http.StatusAccepted {
		f.t.Errorf("signal to %s: %d, %v", run, status, err)
	}
	var view struct {
		Status string
		Output struct{ Size int }
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if status, err := f.do(http.MethodGet, "/v1/runs/"+run, "", "", &view); status != http.StatusOK {
			f.t.Errorf("run %s was acknowledged: %d, %v", run, status, err)
		}
		if view.Status == "succeeded" {
			break
		}
		if time.Now().After(deadline) {
			f.t.Errorf("run %s does not end: %+v", run, view)
			return
		}
	}
	if view.Output.Size != f.sizes[run] {
		f.t.Errorf("run %s ended with size %d, want %d", run, view.Output.Size, f.sizes[run])
	}
}
