package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/api/client"
)

// place says where the runs are that a command is about.
type place struct {
	server, keyFile, data string
}

func (p *place) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.server, "server", "", "address of a server (default: the one that serves the data directory; ENGINE_SERVER)")
	f.StringVar(&p.keyFile, "key-file", "", "file with the server's key (default: in the data directory; ENGINE_KEY)")
	f.StringVar(&p.data, "data", "", "data directory, or a project with one (default .engine)")
}

// connect reaches the runs of a place: through the server that was named or
// that serves the data directory, else by opening the log when nobody else
// holds it. In the last case nothing is resumed and nothing runs.
func (a *app) connect(ctx context.Context, at place) (*remote, error) {
	data := dataOf(".", at.data)
	server := at.server
	if server == "" && at.data == "" {
		server = a.getenv("ENGINE_SERVER")
	}
	if server != "" {
		return a.connectServer(server, at, data)
	}
	if r := a.serving(ctx, at, data); r != nil {
		return r, nil
	}
	if !data.hasLog() {
		return nil, usagef("name a project or a data directory with --data, or a server with --server", "there is no log in %s", data)
	}
	l, err := a.openLocal(ctx, localOptions{data: data, still: true})
	if err != nil {
		return nil, err
	}
	return l.remote, nil
}

// serving reaches the server that says it owns the data directory; nil when
// none does or it does not answer, because a server that was killed leaves
// its file behind.
func (a *app) serving(ctx context.Context, at place, data dataDir) *remote {
	s, ok := data.readServer()
	if !ok || !alive(s.PID) {
		return nil
	}
	if at.keyFile == "" {
		at.keyFile = s.KeyFile
	}
	r, err := a.connectServer(s.Address, at, data)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := r.Version(ctx); err != nil {
		var p *client.ProblemError
		if !errors.As(err, &p) {
			return nil
		}
	}
	return r
}

func (a *app) connectServer(server string, at place, data dataDir) (*remote, error) {
	key, err := a.key(at.keyFile, data)
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Options{Server: server, Key: key})
	if err != nil {
		return nil, usagef("such as --server http://127.0.0.1:8080", "%s", err)
	}
	return &remote{Client: c, close: func() {}}, nil
}

// key returns the key to show to a server: that of the file that was named,
// of the environment, or of the data directory.
func (a *app) key(file string, data dataDir) (string, error) {
	if file == "" {
		if k := a.getenv("ENGINE_KEY"); k != "" {
			return k, nil
		}
		file = data.key()
		if !exists(file) {
			return "", nil
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", usagef("", "key file %s: %s", file, plainOS(err))
	}
	return strings.TrimSpace(string(b)), nil
}
