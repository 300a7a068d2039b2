package boltlog

import "github.com/keelstep/keelstep/pkg/eventlog"

var _ eventlog.Measurer = (*Log)(nil)

// Usage implements eventlog.Measurer: it costs no look into the file.
func (l *Log) Usage() eventlog.Usage {
	s := l.db.Stats()
	free := int64(s.FreePageN+s.PendingPageN) * int64(l.db.Info().PageSize)
	size := l.fileSize()
	return eventlog.Usage{Bytes: size, Free: min(free, size)}
}
