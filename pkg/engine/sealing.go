package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/eventlog"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// maxMessage is how many bytes of an error's message are recorded.
const maxMessage = 4 << 10

// vault returns where secrets come from; it may be nil, and then has none.
func (e *Engine) vault() *secrets.Store {
	if e.opts.Env == nil {
		return nil
	}
	return e.opts.Env.Secrets
}

// paramPrefix stands before the name of a secret parameter where a sealed value
// names it.
const paramPrefix = "params."

// lookup returns the value of a secret, or of a secret parameter.
func (e *Engine) lookup(name string) (string, error) {
	param, ok := strings.CutPrefix(name, paramPrefix)
	if !ok {
		return e.vault().Lookup(name)
	}
	if e.opts.Env == nil {
		return "", fmt.Errorf("parameter %q has no value: the engine runs without an environment", param)
	}
	v, ok := e.opts.Env.Parameters[param]
	if !ok {
		return "", fmt.Errorf("parameter %q has no value in environment %s", param, e.opts.Env.Name)
	}
	x, err := expression.DecodeRaw(v.Inline())
	if err == nil {
		x, err = expression.OpenSealed(x, e.vault().Lookup)
	}
	if err != nil {
		return "", fmt.Errorf("parameter %q: %w", param, err)
	}
	text, ok := x.(string)
	if !ok {
		b, err := plainJSON(x)
		if err != nil {
			return "", fmt.Errorf("parameter %q: %w", param, err)
		}
		text = string(b)
	}
	e.vault().Know(text)
	return text, nil
}

// openInput returns the JSON of a call's input with its secrets in place.
func (e *Engine) openInput(v expression.Value) (json.RawMessage, error) {
	raw, err := e.whole(v)
	if err != nil {
		return nil, notIssued("InputMissing", err.Error())
	}
	if !bytes.Contains(raw, []byte("$sealed")) {
		return raw, nil
	}
	x, err := expression.DecodeRaw(raw)
	if err == nil {
		x, err = expression.OpenSealed(e.linked(x), e.lookup)
	}
	if err != nil {
		return nil, notIssued(CodeSecretMissing, err.Error())
	}
	return plainJSON(x)
}

// whole returns the JSON of a value, stored bytes included; null for none.
func (e *Engine) whole(v expression.Value) (json.RawMessage, error) {
	return wholeOf(e.ctx, e.store, v)
}

func wholeOf(ctx context.Context, store eventlog.Payloads, v expression.Value) (json.RawMessage, error) {
	if v.IsAbsent() {
		return json.RawMessage("null"), nil
	}
	if raw := v.Inline(); raw != nil {
		return raw, nil
	}
	have := map[expression.Hash][]byte{}
	for {
		b, err := expression.Bytes(v, func(h expression.Hash) ([]byte, bool) {
			b, ok := have[h]
			return b, ok
		})
		var lack *expression.Lack
		if !errors.As(err, &lack) {
			return b, err
		}
		for _, h := range lack.Hashes {
			if have[h], err = store.Get(ctx, h); err != nil {
				return nil, fmt.Errorf("payload %s: %w", h, err)
			}
		}
	}
}

// Value returns the whole JSON of a value as a view holds it, with what is
// sealed masked.
func (e *Engine) Value(_ context.Context, v expression.Value) (json.RawMessage, error) {
	raw, err := e.whole(v)
	if err != nil {
		return nil, err
	}
	return shown(raw)
}

// plainJSON writes decoded JSON as it goes out: nothing in it is sealed.
func plainJSON(x any) (json.RawMessage, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(x); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// shown returns recorded JSON as it may be seen: what is sealed becomes
// asterisks.
func shown(raw json.RawMessage) (json.RawMessage, error) {
	if !bytes.Contains(raw, []byte("$sealed")) {
		return raw, nil
	}
	x, err := expression.DecodeRaw(raw)
	if err == nil {
		x, err = expression.OpenSealed(x, func(string) (string, error) { return secrets.Mask, nil })
	}
	if err != nil {
		return nil, fmt.Errorf("show a value: %w", err)
	}
	return plainJSON(x)
}

// imported returns the recorded form of an answer.
func (e *Engine) imported(raw json.RawMessage) (json.RawMessage, error) {
	return Recorded(e.vault(), raw)
}

// Recorded returns the recorded form of the answer of a call: the secrets that
// vault gave out are replaced, and nothing in it reads as a sealed value. Most
// answers pass untouched. A nil vault gave out nothing.
func Recorded(vault *secrets.Store, raw json.RawMessage) (json.RawMessage, error) {
	if bytes.Contains(raw, []byte("sealed")) || bytes.Contains(raw, []byte(`\u`)) || bytes.Contains(raw, []byte(`\/`)) {
		b, err := expression.Import(raw) // one spelling for each text, so that a search finds it
		if err != nil {
			return nil, err
		}
		raw = b
	}
	masked := vault.Redact(raw)
	if bytes.Equal(masked, raw) || json.Valid(masked) {
		return masked, nil
	}
	// A secret matched across more than one text: take the texts one by one.
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil, err
	}
	return plainJSON(maskTexts(vault, x))
}

func maskTexts(vault *secrets.Store, x any) any {
	switch x := x.(type) {
	case string:
		return vault.RedactText(x)
	case []any:
		for i := range x {
			x[i] = maskTexts(vault, x[i])
		}
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, v := range x {
			out[vault.RedactText(k)] = maskTexts(vault, v)
		}
		return out
	case int, int64, float64, json.Number:
		if b, err := json.Marshal(x); err == nil {
			if text := string(b); vault.RedactText(text) != text {
				return secrets.Mask
			}
		}
	}
	return x
}

// failure makes what a run records of the error of a call.
func (d *dispatcher) failure(c *call, err error) *graph.Failure {
	var ce *connectors.Error
	if !errors.As(err, &ce) {
		ce = &connectors.Error{Code: connectors.CodeConnectorError, Message: err.Error(), Lost: true, Err: err}
	}
	f := &graph.Failure{
		Code: ce.Code, Message: d.e.vault().RedactText(ce.Message), Status: ce.Status, Attempt: c.id.attempt,
		Final: ce.Final, Certain: ce.Certain, Lost: ce.Lost, RetryAfter: min(max(ce.RetryAfter, 0), maxRetryAfter),
	}
	if errors.Is(context.Cause(&c.ctx), errCallTimeout) && f.Code != connectors.CodeTimeout {
		f.Code, f.Message = connectors.CodeTimeout, errCallTimeout.Error()
	}
	f.Message = clip(f.Message, maxMessage)
	if ce.Details == nil {
		return f
	}
	if raw, err := json.Marshal(ce.Details); err == nil {
		if raw, err = d.e.imported(raw); err == nil && len(raw) <= expression.MaxInline {
			f.Details = expression.Raw(raw)
		}
	}
	return f
}

// clip returns at most n bytes of s, whole characters only.
func clip(s string, n int) string {
	if len(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.ToValidUTF8(s[:n], "\uFFFD") + "…"
}
