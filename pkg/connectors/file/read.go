package file

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/connectors"
)

type readInput struct {
	Path string `json:"path" required:"true" min:"1" doc:"The file, relative to the connection's root."`
	As   string `json:"as,omitempty" enum:"text,base64,json" default:"text" doc:"What content is: UTF-8 text, base64 of the bytes, or decoded JSON."`
}

type readOutput struct {
	Path     string          `json:"path" doc:"The file."`
	Size     int64           `json:"size" doc:"Its bytes."`
	Modified time.Time       `json:"modified" doc:"When it was last changed."`
	Content  json.RawMessage `json:"content" doc:"What it holds."`
}

func read(ctx context.Context, f *folder, _ connectors.Call, in readInput) (readOutput, error) {
	name, err := local(in.Path)
	if err != nil {
		return readOutput{}, err
	}
	// A named pipe would hang in open, so it is looked at first.
	if info, err := f.root.Stat(name); err != nil {
		return readOutput{}, fault("read", in.Path, err)
	} else if !info.Mode().IsRegular() {
		return readOutput{}, refuse(CodeNotAFile, "read %s: it is not a regular file", in.Path)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return readOutput{}, fault("read", in.Path, err)
	}
	defer file.Close()
	data, modified, err := f.contents(ctx, file, in.Path)
	if err != nil {
		return readOutput{}, err
	}
	content, err := present(data, in)
	if err != nil {
		return readOutput{}, err
	}
	return readOutput{Path: in.Path, Size: int64(len(data)), Modified: modified.UTC(), Content: content}, nil
}

func (f *folder) contents(ctx context.Context, file *os.File, path string) ([]byte, time.Time, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, time.Time{}, fault("read", path, err)
	}
	var b bytes.Buffer
	for {
		if ctx.Err() != nil {
			return nil, time.Time{}, connectors.Stopped(ctx, false)
		}
		n, err := io.CopyN(&b, file, min(1<<20, f.settings.MaxSize+1-int64(b.Len())))
		if int64(b.Len()) > f.settings.MaxSize {
			return nil, time.Time{}, refuse(CodeFileTooLarge, "read %s: it has more than the %d bytes that the connection allows", path, f.settings.MaxSize)
		}
		switch {
		case errors.Is(err, io.EOF):
			return b.Bytes(), info.ModTime(), nil
		case err != nil || n == 0:
			return nil, time.Time{}, fault("read", path, err)
		}
	}
}

// present turns bytes into what the workflow asked for.
func present(data []byte, in readInput) (json.RawMessage, error) {
	switch in.As {
	case "base64":
		return json.Marshal(base64.StdEncoding.EncodeToString(data))
	case "json":
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(data) || !json.Valid(data) {
			return nil, refuse(CodeInvalidContent, "read %s: it is not JSON; read it as text", in.Path)
		}
		return data, nil
	case "text":
		if !utf8.Valid(data) {
			return nil, refuse(CodeInvalidContent, "read %s: it is not UTF-8 text; read it as base64", in.Path)
		}
		return asJSON(string(data)), nil
	default:
		panic(fmt.Sprintf("file: unhandled form %q", in.As))
	}
}

// asJSON writes a text as JSON and leaves < > & as they are.
func asJSON(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("file: a text cannot be written as JSON: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
