package dsl

import (
	"regexp"
	"strings"
)

var nonName = regexp.MustCompile(`[^a-z0-9]+`)

// maxCandidates bounds what a did-you-mean looks at.
const maxCandidates = 2000

// nearest returns the candidate that name was probably meant to be, empty
// when none is near: the same but for case, - and _, or a few letters off.
func nearest(name string, candidates []string) string {
	fold := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	if name == "" || len(name) > 80 {
		return ""
	}
	best, limit := "", 1+len(name)/4
	folded := fold(name)
	for _, c := range candidates[:min(len(candidates), maxCandidates)] {
		if c == name {
			continue
		}
		if fold(c) == folded {
			return c
		}
		if d := distance(name, c, limit); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour to get from a to b; anything above limit is limit+1.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
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
