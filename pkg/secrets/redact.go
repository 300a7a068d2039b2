package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Mask stands in the place of a secret.
const Mask = "***"

// MinRedacted is the length in bytes from which on a value is taken out of
// text. A shorter one would take pieces out of innocent words.
const MinRedacted = 6

// maxKnown bounds how many values a store remembers: a rotated secret leaves
// its old values behind, the oldest go first.
const maxKnown = 4096

// known is the values that were given out.
type known struct {
	mu     sync.Mutex
	values []string // oldest first
	set    map[string]struct{}
	needle atomic.Pointer[[]string] // all forms of all values, longest first
}

func (k *known) add(v string) {
	if len(v) < MinRedacted {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.set[v]; ok {
		return
	}
	if k.set == nil {
		k.set = make(map[string]struct{})
	}
	if len(k.values) == maxKnown {
		delete(k.set, k.values[0])
		k.values = slices.Delete(k.values, 0, 1)
	}
	k.set[v] = struct{}{}
	k.values = append(k.values, v)
	var all []string
	for _, v := range k.values {
		all = append(all, forms(v)...)
	}
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	all = slices.Compact(all)
	k.needle.Store(&all)
}

// forms returns the ways in which a value may show up in text: as it is,
// inside a JSON string, in URLs, and in base64 at each of the three places
// where it can start within a longer text.
func forms(v string) []string {
	out := []string{v, url.QueryEscape(v), url.PathEscape(v)}
	if q, err := json.Marshal(v); err == nil {
		out = append(out, string(q[1:len(q)-1]))
	}
	plain := bytes.NewBuffer(nil)
	enc := json.NewEncoder(plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err == nil {
		q := strings.TrimSuffix(plain.String(), "\n")
		out = append(out, q[1:len(q)-1])
	}
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for offset := range 3 {
			out = append(out, within(alphabet, v, offset))
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return len(s) < MinRedacted })
}

// within returns the characters of base64 that v alone decides when offset
// bytes (modulo 3) stand before it and anything behind it.
func within(alphabet *base64.Encoding, v string, offset int) string {
	text := alphabet.EncodeToString(append(make([]byte, offset), v...))
	first := (offset*8 + 5) / 6       // the first character without a bit of what stands before
	last := (offset + len(v)) * 8 / 6 // behind the last one without a bit of what follows
	return text[first:last]
}

// Redact returns b with every value that the store gave out replaced by Mask,
// in each of its forms. It returns b itself when there is none.
func (s *Store) Redact(b []byte) []byte {
	if s == nil {
		return b
	}
	needles := s.known.needle.Load()
	if needles == nil {
		return b
	}
	for _, n := range *needles {
		if bytes.Contains(b, []byte(n)) {
			b = bytes.ReplaceAll(b, []byte(n), []byte(Mask))
		}
	}
	return b
}

// RedactText is Redact for text.
func (s *Store) RedactText(t string) string { return string(s.Redact([]byte(t))) }
