package boltlog_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/eventlog/boltlog"
)

// BenchmarkCopy compares the two ways to copy a log, page by page and without
// the space that was freed, on a log without such space and on one that lost
// three quarters of its runs.
func BenchmarkCopy(b *testing.B) {
	for _, purged := range []int{0, 12} {
		src := filepath.Join(b.TempDir(), "log.db")
		l, err := boltlog.Open(src, boltlog.Options{})
		if err != nil {
			b.Fatal(err)
		}
		const writers, runs = 16, 1000
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for r := range runs {
					for n := range uint64(3) {
						batch := eventlog.Batch{Stream: fmt.Sprint("run-", w, "-", r), After: n, Record: make([]byte, 800), Summary: &eventlog.Summary{Ended: n == 2}}
						if err := l.Append(b.Context(), batch); err != nil {
							b.Error(err)
							return
						}
					}
				}
			})
		}
		all.Wait()
		var gone []string
		for w := range purged {
			for r := range runs {
				gone = append(gone, fmt.Sprint("run-", w, "-", r))
			}
		}
		if err := l.Purge(b.Context(), gone...); err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(src)
		if err != nil {
			b.Fatal(err)
		}
		dst := filepath.Join(b.TempDir(), "copy.db")
		for name, how := range map[string]func() error{
			"pages": func() error {
				_, err := boltlog.BackupFile(b.Context(), dst, src, boltlog.CopyOptions{Unchecked: true})
				return err
			},
			"compact": func() error { return boltlog.Compact(b.Context(), dst, src) },
		} {
			b.Run(fmt.Sprintf("purged=%d/%s", purged, name), func(b *testing.B) {
				b.SetBytes(info.Size())
				for b.Loop() {
					if err := how(); err != nil {
						b.Fatal(err)
					}
					if err := os.Remove(dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
