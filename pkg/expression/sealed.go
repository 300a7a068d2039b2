package expression

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Sealed is a value that depends on a secret and is opened only when it is
// sent. It holds names and functions, never the secret's bytes. With an empty
// Fn it is the secret itself, named by Secret; otherwise it is Fn applied to
// Args, which may be sealed themselves. Fn "concat" joins texts.
type Sealed struct {
	Fn     string
	Args   []any
	Secret string
}

// sealedName is the member that marks a sealed value in recorded JSON. A
// member of data with that name, or that name behind more dollar signs, is
// written with one dollar sign more.
const sealedName = "$sealed"

var errSealedForm = errors.New("a sealed value is not valid")

// String never shows more than that the value is sealed.
func (s Sealed) String() string { return "(sealed)" }

// MarshalJSON writes {"$sealed": {"secret": NAME}} or
// {"$sealed": {"fn": FN, "args": [...]}}.
func (s Sealed) MarshalJSON() ([]byte, error) { return appendSealed(nil, s, 0) }

func appendSealed(buf []byte, s Sealed, depth int) ([]byte, error) {
	buf = append(buf, `{"`+sealedName+`":{`...)
	if s.Fn == "" {
		buf = appendString(append(buf, `"secret":`...), s.Secret)
		return append(buf, "}}"...), nil
	}
	buf, err := appendList(append(buf, `"args":`...), s.Args, depth+2, true)
	if err != nil {
		return nil, err
	}
	buf = appendString(append(buf, `,"fn":`...), s.Fn)
	return append(buf, "}}"...), nil
}

// Open returns the text that s stands for; lookup gives the value of a secret.
func (s Sealed) Open(lookup func(name string) (string, error)) (string, error) {
	if s.Fn == "" {
		return lookup(s.Secret)
	}
	f, ok := sealable[s.Fn]
	if !ok {
		return "", fmt.Errorf("%w: unknown function %q", errSealedForm, s.Fn)
	}
	args := make([]string, len(s.Args))
	for i, arg := range s.Args {
		var err error
		if inner, ok := arg.(Sealed); ok {
			args[i], err = inner.Open(lookup)
		} else {
			args[i], err = textOf(arg)
		}
		if err != nil {
			return "", err
		}
	}
	return f(args)
}

// OpenSealed returns a copy of x in which each sealed value is replaced by the
// text that it stands for and each escaped member name is restored. x is
// recorded JSON as DecodeRaw decodes it, or holds Sealed values; JSON from
// outside must have gone through Import before, or it could name secrets.
func OpenSealed(x any, lookup func(name string) (string, error)) (any, error) {
	switch v := x.(type) {
	case Sealed:
		return v.Open(lookup)
	case []any:
		list := make([]any, len(v))
		for i, elem := range v {
			opened, err := OpenSealed(elem, lookup)
			if err != nil {
				return nil, err
			}
			list[i] = opened
		}
		return list, nil
	case map[string]any:
		if form, ok := v[sealedName]; ok {
			s, err := sealedOf(form, 0)
			if err != nil {
				return nil, err
			}
			return s.Open(lookup)
		}
		object := make(map[string]any, len(v))
		for _, name := range sortedNames(v) {
			opened, err := OpenSealed(v[name], lookup)
			if err != nil {
				return nil, err
			}
			object[unescapeName(name)] = opened
		}
		return object, nil
	}
	return x, nil
}

// HasSealed tells whether recorded JSON holds a sealed value.
func HasSealed(raw []byte) bool {
	// Quotes inside of strings are escaped, so this finds member names only.
	for rest := raw; ; {
		i := bytes.Index(rest, []byte(`"`+sealedName+`"`))
		if i < 0 {
			return false
		}
		after := skipSpace(rest, i+len(sealedName)+2)
		if after < len(rest) && rest[after] == ':' && (i == 0 || rest[i-1] != '\\') {
			return true
		}
		rest = rest[i+len(sealedName)+2:]
	}
}

// Import returns the recorded form of JSON that comes from outside: checked,
// compact, members sorted by name, and with member names escaped that would
// otherwise read as sealed values.
func Import(raw []byte) ([]byte, error) {
	x, err := DecodeRaw(raw)
	if err != nil {
		return nil, err
	}
	return Encode(x)
}

// decodeRecorded decodes recorded JSON.
func decodeRecorded(b []byte) (any, error) {
	d := decoder{b: b, recorded: bytes.Contains(b, []byte("sealed"))}
	x, err := d.value(0)
	if err != nil {
		return nil, fmt.Errorf("decode recorded JSON at byte %d: %w", d.i, err)
	}
	if d.i = skipSpace(b, d.i); d.i < len(b) {
		return nil, fmt.Errorf("decode recorded JSON at byte %d: something follows the value", d.i)
	}
	return x, nil
}

// unescapeObject returns the sealed value that a recorded object stands for,
// or the object with its escaped member names restored.
func unescapeObject(object map[string]any) (any, error) {
	if form, ok := object[sealedName]; ok {
		return sealedOf(form, 0)
	}
	// Names with more dollar signs come first in order; going backwards, none is
	// overwritten before it was moved.
	for _, name := range slices.Backward(sortedNames(object)) {
		if plain := unescapeName(name); plain != name {
			object[plain] = object[name]
			delete(object, name)
		}
	}
	return object, nil
}

// sealedOf reads what stands behind $sealed.
func sealedOf(form any, depth int) (Sealed, error) {
	object, ok := form.(map[string]any)
	if !ok || depth >= MaxDepth {
		return Sealed{}, errSealedForm
	}
	if secret, ok := object["secret"].(string); ok && secret != "" {
		return Sealed{Secret: secret}, nil
	}
	fn, _ := object["fn"].(string)
	list, ok := object["args"].([]any)
	if fn == "" || !ok {
		return Sealed{}, errSealedForm
	}
	args := make([]any, len(list))
	for i, arg := range list {
		args[i] = arg
		if inner, ok := arg.(map[string]any); ok {
			s, err := sealedOf(inner[sealedName], depth+1)
			if err != nil {
				return Sealed{}, err
			}
			args[i] = s
		}
	}
	return Sealed{Fn: fn, Args: args}, nil
}

// escapeName returns the name under which a member of data is recorded.
func escapeName(name string) string {
	if isEscaped(name) {
		return "$" + name
	}
	return name
}

// unescapeName is the inverse of escapeName.
func unescapeName(name string) string {
	if isEscaped(name) && name != sealedName {
		return name[1:]
	}
	return name
}

func isEscaped(name string) bool {
	return strings.HasSuffix(name, sealedName) && strings.Trim(name[:len(name)-len(sealedName)], "$") == ""
}
