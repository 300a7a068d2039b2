package boltlog

import (
	"context"
	"os"
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
