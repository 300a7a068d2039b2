package scenario

import (
	"encoding/json"
	"strings"

	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// testSecrets gives each secret the value of the test file, and one that has
// none its name in angle brackets.
type testSecrets map[string]string

// Get returns the value of a secret.
func (t testSecrets) Get(name string) (secrets.Secret, error) {
	if v, ok := t[name]; ok {
		return secrets.Secret(v), nil
	}
	return secrets.Secret(unknownSecret(name)), nil
}

// String says where the secrets come from.
func (testSecrets) String() string { return "the test file" }

func unknownSecret(name string) string { return "<" + name + ">" }

// paramPrefix stands before the name of a secret parameter where a sealed value
// names it.
const paramPrefix = "params."

// lookup returns the value of a secret, or of a secret parameter.
func (c *Case) lookup(name string) (string, error) {
	param, ok := strings.CutPrefix(name, paramPrefix)
	if !ok {
		if !secrets.ValidName(name) {
			return unknownSecret(name), nil
		}
		return c.Env.Secrets.Lookup(name)
	}
	v, ok := c.Env.Parameters[param]
	if !ok {
		return unknownSecret(name), nil
	}
	x, err := expression.Decode(v, nil)
	if err == nil {
		x, err = expression.OpenSealed(x, c.Env.Secrets.Lookup)
	}
	if err != nil {
		return "", err
	}
	text, ok := x.(string)
	if !ok {
		raw, err := expression.Encode(x)
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	c.Env.Secrets.Know(text)
	return text, nil
}

// open returns what a call sends: its recorded input with the secrets of the
// scenario in place.
func (c *Case) open(raw json.RawMessage) (json.RawMessage, error) {
	if !expression.HasSealed(raw) && !strings.Contains(string(raw), "$sealed") {
		return raw, nil
	}
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil, err
	}
	if x, err = expression.OpenSealed(x, c.lookup); err != nil {
		return nil, err
	}
	return expression.Encode(x)
}

// recorded returns the form in which an answer is recorded: without the
// secrets that calls were given.
func (c *Case) recorded(output json.RawMessage) (json.RawMessage, error) {
	raw, err := expression.Import(output)
	if err != nil {
		return nil, err
	}
	return engine.Recorded(c.Env.Secrets, raw)
}

// recordedFailure is recorded for the error of a call.
func (c *Case) recordedFailure(f graph.Failure) (graph.Failure, error) {
	f.Message = c.Env.Secrets.RedactText(f.Message)
	if f.Details.IsAbsent() {
		return f, nil
	}
	raw, err := c.recorded(f.Details.Inline())
	f.Details = expression.Raw(raw)
	return f, err
}
