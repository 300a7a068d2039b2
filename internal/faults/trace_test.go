//go:build linux && amd64

package faults_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// op is something that a process did to the file that is watched, or a line
// that it said.
type op struct {
	kind  opKind
	at    int64  // of a write; the size of a resize
	data  []byte // of a write, of a line
	began int    // of a flush: how many operations came before it
}

type opKind byte

const (
	opWrite  opKind = 'w'
	opResize opKind = 's'
	opFlush  opKind = 'f' // that succeeded
	opFailed opKind = 'x' // a flush that failed
	opLine   opKind = 'l' // written to standard output
)

// breakage says which operation is not what it seems to be. N counts those of
// its kind from 1; 0 is none.
type breakage struct {
	kind opKind // opWrite (and opResize with it) or opFlush
	n    int
	how  breakKind
}

type breakKind int

const (
	errorBefore breakKind = iota // it is not done, and fails
	errorAfter                   // it is done, and fails
	killAfter                    // it is done, and the process dies
)

func (b breakage) String() string {
	kind := map[opKind]string{opWrite: "write", opFlush: "flush"}[b.kind]
	how := map[breakKind]string{errorBefore: "fails", errorAfter: "fails though it was done", killAfter: "is the last thing done"}[b.how]
	return fmt.Sprintf("%s %d %s", kind, b.n, how)
}

// trace is what a process did to a file.
type trace struct {
	path   string
	fault  breakage
	base   []byte // the file when it was opened first
	ops    []op
	counts map[opKind]int
	odd    []string // what the recorder does not know about
	stderr string
	status unix.WaitStatus

	pid   int
	files map[uint64]bool // descriptors of the file
	calls map[int]*call   // by thread
}

// call is a system call under way.
type call struct {
	nr    uint64
	args  [6]uint64
	path  string // of openat
	began int
	fake  bool // it is to fail
	kill  bool
}

// record runs a command and watches what it does to the file at path.
func record(t *testing.T, cmd *exec.Cmd, path string, fault breakage) *trace {
	t.Helper()
	tr := &trace{
		path: path, fault: fault, counts: map[opKind]int{},
		files: map[uint64]bool{}, calls: map[int]*call{},
	}
	said, err := os.CreateTemp(t.TempDir(), "stderr")
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	done := make(chan error, 1)
	go func() { // its thread is the one that may trace
		runtime.LockOSThread()
		done <- tr.follow(cmd)
	}()
	if err := <-done; err != nil {
		t.Fatal("trace:", err)
	}
	b, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	tr.stderr = string(b)
	if len(tr.odd) > 0 {
		t.Fatalf("the file was changed in ways that the recorder does not know: %v", tr.odd)
	}
	return tr
}

// follow starts the command and goes with it to its end.
func (tr *trace) follow(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	tr.pid = cmd.Process.Pid
	seen := map[int]bool{}
	for {
		var ws unix.WaitStatus
		// Its group alone: the thread may have children of other tests.
		tid, err := unix.Wait4(-tr.pid, &ws, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return cmd.Process.Release()
		case err != nil:
			return err
		case !ws.Stopped():
			delete(tr.calls, tid)
			if tid == tr.pid {
				tr.status = ws
			}
			continue
		}
		pass := 0
		switch sig := ws.StopSignal(); {
		case !seen[tid]:
			seen[tid] = true
			if tid == tr.pid {
				const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
				if err := unix.PtraceSetOptions(tid, options); err != nil {
					return err
				}
			}
		case sig == syscall.SIGTRAP|0x80:
			if err := tr.stopped(tid); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		case sig == syscall.SIGTRAP: // a thread was made
		default:
			pass = int(sig)
		}
		if err := unix.PtraceSyscall(tid, pass); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
}

// callInfo is what the kernel tells of a thread that stopped at a call.
type callInfo struct {
	op   uint8
	_    [3]uint8
	_    uint32
	_, _ uint64
	// Of an entry: number and arguments; of an exit the result stands first.
	words [7]uint64
	_     [2]uint64
}

func (tr *trace) stopped(tid int) error {
	const getSyscallInfo, entry, exit = 0x420e, 1, 2
	var info callInfo
	if _, _, e := unix.Syscall6(unix.SYS_PTRACE, getSyscallInfo, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); e != 0 {
		return e
	}
	switch info.op {
	case entry:
		c := &call{nr: info.words[0], args: [6]uint64(info.words[1:7])}
		tr.calls[tid] = c
		return tr.enter(tid, c)
	case exit:
		c := tr.calls[tid]
		delete(tr.calls, tid)
		if c == nil {
			return nil
		}
		return tr.leave(tid, c, int64(info.words[0]))
	}
	return nil
}

// enter looks at a call before it is done.
func (tr *trace) enter(tid int, c *call) error {
	fd := c.args[0]
	switch c.nr {
	case unix.SYS_OPENAT:
		b, err := tr.memory(c.args[1], 4096)
		c.path, _, _ = cutString(b)
		return err
	case unix.SYS_CLOSE:
		delete(tr.files, fd)
	case unix.SYS_WRITE:
		if fd == 1 {
			b, err := tr.memory(c.args[1], c.args[2])
			tr.ops = append(tr.ops, op{kind: opLine, data: b})
			return err
		}
	}
	if !tr.files[fd] {
		return nil
	}
	switch c.nr {
	case unix.SYS_PWRITE64, unix.SYS_FTRUNCATE:
		return tr.perhaps(tid, c, opWrite)
	case unix.SYS_FDATASYNC, unix.SYS_FSYNC:
		c.began = len(tr.ops)
		return tr.perhaps(tid, c, opFlush)
	case unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITEV, unix.SYS_PWRITEV2, unix.SYS_FALLOCATE, unix.SYS_SENDFILE,
		unix.SYS_SYNC_FILE_RANGE, unix.SYS_COPY_FILE_RANGE, unix.SYS_DUP, unix.SYS_DUP2, unix.SYS_DUP3:
		tr.odd = append(tr.odd, fmt.Sprintf("system call %d", c.nr))
	}
	return nil
}

func cutString(b []byte) (s, rest string, ok bool) {
	before, after, ok := bytes.Cut(b, []byte{0})
	return string(before), string(after), ok
}

// perhaps breaks the call if it is the one.
func (tr *trace) perhaps(tid int, c *call, kind opKind) error {
	tr.counts[kind]++
	if tr.fault.kind != kind || tr.fault.n != tr.counts[kind] {
		return nil
	}
	c.fake, c.kill = tr.fault.how != killAfter, tr.fault.how == killAfter
	if tr.fault.how != errorBefore {
		return nil
	}
	c.nr = ^uint64(0)
	if kind == opFlush {
		tr.ops = append(tr.ops, op{kind: opFailed})
	}
	var regs unix.PtraceRegs
	if err := unix.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	regs.Orig_rax = ^uint64(0)
	return unix.PtraceSetRegs(tid, &regs)
}

// leave looks at a call that was done.
func (tr *trace) leave(tid int, c *call, result int64) error {
	if result >= 0 {
		if err := tr.did(c, uint64(result)); err != nil {
			return err
		}
	}
	if c.fake {
		var regs unix.PtraceRegs
		if err := unix.PtraceGetRegs(tid, &regs); err != nil {
			return err
		}
		regs.Rax = ^uint64(unix.EIO) + 1 // as the kernel returns an error
		return unix.PtraceSetRegs(tid, &regs)
	}
	if c.kill {
		return unix.Kill(tr.pid, unix.SIGKILL)
	}
	return nil
}

func (tr *trace) did(c *call, result uint64) error {
	if c.nr == unix.SYS_OPENAT && c.path == tr.path {
		tr.files[result] = true
		if tr.base == nil {
			b, err := os.ReadFile(tr.path)
			tr.base = b
			return err
		}
	}
	if !tr.files[c.args[0]] {
		return nil
	}
	switch c.nr {
	case unix.SYS_PWRITE64:
		b, err := tr.memory(c.args[1], result)
		tr.ops = append(tr.ops, op{kind: opWrite, at: int64(c.args[3]), data: b})
		return err
	case unix.SYS_FTRUNCATE:
		tr.ops = append(tr.ops, op{kind: opResize, at: int64(c.args[1])})
	case unix.SYS_FDATASYNC, unix.SYS_FSYNC:
		tr.ops = append(tr.ops, op{kind: opFlush, began: c.began})
	}
	return nil
}

// memory reads the process's memory, up to n bytes.
func (tr *trace) memory(at, n uint64) ([]byte, error) {
	b := make([]byte, n)
	got := 0
	for got < len(b) {
		// Page by page: what lies behind a string may not be there.
		part := min(len(b)-got, 4096-int(at+uint64(got))%4096)
		if n > 4096 {
			part = len(b) - got
		}
		m, err := unix.ProcessVMReadv(tr.pid,
			[]unix.Iovec{{Base: &b[got], Len: uint64(part)}},
			[]unix.RemoteIovec{{Base: uintptr(at) + uintptr(got), Len: part}}, 0)
		if err != nil || m == 0 {
			if got > 0 {
				break
			}
			return nil, err
		}
		got += m
	}
	return b[:got], nil
}
