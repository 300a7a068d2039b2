//go:build linux && amd64

package faults_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

var tmpfsFlag = flag.Int("tmpfs", 0, "points at which a disk of its own is full; it takes the right to mount one")

// The same on a disk that is really full: nothing at all can be written to it,
// no file beside the log either.
func TestDiskFullTmpfs(t *testing.T) {
	if *tmpfsFlag == 0 {
		t.Skip("on demand: -tmpfs=10 mounts a small disk and fills it")
	}
	f := &filler{server: newServer(t), r: random(t), sizes: map[string]int{}}
	f.args = []string{"--min-free", "0"}
	dir := filepath.Dir(f.log())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", tmpfsSize)); err != nil {
		t.Skipf("on demand: this user may not mount a disk: %v", err)
	}
	t.Cleanup(func() {
		if f.cmd != nil {
			f.stop(unix.SIGKILL)
		}
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	f.disk = &mounted{t: t, ballast: filepath.Join(dir, "ballast"), log: f.log()}
	f.points(*tmpfsFlag)
}

// tmpfsSize is above what the log needs for the runs of all points.
const tmpfsSize = 512 << 20

// mounted is a disk with a file on it that takes all room but for some.
type mounted struct {
	t            *testing.T
	ballast, log string
}

func (m *mounted) fill(size int64) {
	m.t.Helper()
	left := int64(0)
	if info, err := os.Stat(m.log); err != nil {
		m.t.Fatal(err)
	} else if left = size - info.Size(); left < 0 {
		left = 0
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(m.log), &fs); err != nil {
		m.t.Fatal(err)
	}
	f, err := os.Create(m.ballast)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, int64(fs.Bavail)*fs.Bsize-left); err != nil {
		m.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mounted) free() {
	if err := os.Remove(m.ballast); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mounted) wrap() []string { return nil }
