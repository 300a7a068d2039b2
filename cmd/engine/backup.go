package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/cmd/engine/internal/screen"
	"github.com/keelstep/keelstep/pkg/api/client"
	"github.com/keelstep/keelstep/pkg/backup"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// backupOptions is the flags of engine backup.
type backupOptions struct {
	place
	noCheck, there, status, asJSON bool
}

func backupCommand(a *app) *cobra.Command {
	var o backupOptions
	c := &cobra.Command{
		Use: "backup [FILE]", Short: "Copy the log, while it is in use or not",
		Long: `backup copies a log to a file, or into a directory under a name with the time.
A log that a server has open is copied by the server while its runs go on; the
copy holds all that was acknowledged before. It is flushed, checked as "engine
check" does, and gets its name last, so there is never half of one.

Keys are not part of a log: keep engine.key and links.key of the data
directory where your other secrets are.

--there has the server make one of the backups that its environment asks for
(backup: { every, to, keep }) now; --status says how those stand.

Exit codes: 0 copied, 1 it could not be, or the copy is damaged, 2 wrong usage,
5 the log could not be read.`,
		Example: "  engine backup /backup/orders.db --data /var/lib/engine\n  engine backup /backup\n  engine backup --status",
		Args:    wantArgs(0, 1, ""),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := "."
			if len(args) > 0 {
				file = args[0]
			}
			if (o.there || o.status) && (len(args) > 0 || o.there && o.status) {
				return usagef("", "--there and --status take no file, and not each other")
			}
			return a.backup(cmd.Context(), file, o)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.BoolVar(&o.noCheck, "no-check", false, "do not check the copy")
	f.BoolVar(&o.there, "there", false, "have the server make a backup of its own now")
	f.BoolVar(&o.status, "status", false, "say how the server's own backups stand")
	f.BoolVar(&o.asJSON, "json", false, "as JSON")
	return c
}

// backedUp is what engine backup says in JSON.
type backedUp struct {
	File    string     `json:"file"`
	Bytes   int64      `json:"bytes"`
	Took    string     `json:"took,omitempty"`
	Checked bool       `json:"checked"`
	Records uint64     `json:"records,omitempty"`
	Newest  *time.Time `json:"newest,omitempty"`
	Grew    int64      `json:"grew,omitempty"`
}

func (a *app) backup(ctx context.Context, file string, o backupOptions) error {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	if o.status || o.there {
		return a.serversBackup(ctx, o)
	}
	if isDir(file) {
		file = filepath.Join(file, backup.Name(a.clock.Now()))
	}
	began := a.clock.Now()
	c, err := a.copyLog(ctx, file, o)
	if err != nil {
		return copyFailure(file, err)
	}
	b := backedUp{
		File: file, Bytes: c.Bytes, Grew: c.Grew, Took: a.clock.Now().Sub(began).Round(time.Millisecond).String(),
		Checked: !o.noCheck, Records: c.Report.Records,
	}
	if !c.Report.Newest.IsZero() {
		b.Newest = &c.Report.Newest
	}
	return a.sayBackup(b, o.asJSON)
}

// copyLog copies the log of a place: through its server, or from its file.
func (a *app) copyLog(ctx context.Context, file string, o backupOptions) (boltlog.Copied, error) {
	how := boltlog.CopyOptions{Unchecked: o.noCheck}
	r, data, err := a.whoServes(ctx, o.place)
	if err != nil {
		return boltlog.Copied{}, err
	}
	if r == nil {
		c, err := boltlog.BackupFile(ctx, file, data.log(), how)
		if errors.Is(err, boltlog.ErrLocked) {
			err = brokenf("wait until it ended, or stop it first", "%s is in use by another process", data.log())
		} else if errors.Is(err, eventlog.ErrCorrupt) {
			err = failf(`"`+self()+` check" says more`, "%s is damaged and was not copied: %w", data.log(), err)
		}
		return c, err
	}
	defer r.close()
	body, err := r.Backup(ctx)
	if err != nil {
		return boltlog.Copied{}, explain(err)
	}
	defer body.Close()
	return boltlog.Receive(ctx, file, body, how)
}

// whoServes returns the server of a place; nil when its log is nobody's, and
// then there is one.
func (a *app) whoServes(ctx context.Context, at place) (*remote, dataDir, error) {
	data := dataOf(".", at.data)
	server := at.server
	if server == "" && at.data == "" {
		server = a.getenv("ENGINE_SERVER")
	}
	if server != "" {
		r, err := a.connectServer(server, at, data)
		return r, data, err
	}
	r, err := a.holder(ctx, at, data)
	if r == nil && err == nil && !data.hasLog() {
		err = usagef("name a project or a data directory with --data, or a server with --server", "there is no log in %s", data)
	}
	return r, data, err
}

// holder returns the server that has the log of a data directory open; nil when
// none has, whatever one that was killed left behind.
func (a *app) holder(ctx context.Context, at place, data dataDir) (*remote, error) {
	if r := a.serving(ctx, at, data); r != nil {
		return r, nil
	}
	// One that holds the log and does not answer at once has much to do.
	s, ok := data.readServer()
	if !ok || !alive(s.PID) || !errors.Is(boltlog.Free(data.log()), boltlog.ErrLocked) {
		return nil, nil
	}
	if at.keyFile == "" {
		at.keyFile = s.KeyFile
	}
	return a.connectServer(s.Address, at, data)
}

// copyFailure says in one line why there is no copy.
func copyFailure(file string, err error) error {
	var damaged *boltlog.DamagedCopyError
	var told *failure
	switch {
	case errors.As(err, &told):
		return told
	case errors.As(err, &damaged):
		return failf(`"`+self()+` check" lists all of it; --no-check copies the log as it is`, "%s was not made: %w", file, damaged)
	case errors.Is(err, fs.ErrExist):
		return usagef("name another file, or a directory", "%s is there already", file)
	case errors.Is(err, fs.ErrNotExist) && !isDir(filepath.Dir(file)):
		return usagef("make it first", "there is no directory %s", filepath.Dir(file))
	}
	return brokenf("", "%s was not made: %w", file, err)
}

func (a *app) sayBackup(b backedUp, asJSON bool) error {
	if asJSON {
		return a.printJSON(b)
	}
	writef(a.out, "%s %s  %s\n", styleGood.Render("✓"), b.File, inBytes(b.Bytes))
	if b.Checked {
		said := fmt.Sprintf("checked and clean: %d %s", b.Records, plural(int(b.Records), "record"))
		if b.Newest != nil {
			said += ", the newest of " + b.Newest.UTC().Format(time.RFC3339)
		}
		writef(a.out, "  %s\n", said)
	}
	if b.Grew > 0 {
		writef(a.out, "  the log's own file grew by %s meanwhile\n", inBytes(b.Grew))
	}
	return nil
}

// serversBackup shows the backups that a server makes by itself, or has one
// made.
func (a *app) serversBackup(ctx context.Context, o backupOptions) error {
	r, data, err := a.whoServes(ctx, o.place)
	if err != nil {
		return err
	}
	if r == nil {
		return usagef(`"`+self()+` backup FILE" copies the log without one`, "no server runs on %s", data)
	}
	defer r.close()
	if o.there {
		b, err := r.MakeBackup(ctx)
		if err != nil {
			return explain(err)
		}
		return a.sayBackup(backedUp{File: b.File, Bytes: b.Bytes, Grew: b.Grew, Took: b.Took}, o.asJSON)
	}
	s, err := r.Backups(ctx)
	if err != nil {
		return explain(err)
	}
	if o.asJSON {
		return a.printJSON(s)
	}
	a.printBackups(s)
	return nil
}

func (a *app) printBackups(s client.BackupStatus) {
	if !s.Configured {
		writef(a.out, "the server makes no backups by itself; its environment can ask for them: backup: { every: 1h, to: /backup }\n")
		return
	}
	row := func(name, value string) { writef(a.out, "%-6s %s\n", name, screen.Clean(value)) }
	row("every", fmt.Sprintf("%s to %s, the newest %d stay", s.Every, s.To, s.Keep))
	if s.Last.File != "" {
		row("last", fmt.Sprintf("%s  %s  %s", s.Last.At.Format(time.RFC3339), inBytes(s.Last.Bytes), s.Last.File))
	}
	if !s.Next.IsZero() {
		row("next", s.Next.Format(time.RFC3339))
	}
	if s.Failures > 0 {
		writef(a.out, "%s the last %d failed, the newest at %s: %s\n", styleBad.Render("✗"), s.Failures, s.FailedAt.Format(time.RFC3339), screen.Clean(s.Error))
	}
}
