package file

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// refuse is the error of a call that did nothing and never will.
func refuse(code, format string, args ...any) *connectors.Error {
	return &connectors.Error{Code: code, Message: fmt.Sprintf(format, args...), Final: true, Certain: true}
}

// local turns a path of a workflow into one of the system. It refuses what
// leads out of the root before the system sees it.
func local(path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", connectors.Invalid(connectors.Problem{Path: "/path", Message: "is no path"})
	}
	name := filepath.FromSlash(path)
	if !filepath.IsLocal(name) {
		return "", refuse(CodePathOutsideRoot, "%s leads out of the connection's root", path)
	}
	return filepath.Clean(name), nil
}

// fault makes an error of one from the system, before anything was changed.
func fault(what, path string, err error) *connectors.Error {
	e := &connectors.Error{Code: CodeFileError, Certain: true, Err: err}
	reason := err
	var inner *fs.PathError
	if errors.As(err, &inner) {
		reason = inner.Err // without the system's path
	}
	e.Message = fmt.Sprintf("%s %s: %v", what, path, reason)
	switch {
	case outside(err):
		e.Code, e.Final = CodePathOutsideRoot, true
		e.Message = fmt.Sprintf("%s %s: a link leads out of the connection's root", what, path)
	case errors.Is(err, fs.ErrNotExist):
		e.Code, e.Final = CodeNotFound, true
	case errors.Is(err, fs.ErrExist):
		e.Code, e.Final = CodeAlreadyExists, true
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		e.Code, e.Final = CodeNotAFile, true
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Code, e.Final = CodePermissionDenied, true
	case errors.Is(err, syscall.ENOSPC):
		e.Code = CodeStorageFull
	case errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		e.Final = true
	}
	return e
}

// outside tells whether os.Root refused to leave its directory. It has no
// error value for that, only this text, which a test holds fast.
func outside(err error) bool {
	return strings.Contains(err.Error(), "path escapes from parent")
}

// torn is the error of a change that may have been made in part.
func torn(what, path string, err error) *connectors.Error {
	e := fault(what, path, err)
	e.Certain, e.Lost = false, true
	return e
}
