package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// keeping returns what the server drops by itself.
func (o serveOptions) keeping(env *config.Environment) (*engine.Keeping, error) {
	var k engine.Keeping
	if env != nil {
		k.Retention = env.Retention
	}
	var err error
	if k.Retention, err = k.Retention.With(o.retention...); err != nil {
		return nil, usagef("", "--retention: %s", err)
	}
	k.Every, k.Sweep = k.Retention.Every, k.Retention.Sweep
	return &k, nil
}

// minRoom returns how much of the disk new starts leave alone.
func (o serveOptions) minRoom() int64 {
	if o.minFree <= 0 {
		return -1
	}
	return o.minFree << 20
}

// compactFirst compacts the log of a server that begins, where it is asked for
// and worth it. Without room for that the server begins all the same.
func compactFirst(ctx context.Context, data dataDir, o serveOptions, log *slog.Logger) error {
	if !o.compact || !data.hasLog() {
		return nil
	}
	done, err := compactLog(ctx, data.log(), worthCompacting)
	switch {
	case errors.Is(err, boltlog.ErrNoRoom):
		log.Warn("log not compacted", "error", err)
	case err != nil:
		return err
	case !done.Left:
		log.Info("log compacted", "before", done.Before, "after", done.After)
	}
	return nil
}
