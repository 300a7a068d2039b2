package boltlog

import (
	"context"
	"os"

	bolt "go.etcd.io/bbolt"
)

// WithOpenFile returns o with another way to open the file.
func (o Options) WithOpenFile(f func(string, int, os.FileMode) (*os.File, error)) Options {
	o.openFile = f
	return o
}

// PurgeOnce is one transaction of a purge; it returns the streams that are left.
func (l *Log) PurgeOnce(ctx context.Context, streams ...string) (left []string, err error) {
	l.purging.Lock()
	defer l.purging.Unlock()
	return l.purgeSome(ctx, streams)
}

// UpgradeFrom has the package upgrade files of another format, whose position
// is as this one's but for its first byte, by a step.
func UpgradeFrom(from byte, step func(tx *bolt.Tx, after []byte) ([]byte, error)) (restore func()) {
	was := upgrades
	upgrades = map[byte]upgrade{from: {
		position: func(b []byte) (position, error) { return decodePosition(reformat(b, from, format)) },
		step:     step,
	}}
	return func() { upgrades = was }
}

// Reformat returns a sealed value with another format.
func Reformat(b []byte, to byte) []byte { return reformat(b, b[0], to) }

func reformat(b []byte, from, to byte) []byte {
	body, ok := unseal(b)
	if !ok || body[0] != from {
		return nil
	}
	return seal(append([]byte{to}, body[1:]...))
}
