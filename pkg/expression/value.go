package expression

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Bounds of a value as it is recorded.
const (
	// MaxInline is the size in bytes up to which a value's JSON stands in the
	// record itself; a larger one is stored by hash.
	MaxInline = 64 << 10
	// PageLen is the number of elements of one page of a paged list.
	PageLen = 1000
)

// Hash names stored bytes by their SHA-256.
type Hash [32]byte

// String returns the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Payload is bytes stored beside the log under their hash.
type Payload struct {
	Hash  Hash
	Bytes []byte
}

// Kind is the JSON kind of a value.
type Kind uint8

// The kinds of JSON values.
const (
	KindAbsent Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindList
	KindObject
)

var kindNames = [...]string{"nothing", "null", "boolean", "number", "string", "list", "object"}

// String returns the name of the kind: nothing, null, boolean, number, string,
// list or object.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Ref stands for a value that is stored by hash. Size is the size in bytes of
// the value's whole JSON; Length the number of elements of a list or members
// of an object. When Paged, the bytes behind Hash are a JSON list of the hex
// hashes of the list's pages, PageLen elements each.
type Ref struct {
	Hash   Hash
	Size   int64
	Kind   Kind
	Length int
	Paged  bool
}

// Value is one immutable JSON value as facts hold it: absent (the zero
// Value), raw JSON, or a reference to bytes stored by hash. Its bytes are
// never changed and may be shared.
type Value struct {
	raw []byte
	ref *Ref
}

// Raw returns the inline value whose JSON is b, which it takes over. b must be
// valid compact JSON; use Pack for JSON of any size.
func Raw(b []byte) Value { return Value{raw: b} }

// Stored returns the value that r refers to.
func Stored(r Ref) Value { return Value{ref: &r} }

// IsAbsent tells whether there is no value at all (null is a value).
func (v Value) IsAbsent() bool { return v.raw == nil && v.ref == nil }

// Inline returns the JSON of an inline value, nil for an absent or stored one.
// The caller must not change it.
func (v Value) Inline() []byte { return v.raw }

// Ref returns the reference of a stored value, nil for any other.
func (v Value) Ref() *Ref { return v.ref }

// MarshalJSON writes an inline value as it is, an absent one as null and a
// stored one as {"$stored": {hash, size, kind, length}}.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.ref != nil:
		return json.Marshal(map[string]any{"$stored": map[string]any{
			"hash": v.ref.Hash.String(), "size": v.ref.Size, "kind": v.ref.Kind.String(), "length": v.ref.Length,
		}})
	case v.raw != nil:
		return v.raw, nil
	}
	return []byte("null"), nil
}

// Lack is the error of an evaluation that needs stored bytes which nobody has
// provided yet.
type Lack struct{ Hashes []Hash }

// Error names the first of the missing hashes.
func (l *Lack) Error() string {
	return fmt.Sprintf("the bytes of %d stored values are not at hand, the first is %s", len(l.Hashes), l.Hashes[0])
}

// Fetch returns stored bytes by hash; ok is false when they are not at hand.
type Fetch func(Hash) (b []byte, ok bool)
