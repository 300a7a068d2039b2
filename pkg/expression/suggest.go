package expression

import (
	"fmt"
	"strings"
)

// Bounds of what is compared.
const (
	maxLike  = 64  // bytes of a name
	maxNames = 500 // names
	maxOff   = 3   // letters that are wrong
)

// Nearest returns the one of names that is most like name, empty when none is
// like it enough to be meant: the same but for case, - and _, or a few letters
// off. It looks at the first 500 names.
func Nearest(name string, names []string) string {
	if name == "" || len(name) > maxLike {
		return ""
	}
	var m matrix
	best, limit, lower := "", min(1+len(name)/3, maxOff), strings.ToLower(name)
	for _, candidate := range names[:min(len(names), maxNames)] {
		if len(candidate) > maxLike || candidate == name {
			continue
		}
		if sameLetters(candidate, name) {
			return candidate
		}
		if d := m.distance(lower, strings.ToLower(candidate), limit); d <= limit && d < len(candidate) {
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

// matrix is the working space of distance. Lower case may be longer than
// upper case, but not by more than half.
type matrix [3][maxLike*3/2 + 2]int

// distance is the number of inserted, deleted, replaced and swapped
// characters between a and b; anything above limit is limit+1. Only the band in
// which a path below the limit can lie is looked at.
func (m *matrix) distance(a, b string, limit int) int {
	if limit < 0 || len(a)-len(b) > limit || len(b)-len(a) > limit || len(b)+2 > len(m[0]) {
		return limit + 1
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	before, row, next := &m[0], &m[1], &m[2]
	for j := range min(limit+1, len(b)) + 1 {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		from, to := max(i-limit, 1), min(i+limit, len(b))
		next[from-1] = i
		if from > 1 {
			next[from-1] = limit + 1
		}
		low := next[from-1]
		for j := from; j <= to; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
			low = min(low, next[j])
		}
		next[to+1] = limit + 1
		if low > limit {
			return limit + 1
		}
		before, row, next = row, next, before
	}
	return min(row[len(b)], limit+1)
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
