package http

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// target is where a request goes.
type target struct {
	Path    string              `json:"path,omitempty" pattern:"^/[^?#]*$" says:"must begin with / and have no ? and no #: a query goes into query" doc:"Path below the connection's url, such as /orders/7. Text that comes from outside belongs through urlEncode()."`
	URL     string              `json:"url,omitempty" doc:"Whole address, in place of path. The connection's credentials are sent only when it has the scheme, host and port of the connection's url."`
	Query   params              `json:"query,omitempty" doc:"Query parameters; a list gives one for each element, null none."`
	Headers params              `json:"headers,omitempty" doc:"Headers; they win over the connection's. A list gives one for each element, null none."`
	Timeout connectors.Duration `json:"timeout,omitempty" doc:"Time for this one exchange, such as 30s. Without it the connection's."`
}

// Validate checks that there is one address.
func (t target) Validate() []connectors.Problem {
	if t.Path != "" && t.URL != "" {
		return []connectors.Problem{{Message: "has both path and url: leave one out"}}
	}
	return nil
}

// content is what a request carries.
type content struct {
	Body   json.RawMessage `json:"body,omitempty" doc:"JSON to send. {\"$contentType\", \"$content\"} goes out as the bytes and the type that it holds."`
	Text   *string         `json:"text,omitempty" doc:"Text to send, in place of body. It is text/plain unless headers say otherwise."`
	Binary *string         `json:"binary,omitempty" doc:"Bytes to send as base64, in place of body. They are application/octet-stream unless headers say otherwise."`
	Form   params          `json:"form,omitempty" doc:"Fields of an HTML form to send, in place of body."`
}

// Validate checks that there is one body at most.
func (c content) Validate() []connectors.Problem {
	n := 0
	for _, given := range []bool{c.Body != nil, c.Text != nil, c.Binary != nil, c.Form != nil} {
		if given {
			n++
		}
	}
	if n > 1 {
		return []connectors.Problem{{Message: "has more than one of body, text, binary and form: leave one"}}
	}
	return nil
}

type readInput struct{ target }

type writeInput struct {
	target
	content
}

// Validate checks address and body.
func (w writeInput) Validate() []connectors.Problem {
	return append(w.target.Validate(), w.content.Validate()...)
}

type requestInput struct {
	Method string `json:"method" required:"true" enum:"GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS" doc:"The method."`
	target
	content
}

// Validate checks address and body.
func (r requestInput) Validate() []connectors.Problem {
	problems := append(r.target.Validate(), r.content.Validate()...)
	if sendsNothing(r.Method) && !r.empty() {
		problems = append(problems, connectors.Problem{Message: r.Method + " carries no body: leave it out"})
	}
	return problems
}

func sendsNothing(method string) bool { return method == "GET" || method == "HEAD" }

func (c content) empty() bool {
	return c.Body == nil && c.Text == nil && c.Binary == nil && c.Form == nil
}

// output is an answer.
type output struct {
	Status  int               `json:"status" doc:"The HTTP status."`
	Headers map[string]string `json:"headers" doc:"The headers, names in lower case, several of one name joined by a comma."`
	Body    json.RawMessage   `json:"body" doc:"The body: decoded JSON, text, or {\"$contentType\", \"$content\"} with base64."`
}

// params are values by name, each a scalar or a list of scalars.
type params map[string]values

// values is what one name has, as text.
type values []string

// JSONSchema returns the schema of a scalar or a list of scalars.
func (values) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":["string","number","boolean","array","null"],"items":{"type":["string","number","boolean"]}}`)
}

// UnmarshalJSON reads a scalar, a list of scalars, or null, which is no value.
func (v *values) UnmarshalJSON(b []byte) error {
	*v = values{}
	var list []json.RawMessage
	if len(b) > 0 && b[0] == '[' {
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
	} else if string(b) != "null" {
		list = []json.RawMessage{b}
	}
	for _, item := range list {
		text, err := scalar(item)
		if err != nil {
			return err
		}
		*v = append(*v, text)
	}
	return nil
}

// scalar writes a JSON scalar as text, numbers as JSON prints them.
func scalar(raw json.RawMessage) (string, error) {
	wrong := errors.New("must be text, a number, true or false, or a list of them")
	switch raw[0] {
	case '"':
		var s string
		return s, unmarshalText(raw, &s)
	case '{', '[', 'n':
		return "", wrong
	case 't', 'f':
		return string(raw), nil
	}
	if f, err := strconv.ParseFloat(string(raw), 64); err != nil || math.IsInf(f, 0) {
		return "", wrong
	}
	return string(raw), nil
}

func unmarshalText(raw json.RawMessage, s *string) error { return json.Unmarshal(raw, s) }

// envelope is bytes with their type, as outputs hold what is neither JSON nor
// text.
type envelope struct {
	Type    string `json:"$contentType"`
	Content string `json:"$content"`
}

// unwrap returns the bytes of an envelope; ok is false when raw is any other
// JSON.
func unwrap(raw json.RawMessage) (e envelope, data []byte, ok bool, err error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) != 2 {
		return e, nil, false, nil
	}
	if members["$contentType"] == nil || members["$content"] == nil {
		return e, nil, false, nil
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return e, nil, true, errors.New("/body $contentType and $content must be text")
	}
	if data, err = base64.StdEncoding.DecodeString(e.Content); err != nil {
		return e, nil, true, fmt.Errorf("/body $content is not base64: %w", err)
	}
	return e, data, true, nil
}
