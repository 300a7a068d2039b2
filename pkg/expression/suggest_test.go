package expression

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestNearest shows which name is taken for which.
func TestNearest(t *testing.T) {
	names := []string{"total", "tier", "items", "id", "succeeded"}
	for name, want := range map[string]string{
		"totl": "total", "Total": "total", "tire": "tier", "item": "items", "suceedd": "succeeded", "xyz": "", "": "", "i": "id", "itmes": "items",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

// The bounds of what is compared: names that are longer are like nothing, and
// names behind the first 500 are not looked at.
func TestNearestBounds(t *testing.T) {
	for _, n := range []int{maxLike - 1, maxLike, maxLike + 1} {
		name := strings.Repeat("a", n)
		want := name[1:] + "b"
		if n > maxLike {
			want = ""
		}
		if got := Nearest(name, []string{name[1:] + "b"}); got != want {
			t.Errorf("of %d bytes: %q", n, got)
		}
	}
	for _, n := range []int{maxNames - 1, maxNames, maxNames + 1} {
		names := make([]string, n)
		names[n-1] = "total"
		want := "total"
		if n > maxNames {
			want = ""
		}
		if got := Nearest("totl", names); got != want {
			t.Errorf("of %d names: %q", n, got)
		}
	}
	if got := Nearest(strings.Repeat("Ⱥ", 21)+"x", []string{strings.Repeat("Ⱥ", 21)}); got == "" {
		t.Error("of 64 bytes, in lower case as many: nothing")
	}
	if got := Nearest(strings.Repeat("Ⱥ", 22), []string{strings.Repeat("Ⱥ", 21)}); got != "" {
		t.Errorf("of 44 bytes, in lower case 66: %q", got)
	}
}

// The distance is that of the table of edits, whatever the limit.
func TestDistance(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	text := func(most int) []byte {
		b := make([]byte, r.IntN(most+1))
		for i := range b {
			b[i] = "aab\xff"[r.IntN(4)]
		}
		return b
	}
	for range 20_000 {
		a := append(text(maxLike-1), 'a')
		b := append([]byte{}, a...)
		for range r.IntN(6) { // a few letters off
			at := r.IntN(len(b) + 1)
			switch {
			case r.IntN(2) == 0:
				b = append(b[:at:at], append(text(1), b[at:]...)...)
			case at+1 < len(b):
				b[at], b[at+1] = b[at+1], b[at]
			case at < len(b):
				b = b[:at]
			}
		}
		if r.IntN(4) == 0 {
			b = text(70)
		}
		s := spell(string(a))
		want := edits(string(a), string(b))
		for limit := range maxOff + 1 {
			if got := s.distance(string(b), limit); got != min(want, limit+1) {
				t.Fatalf("seed %d: %q and %q, limit %d: %d, want %d", seed, a, b, limit, got, min(want, limit+1))
			}
		}
	}
}

// edits is the number of edits between two texts, by the whole table.
func edits(a, b string) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
		for j := range table[i] {
			if i == 0 || j == 0 {
				table[i][j] = i + j
				continue
			}
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			table[i][j] = min(table[i-1][j]+1, table[i][j-1]+1, table[i-1][j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				table[i][j] = min(table[i][j], table[i-2][j-2]+1)
			}
		}
	}
	return table[len(a)][len(b)]
}

// What it costs to compare a name with 500 that are nearly it.
func BenchmarkNearest(b *testing.B) {
	names := make([]string, maxNames)
	for i := range names {
		names[i] = strings.Repeat("v", 55) + fmt.Sprint(i)
	}
	name := "x" + strings.Repeat("v", 54) + "777x"
	b.ReportAllocs()
	for b.Loop() {
		Nearest(name, names)
	}
}
