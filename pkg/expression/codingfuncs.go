package expression

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
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
	"bearer":     withArgs(1, func(a []string) string { return "Bearer " + a[0] }),
	"hmacSha256": withArgs(2, hmacSHA256),
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

func hmacSHA256(a []string) string {
	mac := hmac.New(sha256.New, []byte(a[0]))
	mac.Write([]byte(a[1]))
	return hex.EncodeToString(mac.Sum(nil))
}

// sealableFunction is a function of the library that secrets can go through.
func sealableFunction(name, summary string, params []string, examples ...Example) *function {
	f := &function{name: name, result: stringType, summary: summary, examples: examples, sealed: true}
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
	sealableFunction("base64", "The text in base64.", []string{"text"}, Example{`base64("hi")`, `"aGk="`}),
	sealableFunction("basicAuth", "The value of an Authorization header of the scheme Basic.", []string{"user", "password"},
		Example{`basicAuth("joe", "pass")`, `"Basic am9lOnBhc3M="`}),
	sealableFunction("bearer", "The value of an Authorization header of the scheme Bearer.", []string{"token"},
		Example{`bearer("abc")`, `"Bearer abc"`}),
	sealableFunction("hmacSha256", "The HMAC-SHA256 of the text under the key, in hex.", []string{"key", "text"},
		Example{`hmacSha256("key", "text")[0:8]`, `"6afa9046"`}),
	{
		name: "base64Decode", params: []param{{name: "text", takes: aText}}, result: stringType,
		summary:  "The text that base64 holds, with or without padding, also in the form for URLs.",
		examples: []Example{{`base64Decode("aGk=")`, `"hi"`}},
		call:     decodeBase64,
	},
	{
		name: "sha256", params: []param{{name: "text", takes: aText}}, result: stringType,
		summary:  "The SHA-256 of the text, in hex.",
		examples: []Example{{`sha256("abc")[0:8]`, `"ba7816bf"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			digest := sha256.Sum256([]byte(a[0].(string)))
			return hex.EncodeToString(digest[:]), nil
		},
	},
	{
		name: "urlEncode", params: []param{{name: "text", takes: aScalar}}, result: stringType,
		summary:  "The text, number or boolean as a part of a URL's path or query; a blank becomes %20.",
		examples: []Example{{`urlEncode("a b/c")`, `"a%20b%2Fc"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			text, err := textOf(a[0])
			if err != nil {
				return nil, failf("urlEncode(): %v", err)
			}
			return strings.ReplaceAll(url.QueryEscape(text), "+", "%20"), nil
		},
	},
	{
		name: "toJSON", params: []param{{name: "value", takes: anything}}, result: stringType,
		summary:  "The value as compact JSON, members sorted by name.",
		examples: []Example{{`toJSON({b: 1, a: [true, null]})`, `"{\"a\":[true,null],\"b\":1}"`}},
		call:     toJSON,
	},
	{
		name: "fromJSON", params: []param{{name: "text", takes: aText}}, result: anyType,
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
	if !utf8.Valid(b) {
		return nil, failf("base64Decode(): the bytes are no text in UTF-8")
	}
	return string(b), nil
}
