package expression

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// payloadStore is stored bytes by hash.
type payloadStore map[Hash][]byte

func (s payloadStore) fetch(h Hash) ([]byte, bool) { b, ok := s[h]; return b, ok }

func storeOf(payloads []Payload) payloadStore {
	s := payloadStore{}
	for _, p := range payloads {
		s[p.Hash] = p.Bytes
	}
	return s
}

// listOf returns the JSON of a list of n elements of about size bytes.
func listOf(n, size int) []byte {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"i":%d,"pad":%q}`, i, strings.Repeat("x", size))
	}
	b.WriteByte(']')
	return []byte(b.String())
}

// TestPack holds the forms of values at their bounds.
func TestPack(t *testing.T) {
	text := func(n int) []byte { return []byte(`"` + strings.Repeat("a", n-2) + `"`) }
	for _, c := range []struct {
		name          string
		raw           []byte
		inline, paged bool
		payloads      int
		kind          Kind
		length        int
	}{
		{"null", []byte(`null`), true, false, 0, KindNull, 0},
		{"text at the bound", text(MaxInline), true, false, 0, KindString, 0},
		{"text above the bound", text(MaxInline + 1), false, false, 1, KindString, 0},
		{"small list", listOf(2, 1), true, false, 0, KindList, 2},
		{"long small list", []byte("[" + strings.TrimSuffix(strings.Repeat("1,", 2000), ",") + "]"), true, false, 0, KindList, 2000},
		{"large list of a page", listOf(PageLen, 100), false, false, 1, KindList, PageLen},
		{"large list of two pages", listOf(PageLen+1, 100), false, true, 3, KindList, PageLen + 1},
		{"large list of two full pages", listOf(2*PageLen, 100), false, true, 3, KindList, 2 * PageLen},
		{"large list of three pages", listOf(2*PageLen+1, 100), false, true, 4, KindList, 2*PageLen + 1},
		{"large object", []byte(`{"a":` + string(text(MaxInline)) + `,"b":[1,2]}`), false, false, 1, KindObject, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, payloads := Pack(c.raw)
			ref := v.Ref()
			if (ref == nil) != c.inline || len(payloads) != c.payloads {
				t.Fatalf("ref %v, %d payloads, want inline %v, %d payloads", ref, len(payloads), c.inline, c.payloads)
			}
			if ref != nil && (ref.Paged != c.paged || ref.Kind != c.kind || ref.Length != c.length || ref.Size != int64(len(c.raw))) {
				t.Errorf("ref = %+v", *ref)
			}
			if got := KindOf(v); got != c.kind {
				t.Errorf("KindOf = %v, want %v", got, c.kind)
			}
			store := storeOf(payloads)
			got, err := Bytes(v, store.fetch)
			if err != nil || !bytes.Equal(got, c.raw) {
				t.Errorf("Bytes differ from what was packed: %v", err)
			}
			for _, p := range payloads {
				if HashOf(p.Bytes) != p.Hash {
					t.Errorf("payload %v does not hash to its name", p.Hash)
				}
			}
			checkLacks(t, v, payloads)
		})
	}
}

// checkLacks gives a value's bytes one by one, as they are asked for.
func checkLacks(t *testing.T, v Value, payloads []Payload) {
	t.Helper()
	all, given := storeOf(payloads), payloadStore{}
	for range len(payloads) + 1 {
		_, err := Decode(v, given.fetch)
		var lack *Lack
		if !errors.As(err, &lack) {
			if err != nil {
				t.Errorf("Decode: %v", err)
			}
			return
		}
		for _, h := range lack.Hashes {
			if given[h] != nil || all[h] == nil {
				t.Fatalf("Decode lacks %v, which is given or unknown", h)
			}
			given[h] = all[h]
		}
	}
	t.Errorf("Decode still lacks bytes")
}

// TestPackProperties shows on drawn lists that Decode, Elem, Len and Bytes tell
// the same of a value, stored or not.
func TestPackProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 2500).Draw(t, "n")
		size := rapid.SampledFrom([]int{0, 10, 100}).Draw(t, "size")
		raw := listOf(n, size)
		v, payloads := Pack(raw)
		store := storeOf(payloads)
		whole, err := Decode(v, store.fetch)
		if err != nil {
			t.Fatal(err)
		}
		list := whole.([]any)
		if got, err := Len(v, store.fetch); err != nil || got != n || len(list) != n {
			t.Fatalf("Len = %d, %v, decoded %d, want %d", got, err, len(list), n)
		}
		if n == 0 {
			return
		}
		i := rapid.IntRange(0, n-1).Draw(t, "i")
		used := 0
		first, page, err := PageOf(v, i, func(h Hash) ([]byte, bool) { used++; return store.fetch(h) })
		if err != nil {
			t.Fatal(err)
		}
		if first > i || first+len(page) <= i {
			t.Fatalf("PageOf(%d) begins at %d and has %d elements", i, first, len(page))
		}
		if diff := cmp.Diff(list[first:first+len(page)], page); diff != "" {
			t.Fatalf("PageOf(%d) differs: %s", i, diff)
		}
		if used > 2 {
			t.Fatalf("PageOf fetched %d payloads", used)
		}
		got, err := Bytes(v, store.fetch)
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("Bytes differ: %v", err)
		}
	})
}

// TestFetchErrors shows what damaged or missing values yield.
func TestFetchErrors(t *testing.T) {
	raw := listOf(2500, 100)
	v, payloads := Pack(raw)
	if _, _, err := PageOf(v, 2500, storeOf(payloads).fetch); err == nil {
		t.Error("PageOf behind the end does not fail")
	}
	if _, _, err := PageOf(v, -1, storeOf(payloads).fetch); err == nil {
		t.Error("PageOf before the start does not fail")
	}
	if _, err := Len(Raw([]byte(`{"a":1}`)), nil); err == nil {
		t.Error("Len of an object does not fail")
	}
	if _, err := Len(Stored(Ref{Kind: KindObject}), nil); err == nil {
		t.Error("Len of a stored object does not fail")
	}
	if x, err := Decode(Value{}, nil); x != nil || err != nil {
		t.Errorf("Decode of an absent value = %v, %v", x, err)
	}
	for i := range payloads {
		store := storeOf(payloads)
		for _, damage := range []string{"", "{}", "[", `["zz"]`, `[1]`, "null"} {
			store[payloads[i].Hash] = []byte(damage)
			if _, err := Decode(v, store.fetch); err == nil && damage != "[1]" {
				t.Errorf("payload %d as %q: Decode does not fail", i, damage)
			}
			_, _ = Bytes(v, store.fetch) // must not panic
			_, _, _ = PageOf(v, 2400, store.fetch)
		}
	}
}

// TestHash holds hashes against their text.
func TestHash(t *testing.T) {
	h := HashOf([]byte("a"))
	got, err := ParseHash(h.String())
	if err != nil || got != h {
		t.Errorf("ParseHash(%s) = %v, %v", h, got, err)
	}
	for _, text := range []string{"", "ab", strings.Repeat("z", 64), h.String() + "0"} {
		if _, err := ParseHash(text); err == nil {
			t.Errorf("ParseHash(%q) does not fail", text)
		}
	}
	b, err := Stored(Ref{Hash: h, Size: 7, Kind: KindList, Length: 2}).MarshalJSON()
	if want := `{"$stored":{"hash":"` + h.String() + `","kind":"list","length":2,"size":7}}`; err != nil || string(b) != want {
		t.Errorf("MarshalJSON = %s, %v, want %s", b, err, want)
	}
}
