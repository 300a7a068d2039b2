package bench

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/keelstep/keelstep/pkg/engine"
)

// cpuTime returns the processor time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// written returns how many bytes the process has sent to the disk.
func written() int64 { return procField("/proc/self/io", "write_bytes:") }

// anonymous returns the memory of the process that is no file's, in bytes.
func anonymous() int64 { return procField("/proc/self/status", "RssAnon:") << 10 }

// procField returns the number behind a name in a file of /proc.
func procField(file, name string) int64 {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if rest, ok := strings.CutPrefix(string(line), name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// watchMemory looks at the memory ten times a second; the function that it
// returns ends that and gives the most that was seen, in MiB.
func watchMemory(c engine.Clock) func() Figure {
	var most atomic.Int64
	var ended atomic.Bool
	var look func()
	look = func() {
		if n := anonymous(); n > most.Load() {
			most.Store(n)
		}
		if !ended.Load() {
			c.AfterFunc(100*time.Millisecond, look)
		}
	}
	look()
	return func() Figure {
		ended.Store(true)
		return Figure(max(most.Load(), anonymous())) / (1 << 20)
	}
}
