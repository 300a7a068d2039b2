package config

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Backup says when the log is copied, where to, and how many copies stay.
type Backup struct {
	Every time.Duration
	To    string
	Keep  int
}

const (
	leastEvery  = time.Minute
	keptBackups = 7
)

// backup reads when the log is copied.
func (l *loader) backup(env *Environment, doc map[string]any) {
	raw, ok := doc["backup"].(map[string]any)
	if !ok {
		return
	}
	b := Backup{Keep: whole(raw["keep"])}
	if b.Keep == 0 {
		b.Keep = keptBackups
	}
	b.To, _ = raw["to"].(string)
	if b.To != "" && !filepath.IsAbs(b.To) {
		b.To = filepath.Join(base(env.File), b.To)
	}
	if text, ok := raw["every"].(string); ok {
		var err error
		switch b.Every, err = expression.ParseDuration(text); {
		case err != nil:
			l.noDuration("/backup/every", text, "write it like 10m, 1h or 1d")
		case b.Every < leastEvery:
			l.report(codeValue, "/backup/every", fmt.Sprintf("%s is too short: each copy reads the whole log", text), "take 1m or more")
		}
	}
	env.Backup = &b
}
