package expression

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"
)

// sealedConcat is the function of a sealed text that is joined of parts.
const sealedConcat = "concat"

// sealable are the functions that are applied to secrets when these are
// opened, by name.
var sealable = map[string]func(args []string) (string, error){
	sealedConcat: func(a []string) (string, error) { return strings.Join(a, ""), nil },
	"base64":     withArgs(1, func(a []string) string { return base64.StdEncoding.EncodeToString([]byte(a[0])) }),
	"basicAuth": withArgs(2, func(a []string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a[0]+":"+a[1]))
	}),
	"base64url":  withArgs(1, func(a []string) string { return base64.RawURLEncoding.EncodeToString([]byte(a[0])) }),
	"bearer":     withArgs(1, func(a []string) string { return "Bearer " + a[0] }),
	"hmacSha256": withArgs(2, hmacOf(sha256.New)),
	"hmacSha512": withArgs(2, hmacOf(sha512.New)),
}

// withArgs checks the number of arguments, which recorded JSON may get wrong.
func withArgs(n int, f func(a []string) string) func([]string) (string, error) {
	return func(a []string) (string, error) {
		if len(a) != n {
			return "", errSealedForm
		}
		return f(a), nil
	}
}

// sealableFunction is a function of the library that secrets can go through.
func sealableFunction(name, wdl, summary string, params []string, examples ...Example) *function {
	f := &function{name: name, result: stringType, wdl: wdl, summary: summary, examples: examples, sealed: true}
	for _, p := range params {
		f.params = append(f.params, param{name: p, takes: sealText})
	}
	compute := sealable[name]
	f.call = func(_ *evaluation, a []any) (any, error) {
		texts := make([]string, len(a))
		for i, x := range a {
			texts[i] = x.(string)
		}
		return compute(texts)
	}
	return f
}

var codingFunctions = []*function{
	sealableFunction("base64", "base64", "The text in base64.", []string{"text"}, Example{`base64("hi")`, `"aGk="`}),
	sealableFunction("base64url", "", "The text in base64 as it may stand in a URL, without padding.", []string{"text"}, Example{`base64url("a?>")`, `"YT8-"`}),
	sealableFunction("basicAuth", "", "The value of an Authorization header of the scheme Basic.", []string{"user", "password"},
		Example{`basicAuth("joe", "pass")`, `"Basic am9lOnBhc3M="`}),
	sealableFunction("bearer", "", "The value of an Authorization header of the scheme Bearer.", []string{"token"},
		Example{`bearer("abc")`, `"Bearer abc"`}),
	{
		name: "base64Decode", params: []param{{name: "text", takes: aText}}, result: stringType, wdl: "base64ToString",
		summary:  "The text that base64 holds, with or without padding, also in the form for URLs.",
		examples: []Example{{`base64Decode("aGk=")`, `"hi"`}},
		call:     decodeBase64,
	},
	transform("hex", "", "The bytes of the text in UTF-8, in hex.", certain(func(s string) string { return hex.EncodeToString([]byte(s)) }),
		Example{`hex("hi")`, `"6869"`}),
	transform("hexDecode", "", "The text whose bytes hex holds.", func(s string) (string, error) {
		b, err := hex.DecodeString(s)
		if err != nil {
			return "", errHex
		}
		return validText(string(b))
	}, Example{`hexDecode("6869")`, `"hi"`}),
	{
		name: "toJSON", params: []param{{name: "value", takes: anything}}, result: stringType, wdl: "string",
		summary:  "The value as compact JSON, members sorted by name.",
		examples: []Example{{`toJSON({b: 1, a: [true, null]})`, `"{\"a\":[true,null],\"b\":1}"`}},
		call:     toJSON,
	},
	{
		name: "fromJSON", params: []param{{name: "text", takes: aText}}, result: anyType, wdl: "json",
		summary:  "The value that a JSON text holds. Integers stay exact.",
		examples: []Example{{`fromJSON("{\"a\": 9007199254740993}").a`, `9007199254740993`}},
		call: func(ev *evaluation, a []any) (any, error) {
			text := a[0].(string)
			if err := ev.charge(len(text) / 8); err != nil {
				return nil, err
			}
			x, err := DecodeRaw([]byte(text))
			if err != nil {
				return nil, failf("fromJSON(): %v", err)
			}
			return x, nil
		},
	},
}

func toJSON(ev *evaluation, a []any) (any, error) {
	left := MaxResult
	if err := measure(a[0], &left, 0); err != nil {
		return nil, err
	}
	if err := ev.charge((MaxResult - left) / 8); err != nil {
		return nil, err
	}
	b, err := encodePlain(a[0])
	if err != nil {
		return nil, failf("toJSON(): %v", err)
	}
	if len(b) > MaxResult {
		return nil, errResultSize
	}
	return string(b), nil
}

func decodeBase64(_ *evaluation, a []any) (any, error) {
	text := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "").Replace(a[0].(string)), "=")
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, failf("base64Decode(): the text is no base64")
	}
	text, err = validText(string(b))
	if err != nil {
		return nil, failf("base64Decode(): %v", err)
	}
	return text, nil
}

var (
	errHex       = errors.New("the text is no hex")
	errURLEscape = errors.New("the text is not escaped as URLs are")
	errNotText   = errors.New("the bytes are no text in UTF-8")
)

// validText returns s when it is text.
func validText(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errNotText
	}
	return s, nil
}
