package boltlog_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// failWrites makes every later write to an open file fail: its descriptor
// becomes one that can only be read.
func failWrites(t *testing.T, file *os.File) {
	t.Helper()
	readOnly, err := os.Open(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = readOnly.Close() }()
	if err := unix.Dup3(int(readOnly.Fd()), int(file.Fd()), 0); err != nil {
		t.Fatal(err)
	}
}
