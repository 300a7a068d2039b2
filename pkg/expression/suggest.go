package expression

import (
	"fmt"
	"strings"
)

// Nearest returns the one of names that is most like name, empty when none is
// like it enough to be meant.
func Nearest(name string, names []string) string {
	if len(name) > maxLike {
		return ""
	}
	best, limit, lower := "", 1+len(name)/3, strings.ToLower(name)
	for _, candidate := range names {
		if len(candidate) > maxLike {
			continue
		}
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if len(candidate)-len(name) > limit || len(name)-len(candidate) > limit {
			continue
		}
		if d := distance(lower, strings.ToLower(candidate)); d <= limit && d < len(candidate) {
			if d == limit && best != "" {
				continue
			}
			best, limit = candidate, d
		}
	}
	return best
}

// maxLike is the length in bytes up to which names are compared.
const maxLike = 64

// distance is the number of inserted, deleted, replaced and swapped
// characters between a and b. Lower case may be longer than upper case, but
// not by more than half.
func distance(a, b string) int {
	var rows [3][maxLike*3/2 + 1]int
	if len(b) >= len(rows[0]) {
		return len(b)
	}
	before, row, next := rows[0][:len(b)+1], rows[1][:len(b)+1], rows[2][:len(b)+1]
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
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
