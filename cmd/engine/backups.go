package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/keelstep/keelstep/pkg/api"
	"github.com/keelstep/keelstep/pkg/backup"
	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
	"github.com/keelstep/keelstep/pkg/expression"
)

// backups is what the API has of copies of a server's log.
type backups struct {
	store  *boltlog.Log
	log    *slog.Logger
	worker *backup.Worker // nil: the environment asks for none
}

// startBackups begins to make the copies that an environment asks for.
func (a *app) startBackups(store *boltlog.Log, env *config.Environment, log *slog.Logger) *backups {
	b := &backups{store: store, log: log}
	if env != nil && env.Backup != nil {
		b.worker = backup.Start(backup.Options{
			Source: store, Clock: a.clock, To: absolute(env.Backup.To), Every: env.Backup.Every, Keep: env.Backup.Keep, Logger: log,
		})
	}
	return b
}

// close ends the copy under way.
func (b *backups) close() {
	if b.worker != nil {
		b.worker.Close()
	}
}

// Stream implements api.Backups.
func (b *backups) Stream(ctx context.Context, w io.Writer) error {
	var told backup.Growth
	c, err := b.store.Stream(ctx, w, func(p boltlog.CopyProgress) { told.Hear(b.log, "a client", p) })
	if err == nil {
		b.log.Info("log copied", "to", "a client", "bytes", c.Bytes, "grew", c.Grew)
	}
	return err
}

// Status implements api.Backups.
func (b *backups) Status() api.BackupStatus {
	if b.worker == nil {
		return api.BackupStatus{}
	}
	s := b.worker.Status()
	out := api.BackupStatus{
		Configured: true, To: s.To, Every: expression.FormatDuration(s.Every), Keep: s.Keep,
		Next: s.Next.UTC(), Failures: s.Failures, Error: s.Err, FailedAt: s.FailedAt.UTC(),
	}
	if s.Last != nil {
		out.Last = shownBackup(*s.Last)
	}
	return out
}

// Make implements api.Backups.
func (b *backups) Make(ctx context.Context) (api.Backup, error) {
	m, err := b.worker.Make(ctx)
	return shownBackup(m), err
}

func shownBackup(m backup.Made) api.Backup {
	out := api.Backup{File: m.File, At: m.At.UTC(), Bytes: m.Bytes, Grew: m.Grew}
	if m.Took > 0 {
		out.Took = expression.FormatDuration(m.Took)
	}
	return out
}
