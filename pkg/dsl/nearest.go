package dsl

import "regexp"

var nonName = regexp.MustCompile(`[^a-z0-9]+`)

// Bounds of what a did-you-mean looks at.
const (
	maxCandidates = 1000
	maxNearest    = 80 // bytes of a name
)

// nearest returns the candidate that name was probably meant to be, empty
// when none is near: the same but for case, - and _, or a few letters off.
func nearest(name string, candidates []string) string {
	if name == "" || len(name) > maxNearest {
		return ""
	}
	best, limit := "", 1+len(name)/4
	var m matrix
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		if c == name || len(c) > maxNearest {
			continue
		}
		if sameLetters(name, c) {
			return c
		}
		if d := m.distance(name, c, limit); d <= limit {
			best, limit = c, d-1
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

// matrix is the working space of distance.
type matrix [3][maxNearest + 1]int

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to get from a to b; anything above limit is limit+1. Neither
// is longer than maxNearest.
func (m *matrix) distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, row, next := &m[0], &m[1], &m[2]
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		low := i
		for j := 1; j <= len(b); j++ {
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
		if low > limit {
			return limit + 1
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
