package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// ErrBadLink means that a link to a task is not one of this engine,
// ErrLinkExpired that it was one.
var (
	ErrBadLink     = errors.New("the link is not valid")
	ErrLinkExpired = errors.New("the link has expired")
)

// TaskPath is the path below which links to tasks are answered.
const TaskPath = "/tasks/"

// linkLife is how long a link to a task works.
const linkLife = 30 * 24 * time.Hour

// linkFn is the function of a sealed value that stands for a link.
const linkFn = "taskLink"

// TaskLink returns the link with which whoever has it can answer a task, until
// it expires. It is empty when the engine has no key for links.
func (e *Engine) TaskLink(run, path string) string {
	if len(e.opts.LinkKey) == 0 {
		return ""
	}
	body := binary.BigEndian.AppendUint64(nil, uint64(e.clock.Now().Add(linkLife).Unix()))
	body = append(append(append(body, run...), 0), path...)
	return e.opts.PublicURL + TaskPath + base64.RawURLEncoding.EncodeToString(append(e.sign(body), body...))
}

// LinkedTask returns the run and the path of the task that a link's last
// segment stands for. The error is ErrBadLink or ErrLinkExpired.
func (e *Engine) LinkedTask(token string) (run, path string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < sha256.Size+8 || len(e.opts.LinkKey) == 0 {
		return "", "", ErrBadLink
	}
	body := b[sha256.Size:]
	if !hmac.Equal(b[:sha256.Size], e.sign(body)) {
		return "", "", ErrBadLink
	}
	until := time.Unix(int64(binary.BigEndian.Uint64(body)), 0)
	run, path, ok := strings.Cut(string(body[8:]), "\x00")
	if !ok {
		return "", "", ErrBadLink
	}
	if e.clock.Now().After(until) {
		return "", "", ErrLinkExpired
	}
	return run, path, nil
}

func (e *Engine) sign(body []byte) []byte {
	h := hmac.New(sha256.New, e.opts.LinkKey)
	h.Write([]byte("task link\x00"))
	h.Write(body)
	return h.Sum(nil)
}

// linked returns decoded JSON with the sealed links to tasks in it made; what
// is sealed otherwise stays.
func (e *Engine) linked(x any) any {
	switch x := x.(type) {
	case []any:
		for i := range x {
			x[i] = e.linked(x[i])
		}
	case map[string]any:
		if link, ok := e.link(x); ok {
			e.vault().Know(link)
			return link
		}
		for k := range x {
			x[k] = e.linked(x[k])
		}
	}
	return x
}

// link returns the link that an object stands for.
func (e *Engine) link(object map[string]any) (string, bool) {
	form, _ := object["$sealed"].(map[string]any)
	args, _ := form["args"].([]any)
	if form["fn"] != linkFn || len(args) != 2 {
		return "", false
	}
	run, ok := args[0].(string)
	path, is := args[1].(string)
	return e.TaskLink(run, path), ok && is
}
