package dsl

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/expression"
)

// appendCanonical writes the canonical JSON of n.
func appendCanonical(b []byte, n *node) []byte {
	switch n.kind {
	case kindMap:
		b = append(b, '{')
		for i, at := range sortedKeys(n) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, n.keys[at].text), ':')
			b = appendCanonical(b, n.items[at])
		}
		return append(b, '}')
	case kindList:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCanonical(b, item)
		}
		return append(b, ']')
	case kindString:
		return appendText(b, n.text)
	case kindNumber:
		return appendNumber(b, n.value)
	case kindBool:
		return strconv.AppendBool(b, n.value == true)
	default:
		return append(b, "null"...)
	}
}

func appendText(b []byte, s string) []byte {
	text, err := expression.Encode(s)
	if err != nil {
		panic("dsl: a text cannot be encoded: " + err.Error())
	}
	for _, c := range string(text) { // one that was escaped in the source is escaped here
		if illegible(c) {
			b = fmt.Appendf(b, "\\u%04x", c)
			continue
		}
		b = utf8.AppendRune(b, c)
	}
	return b
}

func appendNumber(b []byte, v any) []byte {
	switch x := v.(type) {
	case int:
		return strconv.AppendInt(b, int64(x), 10)
	case json.Number:
		return append(b, x...)
	}
	text, err := expression.Encode(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// digestOf returns the digest of canonical JSON in lower-case hex.
func digestOf(document []byte) string {
	sum := sha256.Sum256(document)
	return hex.EncodeToString(sum[:])
}
