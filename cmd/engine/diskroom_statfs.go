//go:build linux || darwin

package main

import "syscall"

// diskRoom returns how many bytes are left for a file in a directory.
func diskRoom(dir string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // the types differ by system
}
