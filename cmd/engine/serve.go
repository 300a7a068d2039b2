package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/api/client"
)

// serveOptions is the flags of engine serve.
type serveOptions struct {
	listen, data, env, keyFile, logFormat, public string
	verbose                                       bool
	retention                                     []string
	minFree                                       int64 // MiB
	compact                                       bool
}

// publicURL returns what links to tasks begin with.
func (o serveOptions) publicURL(addr net.Addr) string {
	if o.public == "" {
		return "http://" + addr.String()
	}
	return strings.TrimSuffix(o.public, "/")
}

// serveGrace is how long a server takes to end.
const serveGrace = 10 * time.Second

func serveCommand(a *app) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve [PROJECT]",
		Short: "Serve workflows over HTTP",
		Long: `serve opens the log of a project, goes on with every run in it, deploys the
project's workflows and answers the API and the workflows' own http triggers.

On a loopback address it makes a key at its first start, prints it once and
keeps it in the data directory, where the other commands find it. Any other
address needs a key of yours: --key-file or ENGINE_KEY.

SIGTERM or Ctrl-C ends it in order within 10 seconds; after a kill the next
start takes up every run where its log ends.`,
		Example: `  engine serve samples/order
  engine serve samples/order --listen 127.0.0.1:9000 --env staging
  engine serve --data /var/lib/engine --listen :8080 --key-file /run/secrets/engine`,
		Args: wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			return a.serve(cmd.Context(), path, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen on; port 0 takes a free one")
	f.StringVar(&o.data, "data", "", "data directory (default PROJECT/.engine)")
	envFlag(c, &o.env, "environment: a name in env/, or a file (default local)")
	f.StringVar(&o.keyFile, "key-file", "", "file with the API key (default: in the data directory)")
	f.StringVar(&o.public, "public-url", "", "what links to tasks begin with, such as https://flows.example (default: the address)")
	f.StringVar(&o.logFormat, "log-format", "text", "text or json")
	f.StringArrayVar(&o.retention, "retention", nil, "how long runs are kept once they ended: STATUS=AGE or WORKFLOW/STATUS=AGE, before what the environment says")
	f.Int64Var(&o.minFree, "min-free", 64, "MiB of the disk that new starts leave to the runs under way; 0 for none")
	f.BoolVar(&o.compact, "compact", false, "compact the log first if more than half of it is free")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log every request")
	return c
}

func (a *app) serve(ctx context.Context, path string, o serveOptions) error {
	if o.logFormat != "text" && o.logFormat != "json" {
		return usagef("", "--log-format is text or json, not %q", o.logFormat)
	}
	p, c, err := a.served(ctx, path, o.env)
	if err != nil {
		return err
	}
	keeping, err := o.keeping(c.env)
	if err != nil {
		return err
	}
	data := dataOf(p.dir, o.data)
	key, created, err := a.serverKey(o, data)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return brokenf("take another address with --listen; port 0 takes a free one", "listen on %s: %s", o.listen, listenProblem(err))
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	logger := newLogger(a.errs, o.logFormat, level)
	opts := localOptions{
		data: data, env: c.env, services: true, log: logger, public: o.publicURL(listener.Addr()), listen: listener.Addr(),
		keeping: keeping, minRoom: o.minRoom(),
	}
	if err := compactFirst(ctx, data, o, logger); err != nil {
		return errors.Join(err, listener.Close())
	}
	l, err := a.openLocal(ctx, opts)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	s := server{a: a, o: o, l: l, data: data, log: logger, key: key, keyCreated: created}
	err = s.deploy(ctx, p, c)
	if err == nil {
		s.copies = a.startBackups(l.store, c.env, logger)
		err = s.serve(ctx, listener)
		s.copies.close()
	}
	return errors.Join(err, closeListener(listener), l.shut(ctx))
}

// served opens the project that a server is for; without one the server
// serves a data directory with what was deployed to it.
func (a *app) served(ctx context.Context, path, env string) (project, compiled, error) {
	if path == "" {
		p := project{dir: "."}
		file, err := p.envFile(env)
		if err != nil || file == "" {
			return p, compiled{}, err
		}
		e, err := a.loadEnv(file)
		return p, compiled{env: e}, err
	}
	p, err := openWorkflows(path)
	if err != nil {
		return p, compiled{}, err
	}
	c, err := a.compile(ctx, p, env)
	return p, c, err
}

// serverKey finds the key, or makes one where only this machine can connect.
func (a *app) serverKey(o serveOptions, data dataDir) (key string, created bool, err error) {
	given := a.getenv("ENGINE_KEY")
	if o.keyFile != "" {
		if given, err = a.key(o.keyFile, data); err != nil {
			return "", false, err
		}
		if given == "" {
			return "", false, usagef("", "key file %s is empty", o.keyFile)
		}
	}
	if err := api.ListenCheck(o.listen, given); err != nil {
		return "", false, usagef("--key-file names a file with a key of at least 16 characters", "%s", err)
	}
	if given != "" {
		return given, false, nil
	}
	key, created, err = api.LoadOrCreateKey(string(data))
	if err != nil {
		return "", false, brokenf("", "%w", err)
	}
	return key, created, nil
}

// closeListener closes what nobody may have closed yet.
func closeListener(l net.Listener) error {
	if err := l.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// listenProblem says in plain words why an address cannot be listened on.
func listenProblem(err error) string {
	var sys syscall.Errno
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another process listens there"
	case errors.As(err, &sys):
		return sys.Error()
	}
	return err.Error()
}

// server is one engine serve.
type server struct {
	a          *app
	o          serveOptions
	l          *local
	data       dataDir
	log        *slog.Logger
	key        string
	keyCreated bool
	copies     *backups
}

// deploy makes the project's workflows the active ones.
func (s server) deploy(ctx context.Context, p project, c compiled) error {
	for i, file := range p.files {
		_, _, err := s.l.Deploy(ctx, c.files[i], c.srcs[i])
		var pe *client.ProblemError
		if errors.As(err, &pe) && pe.Code == "VersionTaken" {
			return &failure{code: exitUsage, msg: file + ": " + pe.Error(), hint: `change "version:" in the file`, err: err}
		}
		if err != nil {
			return explain(err)
		}
	}
	return nil
}

// serve answers until ctx ends or the store fails.
func (s server) serve(ctx context.Context, listener net.Listener) error {
	b := readBuild()
	addr := listener.Addr().String()
	srv, err := api.New(api.Options{
		Engine: s.l.engine, Key: s.key, Addr: s.o.listen, Logger: s.log, Clock: s.a.clock, Grace: serveGrace - closeGrace,
		Egress: keysEgress(s.l.egress), Check: s.l.checkLog(s.data.log()), Backups: s.copies, Build: api.Build{Version: b.Version, Commit: b.Revision, Go: b.Go},
	})
	if err != nil {
		return brokenf("", "%w", err)
	}
	pid := os.Getpid()
	info := serverInfo{Address: "http://" + reachable(addr), PID: pid, StartedAt: s.a.clock.Now().UTC()}
	if info.KeyFile, err = s.keyFile(); err != nil {
		return err
	}
	if err := s.data.writeServer(info); err != nil { // on a full disk, say: what is there can be read all the same
		s.log.Warn("other commands have to be told with --server where this one is", "file", s.data.server(), "error", plainOS(err))
	}
	defer s.data.removeServer(pid)
	s.greet(info)
	serving, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-s.l.engine.Failed():
			stop(s.l.engine.Err())
		case <-serving.Done():
		}
	}()
	if err := srv.Serve(serving, listener); err != nil {
		return brokenf("", "serve %s: %w", addr, err)
	}
	if err := s.l.engine.Err(); err != nil {
		return brokenf("what was acknowledged is safe; start it again when the disk is well", "%w", err)
	}
	writef(s.a.errs, "%s\n", styleDim.Render("stopping; what is unfinished goes on with the next start"))
	return nil
}

// keyFile is where the key lies, as an absolute path; empty when it came from
// the environment.
func (s server) keyFile() (string, error) {
	file := s.o.keyFile
	if file == "" {
		if s.a.getenv("ENGINE_KEY") != "" {
			return "", nil
		}
		file = s.data.key()
	}
	return filepath.Abs(file)
}

// greet says where the server is and what it took up.
func (s server) greet(info serverInfo) {
	w := s.a.out
	writef(w, "%s on %s\n", styleBold.Render("engine serves"), info.Address)
	if s.keyCreated {
		writef(w, "key     %s  %s\n", s.key, styleDim.Render("shown this once; it lies in "+s.data.key()))
	} else if info.KeyFile != "" {
		writef(w, "key     %s\n", styleDim.Render("in "+info.KeyFile))
	}
	writef(w, "log     %s\n", s.data.log())
	if _, n := s.l.engine.Resumed(); n > 0 {
		writef(w, "resumed %d unfinished %s\n", n, plural(n, "run"))
	}
	for _, r := range s.l.engine.Routes() {
		writef(w, "trigger %s %s%s  starts %s\n", r.Trigger.Method, info.Address, r.Trigger.Path, r.Workflow)
	}
	if s.o.data != "" || s.data != dataOf(".", "") {
		writef(w, "look    %s\n", styleDim.Render(self()+" runs list --data "+string(s.data)))
	} else {
		writef(w, "look    %s\n", styleDim.Render(self()+" runs list"))
	}
}

// reachable is addr with a host that one can connect to.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// plural is a noun for n things.
func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return fmt.Sprint(noun, "s")
}
