//go:build !linux && !darwin

package main

import "errors"

// diskRoom cannot be told here.
func diskRoom(string) (int64, error) { return 0, errors.ErrUnsupported }
