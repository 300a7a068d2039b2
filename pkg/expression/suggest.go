package expression

import (
	"fmt"
	"strings"
)

// Bounds of what is compared.
const (
	maxLike  = 64  // bytes of a name, one bit each
	maxNames = 500 // names
	maxOff   = 3   // letters that are wrong
)

// Nearest returns the one of names that is most like name, empty when none is
// like it enough to be meant: the same but for case, - and _, or a few letters
// off. It looks at the first 500 names.
func Nearest(name string, names []string) string {
	lower := strings.ToLower(name)
	if name == "" || len(lower) > maxLike {
		return ""
	}
	meant := spell(lower)
	best, limit := "", min(1+len(name)/3, maxOff)
	for _, candidate := range names[:min(len(names), maxNames)] {
		if len(candidate) > maxLike || candidate == name {
			continue
		}
		if sameLetters(candidate, name) {
			return candidate
		}
		if d := meant.distance(strings.ToLower(candidate), limit); d <= limit && d < len(candidate) {
			best, limit = candidate, d-1
		}
	}
	return best
}

// sameLetters tells whether a and b differ in case, - and _ only.
func sameLetters(a, b string) bool {
	next := func(s string, i int) (byte, int) {
		for i < len(s) && (s[i] == '-' || s[i] == '_') {
			i++
		}
		if i == len(s) {
			return 0, i
		}
		if c := s[i]; c >= 'A' && c <= 'Z' {
			return c + 'a' - 'A', i + 1
		}
		return s[i], i + 1
	}
	for i, j := 0, 0; ; {
		var x, y byte
		x, i = next(a, i)
		y, j = next(b, j)
		if x != y {
			return false
		}
		if x == 0 {
			return true
		}
	}
}

// spelling is a text of 1 to maxLike bytes that others are compared with.
type spelling struct {
	length int
	at     [256]uint64 // for each byte the places at which it stands, one bit each
}

func spell(text string) spelling {
	s := spelling{length: len(text)}
	for i := range len(text) {
		s.at[text[i]] |= 1 << i
	}
	return s
}

// distance is the number of inserted, deleted, replaced and swapped bytes
// between s and text; anything above limit is limit+1.
//
// It is the table of edit distances, a column for each byte of text, in the
// form of Myers and Hyyrö: neighbours in the table differ by at most one, so a
// column is two words, of the rows in which it rises and in which it falls.
func (s *spelling) distance(text string, limit int) int {
	if s.length-len(text) > limit || len(text)-s.length > limit {
		return limit + 1
	}
	rises, falls := ^uint64(0), uint64(0) // down the column
	var level, equal uint64               // the same as diagonally above it; the same byte
	last, d := uint64(1)<<(s.length-1), s.length
	for i := range len(text) {
		before := equal
		equal = s.at[text[i]]
		swapped := (^level & equal) << 1 & before
		level = ((equal & rises) + rises) ^ rises | equal | falls | swapped
		more, less := falls|^(level|rises), level&rises // than in the column before
		if more&last != 0 {
			d++
		} else if less&last != 0 {
			d--
		}
		if d-(len(text)-1-i) > limit {
			return limit + 1
		}
		more, less = more<<1|1, less<<1
		rises, falls = less|^(level|more), more&level
	}
	return d
}

// didYouMean returns "; did you mean X?", empty when nothing is like name.
func didYouMean(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// hintFor is the hint for an unknown name: the one that was meant, or all of
// them when they are few.
func hintFor(name string, names []string) string {
	if near := Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(names) > 0 && len(names) <= 12 {
		return "known here: " + strings.Join(names, ", ")
	}
	return ""
}
