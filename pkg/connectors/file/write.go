package file

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/keelstep/keelstep/pkg/connectors"
)

type writeInput struct {
	Path    string          `json:"path" required:"true" min:"1" doc:"The file, relative to the connection's root. Missing directories are made."`
	Content json.RawMessage `json:"content" required:"true" doc:"What to write; text unless as says otherwise."`
	As      string          `json:"as,omitempty" enum:"text,base64,json" default:"text" doc:"What content is: text, base64 of the bytes, or any JSON, which is written with a line feed behind it."`
	Mode    string          `json:"mode,omitempty" enum:"overwrite,create,append" default:"overwrite" doc:"Whether the file is replaced, must not be there yet, or grows."`
}

type writeOutput struct {
	Path    string `json:"path" doc:"The file."`
	Written int64  `json:"written" doc:"The bytes that were written."`
}

// The modes of a write.
const (
	modeOverwrite = "overwrite"
	modeCreate    = "create"
	modeAppend    = "append"
)

func repeatOfWrite(_ connectors.Settings, in writeInput) connectors.Repeat {
	if in.Mode == modeOverwrite {
		return connectors.Safe
	}
	return connectors.Never
}

func write(ctx context.Context, f *folder, c connectors.Call, in writeInput) (writeOutput, error) {
	name, err := local(in.Path)
	if err != nil {
		return writeOutput{}, err
	}
	data, err := in.bytes()
	if err != nil {
		return writeOutput{}, err
	}
	switch {
	case f.settings.ReadOnly:
		return writeOutput{}, refuse(CodeReadOnly, "write %s: the connection is read-only", in.Path)
	case int64(len(data)) > f.settings.MaxSize:
		return writeOutput{}, refuse(CodeFileTooLarge, "write %s: %d bytes are more than the %d that the connection allows", in.Path, len(data), f.settings.MaxSize)
	}
	if dir := filepath.Dir(name); dir != "." {
		if err := f.root.MkdirAll(dir, 0o755); err != nil {
			return writeOutput{}, fault("write", in.Path, err)
		}
	}
	if in.Mode == modeAppend {
		err = f.append(name, in.Path, data)
	} else {
		err = f.place(ctx, c.Key, name, in, data)
	}
	if err != nil {
		return writeOutput{}, err
	}
	return writeOutput{Path: in.Path, Written: int64(len(data))}, nil
}

// bytes is what the input wants written.
func (in writeInput) bytes() ([]byte, error) {
	if in.As == "json" {
		return append(in.Content[:len(in.Content):len(in.Content)], '\n'), nil
	}
	var text string
	if len(in.Content) == 0 || in.Content[0] != '"' || json.Unmarshal(in.Content, &text) != nil {
		return nil, connectors.Invalid(connectors.Problem{Path: "/content", Message: "must be text; to write any JSON, say as: json"})
	}
	if in.As == "text" {
		return []byte(text), nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, connectors.Invalid(connectors.Problem{Path: "/content", Message: "is not base64"})
	}
	return data, nil
}

// append adds to the end of a file. A failure leaves it unknown how much.
func (f *folder) append(name, path string, data []byte) error {
	if err := f.regular(name, path); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fault("append to", path, err)
	}
	if err := finish(file, data); err != nil {
		return torn("append to", path, err)
	}
	if err := f.syncDir(name); err != nil {
		return torn("append to", path, err)
	}
	return nil
}

// regular refuses to write into what is there and is no regular file.
func (f *folder) regular(name, path string) error {
	info, err := f.root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault("write", path, err)
	case !info.Mode().IsRegular():
		return refuse(CodeNotAFile, "write %s: there is something that is not a regular file", path)
	}
	return nil
}

// finish writes data, makes it durable and closes the file.
func finish(file *os.File, data []byte) error {
	_, err := file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// scratch begins the names of files that are not yet in their place.
const scratch = ".keelstep-"

// place writes the file beside its place and moves it there. The name beside
// comes from the call's key: another attempt takes over what a crash left.
func (f *folder) place(ctx context.Context, key, name string, in writeInput, data []byte) error {
	if err := f.regular(name, in.Path); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(key + "\x00" + name))
	beside := filepath.Join(filepath.Dir(name), scratch+hex.EncodeToString(sum[:12]))
	file, err := f.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, f.permissions(name))
	if err != nil {
		return fault("write", in.Path, err)
	}
	err = finish(file, data)
	if err == nil && ctx.Err() != nil {
		err = connectors.Stopped(ctx, false)
	}
	if err == nil {
		if err = f.move(beside, name, in.Mode); err == nil {
			if err = f.syncDir(name); err != nil {
				return torn("write", in.Path, err)
			}
			return nil
		}
	}
	f.root.Remove(beside) //nolint:errcheck // the next attempt takes it over
	var typed *connectors.Error
	if errors.As(err, &typed) {
		return typed
	}
	return fault("write", in.Path, err)
}

// move puts a finished file into its place, atomically.
func (f *folder) move(beside, name, mode string) error {
	if mode == modeOverwrite {
		return f.root.Rename(beside, name)
	}
	if err := f.root.Link(beside, name); err != nil { // unlike Rename it replaces nothing
		return linkError(err)
	}
	f.root.Remove(beside) //nolint:errcheck // the file is in its place; lists do not show what is left
	return nil
}

// linkError gives a failed link the form of other failures.
func linkError(err error) error {
	var link *os.LinkError
	if errors.As(err, &link) {
		return &fs.PathError{Op: "link", Path: link.New, Err: link.Err}
	}
	return err
}

// permissions keeps those of a file that is replaced.
func (f *folder) permissions(name string) fs.FileMode {
	if info, err := f.root.Stat(name); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// syncDir makes the name of a file durable.
func (f *folder) syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil // there names are durable with their file
	}
	dir, err := f.root.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

type deleteInput struct {
	Path string `json:"path" required:"true" min:"1" doc:"The file, relative to the connection's root."`
}

type deleteOutput struct {
	Path    string `json:"path" doc:"The file."`
	Deleted bool   `json:"deleted" doc:"False when it was not there."`
}

func remove(_ context.Context, f *folder, _ connectors.Call, in deleteInput) (deleteOutput, error) {
	name, err := local(in.Path)
	if err != nil {
		return deleteOutput{}, err
	}
	if f.settings.ReadOnly {
		return deleteOutput{}, refuse(CodeReadOnly, "delete %s: the connection is read-only", in.Path)
	}
	info, err := f.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return deleteOutput{Path: in.Path}, nil
	case err != nil:
		return deleteOutput{}, fault("delete", in.Path, err)
	case info.IsDir():
		return deleteOutput{}, refuse(CodeNotAFile, "delete %s: it is a directory", in.Path)
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return deleteOutput{}, fault("delete", in.Path, err)
	}
	if err := f.syncDir(name); err != nil {
		return deleteOutput{}, torn("delete", in.Path, err)
	}
	return deleteOutput{Path: in.Path, Deleted: true}, nil
}

// isScratch tells whether a file is one that is not yet in its place.
func isScratch(name string) bool { return strings.HasPrefix(name, scratch) }
