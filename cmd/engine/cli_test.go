package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"engine": main})
}

// TestScripts runs the command as users do: each script is one story. What
// the scripts call beyond the usual commands is below.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			procs := &processes{byName: map[string]*process{}}
			env.Values[procsKey{}] = procs
			env.Defer(procs.killAll)
			env.Setenv("REPO", root)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":    cmdCode,
			"sample":  cmdSample,
			"spawn":   cmdSpawn,
			"end":     cmdEnd,
			"ended":   cmdEnded,
			"until":   cmdUntil,
			"shows":   cmdShows,
			"capture": cmdCapture,
			"count":   cmdCount,
			"garble":  cmdGarble,
			"windows": cmdWindows,
			"long":    cmdLong,
		},
	})
}

// cmdCode runs a program that must end with an exit code: code 2 engine run.
func cmdCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdSample copies a sample of the repository here, without what it recorded:
// sample order.
func cmdSample(ts *testscript.TestScript, _ bool, args []string) {
	from := filepath.Join(ts.Getenv("REPO"), "samples", args[0])
	ts.Check(filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		to := ts.MkAbs(filepath.Join(args[0], rel))
		switch {
		case d.Name() == ".engine":
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case filepath.Ext(path) == ".go":
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o644)
	}))
}

type procsKey struct{}

// processes is the programs that a script started and did not wait for.
type processes struct{ byName map[string]*process }

type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

func (p *processes) killAll() {
	for _, x := range p.byName {
		_ = x.cmd.Process.Kill()
		<-x.done
	}
}

func procsOf(ts *testscript.TestScript) *processes { return ts.Value(procsKey{}).(*processes) }

func procOf(ts *testscript.TestScript, name string) *process {
	p := procsOf(ts).byName[name]
	if p == nil {
		ts.Fatalf("nothing called %s was spawned", name)
	}
	return p
}

// cmdSpawn starts a program whose stdout and stderr go to files:
// spawn NAME engine serve. They are NAME.out and NAME.err.
func cmdSpawn(ts *testscript.TestScript, _ bool, args []string) {
	out, err := os.Create(ts.MkAbs(args[0] + ".out"))
	ts.Check(err)
	errs, err := os.Create(ts.MkAbs(args[0] + ".err"))
	ts.Check(err)
	path, err := exec.LookPath(args[1])
	if err != nil {
		path = args[1]
		for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
			if _, err := os.Stat(filepath.Join(dir, args[1])); err == nil {
				path = filepath.Join(dir, args[1])
				break
			}
		}
	}
	c := exec.Command(path, args[2:]...)
	c.Args[0] = args[1]
	c.Dir, c.Stdout, c.Stderr = ts.MkAbs("."), out, errs
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "WORK"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(c.Start())
	p := &process{cmd: c, done: make(chan struct{})}
	go func() {
		p.err = c.Wait()
		out.Close()
		errs.Close()
		close(p.done)
	}()
	procsOf(ts).byName[args[0]] = p
}

// cmdEnd sends a signal and waits for the end: end NAME [TERM|INT|KILL].
func cmdEnd(ts *testscript.TestScript, _ bool, args []string) {
	p := procOf(ts, args[0])
	sig := syscall.SIGKILL
	if len(args) > 1 {
		sig = map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[1]]
	}
	ts.Check(p.cmd.Process.Signal(sig))
	wait(ts, args[0], p)
}

// cmdEnded waits for the end of a program: ended NAME CODE.
func cmdEnded(ts *testscript.TestScript, _ bool, args []string) {
	p := procOf(ts, args[0])
	wait(ts, args[0], p)
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := p.cmd.ProcessState.ExitCode(); got != want {
		errs, _ := os.ReadFile(ts.MkAbs(args[0] + ".err"))
		ts.Fatalf("%s ended with %d, want %d\n%s", args[0], got, want, errs)
	}
}

// patience is how long a script waits for something before it fails: long, for
// the machine may be slow and busy.
const patience = 3 * time.Minute

func wait(ts *testscript.TestScript, name string, p *process) {
	select {
	case <-p.done:
	case <-time.After(patience):
		ts.Fatalf("%s does not end", name)
	}
}

// cmdUntil waits until a file matches: until serve.out 'on http://'.
func cmdUntil(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile("(?m)" + args[1])
	var data []byte
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		data, _ = os.ReadFile(ts.MkAbs(args[0]))
		if re.Match(data) {
			return
		}
	}
	ts.Fatalf("%s never matched %q; it is:\n%s", args[0], args[1], data)
}

// cmdShows runs a program until it prints what matches: shows '2 runs' engine
// runs list.
func cmdShows(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile("(?m)" + args[0])
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if re.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%v never printed %q; it is:\n%s", args[1:], args[0], ts.ReadFile("stdout"))
}

// cmdCapture sets a variable to the first group of a pattern in a file:
// capture RUN list.out '(01[0-9A-Z]+)'.
func cmdCapture(ts *testscript.TestScript, _ bool, args []string) {
	m := regexp.MustCompile("(?m)" + args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) < 2 {
		ts.Fatalf("%q is not in %s", args[2], args[1])
	}
	ts.Setenv(args[0], m[1])
}

// cmdCount says how many lines of a file match: count 1 ledger '"charge"'.
func cmdCount(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	re := regexp.MustCompile(args[2])
	got := 0
	for _, line := range strings.Split(ts.ReadFile(args[1]), "\n") {
		if re.MatchString(line) {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%d lines of %s match %q, want %d:\n%s", got, args[1], args[2], want, ts.ReadFile(args[1]))
	}
}

// cmdGarble overwrites a few bytes of each page behind the first two: garble
// FILE. It stands for a disk that went bad.
func cmdGarble(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	data, err := os.ReadFile(file)
	ts.Check(err)
	page := os.Getpagesize()
	for at := 2*page + 40; at+8 < len(data); at += page {
		copy(data[at:], "garbled!")
	}
	ts.Check(os.WriteFile(file, data, 0o600))
}
