package expression

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// HashOf returns the hash that names b.
func HashOf(b []byte) Hash { return sha256.Sum256(b) }

// ParseHash returns the hash whose lower-case hex is text.
func ParseHash(text string) (Hash, error) {
	var h Hash
	if len(text) != 2*len(h) {
		return h, fmt.Errorf("a hash has %d hex digits, got %d", 2*len(h), len(text))
	}
	if _, err := hex.Decode(h[:], []byte(text)); err != nil {
		return h, fmt.Errorf("parse hash: %w", err)
	}
	return h, nil
}

// Pack returns the value whose JSON is raw, and what has to be stored before
// the value is recorded. raw must be valid compact JSON; it is taken over. A
// JSON up to MaxInline stays in the value. A larger list of more than PageLen
// elements is cut into pages, so that one element can be read without the
// others; anything else that is larger is stored whole.
func Pack(raw []byte) (Value, []Payload) {
	if len(raw) <= MaxInline {
		return Raw(raw), nil
	}
	kind, length := shapeOf(raw)
	if kind != KindList || length <= PageLen {
		p := Payload{Hash: HashOf(raw), Bytes: raw}
		return Stored(Ref{Hash: p.Hash, Size: int64(len(raw)), Kind: kind, Length: length}), []Payload{p}
	}
	payloads := pagesOf(raw, length)
	index := make([]byte, 0, len(payloads)*(2*len(Hash{})+3)+2)
	index = append(index, '[')
	for i, p := range payloads {
		if i > 0 {
			index = append(index, ',')
		}
		index = append(index, '"')
		index = hex.AppendEncode(index, p.Hash[:])
		index = append(index, '"')
	}
	index = append(index, ']')
	top := Payload{Hash: HashOf(index), Bytes: index}
	ref := Ref{Hash: top.Hash, Size: int64(len(raw)), Kind: KindList, Length: length, Paged: true}
	return Stored(ref), append(payloads, top)
}

// shapeOf returns the kind of raw and the number of its elements or members.
func shapeOf(raw []byte) (Kind, int) {
	i := skipSpace(raw, 0)
	if i >= len(raw) {
		return KindAbsent, 0
	}
	switch raw[i] {
	case '[':
		return KindList, countElements(raw[i:])
	case '{':
		return KindObject, countElements(raw[i:])
	case '"':
		return KindString, 0
	case 't', 'f':
		return KindBool, 0
	case 'n':
		return KindNull, 0
	}
	return KindNumber, 0
}

// pagesOf cuts the JSON list raw into lists of PageLen elements.
func pagesOf(raw []byte, length int) []Payload {
	pages := make([]Payload, 0, (length+PageLen-1)/PageLen)
	var page []byte
	n := 0
	eachElement(raw, func(elem []byte) bool {
		if n == 0 {
			page = append(make([]byte, 0, len(raw)/cap(pages)+64), '[')
		} else {
			page = append(page, ',')
		}
		page = append(page, elem...)
		if n++; n == PageLen {
			page = append(page, ']')
			pages = append(pages, Payload{Hash: HashOf(page), Bytes: page})
			n = 0
		}
		return true
	})
	if n > 0 {
		page = append(page, ']')
		pages = append(pages, Payload{Hash: HashOf(page), Bytes: page})
	}
	return pages
}
