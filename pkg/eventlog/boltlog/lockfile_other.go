//go:build !unix || aix || illumos || solaris

package boltlog

import (
	"errors"
	"os"
)

// lockFile says that files have no lock here that would tell who uses them.
func lockFile(*os.File, bool) (held bool, err error) { return false, errors.ErrUnsupported }
