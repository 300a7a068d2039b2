// Package file is the connector for files below one directory. Nothing in it
// can leave that directory, whatever paths and links say. What it writes is on
// the disk when a call succeeds, and a file that is replaced is replaced as a
// whole or not at all.
package file

import (
	"context"
	"fmt"
	"os"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// New returns the connector.
func New() *connectors.Connector {
	return connectors.Connected(connectors.Connector{
		Name:    "file",
		Summary: "Reads, writes, lists and deletes files below one directory.",
		Doc:     doc,
		Operations: []connectors.Operation{
			connectors.Op("file.read", "Reads a file.", connectors.Always[readInput](connectors.Safe), with(read)),
			connectors.Op("file.write", "Writes a file.", repeatOfWrite, with(write)),
			connectors.Op("file.list", "Lists files.", connectors.Always[listInput](connectors.Safe), with(list)),
			connectors.Op("file.delete", "Deletes a file.", connectors.Always[deleteInput](connectors.Safe), with(remove)),
		},
	}, open)
}

const doc = `Paths are relative to the connection's root and have forward slashes. A path or a link that leads out of the root is the error PathOutsideRoot.

file.write replaces a file as a whole: readers see the old content or the new one, also after a power cut. Overwriting may be repeated; creating and appending may not, because the second time is another thing than the first.

Codes: NotFound, AlreadyExists, NotAFile, PathOutsideRoot, PermissionDenied, ReadOnly, FileTooLarge, TooManyFiles, InvalidContent, StorageFull, FileError.`

// The codes of the connector's errors.
const (
	CodeNotFound         = "NotFound"         // no such file or directory
	CodeAlreadyExists    = "AlreadyExists"    // mode create met a file
	CodeNotAFile         = "NotAFile"         // a directory or a special file
	CodePathOutsideRoot  = "PathOutsideRoot"  // the path leads out of the root
	CodePermissionDenied = "PermissionDenied" // the operating system refuses
	CodeReadOnly         = "ReadOnly"         // the connection allows no changes
	CodeFileTooLarge     = "FileTooLarge"     // more bytes than the connection allows
	CodeTooManyFiles     = "TooManyFiles"     // a list is longer than allowed
	CodeInvalidContent   = "InvalidContent"   // the content is not what as says
	CodeStorageFull      = "StorageFull"      // no space is left
	CodeFileError        = "FileError"        // any other failure of the system
)

// settings is what an environment says about a connection.
type settings struct {
	Root     string `json:"root" required:"true" min:"1" doc:"Directory that all paths are below; absolute, or relative to the project's folder. It must exist."`
	ReadOnly bool   `json:"readOnly,omitempty" doc:"Refuses to write and delete."`
	MaxSize  int64  `json:"maxSize,omitempty" default:"10485760" min:"1" max:"104857600" doc:"Most bytes of a file that is read, and of what is written at once."`
}

// folder is what the calls of one connection share.
type folder struct {
	settings settings
	root     *os.Root
}

func open(_ context.Context, s settings) (any, func() error, error) {
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		e := connectors.Invalid(connectors.Problem{Path: "/root", Message: fmt.Sprintf("cannot be opened: %v", err)})
		e.Code = connectors.CodeInvalidSettings
		return nil, nil, e
	}
	return &folder{settings: s, root: root}, root.Close, nil
}

// with gives an operation the folder of its call, unless the call was stopped
// before it began.
func with[In, Out any](do func(context.Context, *folder, connectors.Call, In) (Out, error)) func(context.Context, connectors.Call, In) (Out, error) {
	return func(ctx context.Context, c connectors.Call, in In) (Out, error) {
		var none Out
		f, ok := c.Conn.Shared.(*folder)
		if !ok {
			return none, fmt.Errorf("connection %q is not open", c.Conn.Name)
		}
		if ctx.Err() != nil {
			return none, connectors.Stopped(ctx, false)
		}
		return do(ctx, f, c, in)
	}
}
