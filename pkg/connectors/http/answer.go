package http

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	nethttp "net/http"
	"strings"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/connectors"
)

// read makes an output of an answer.
func (f failing) read(resp *nethttp.Response) (output, error) {
	data, err := readAll(resp.Body, maxBody)
	if err != nil {
		return output{}, f.noBody(err)
	}
	body, err := decode(resp.Header.Get("Content-Type"), data)
	if err != nil {
		return output{}, f.final(CodeInvalidResponse, err.Error(), nil)
	}
	return output{Status: resp.StatusCode, Headers: flatten(resp.Header), Body: body}, nil
}

var errTooLarge = errors.New("too large")

func readAll(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, errTooLarge
	}
	return data, err
}

// noBody is the error of an answer whose body did not come whole.
func (f failing) noBody(err error) *connectors.Error {
	switch {
	case errors.Is(err, errTooLarge):
		return f.final(CodeResponseTooLarge, "the answer's body has more than 10 MiB", nil)
	case f.ctx.Err() != nil:
		e := connectors.Stopped(f.ctx, true)
		e.Message = f.what + ": " + e.Message
		return e
	case broken(err):
		return f.lost(CodeConnectionLost, "the connection broke in the middle of the answer", cause(err))
	default:
		return f.lost(CodeInvalidResponse, "the answer's body cannot be read", nil)
	}
}

// decode makes JSON of a body: what it says when it is JSON, text when it is
// text, otherwise an envelope.
func decode(contentType string, data []byte) (json.RawMessage, error) {
	kind, args, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = ""
	}
	switch {
	case isText(kind):
		if text, ok := toUTF8(data, args["charset"]); ok {
			return asJSON(text), nil
		}
	case len(data) == 0:
		return json.RawMessage("null"), nil
	case isJSON(kind):
		data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(data) || !json.Valid(data) {
			return nil, errors.New("the answer says that its body is JSON, and it is not")
		}
		return data, nil
	case contentType == "" && utf8.Valid(data):
		return asJSON(string(data)), nil
	}
	return json.Marshal(envelope{Type: contentType, Content: base64.StdEncoding.EncodeToString(data)})
}

func isJSON(kind string) bool {
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

func isText(kind string) bool {
	if isJSON(kind) {
		return false
	}
	switch kind {
	case "application/xml", "application/x-www-form-urlencoded", "application/yaml", "application/javascript",
		"application/x-ndjson":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") || strings.HasSuffix(kind, "+yaml")
}

// toUTF8 reads text; ok is false when its character set is not known here or
// it is not in it.
func toUTF8(data []byte, charset string) (text string, ok bool) {
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8", "us-ascii":
		return string(data), utf8.Valid(data)
	case "iso-8859-1", "latin1":
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		return string(runes), true
	default:
		return "", false
	}
}

// flatten gives headers lower-case names and one text each.
func flatten(h nethttp.Header) map[string]string {
	flat := make(map[string]string, len(h))
	for name, values := range h {
		flat[strings.ToLower(name)] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
	}
	return flat
}
