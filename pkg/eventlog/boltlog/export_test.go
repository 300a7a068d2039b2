package boltlog

import "os"

// WithOpenFile returns o with another way to open the file.
func (o Options) WithOpenFile(f func(string, int, os.FileMode) (*os.File, error)) Options {
	o.openFile = f
	return o
}
