package zone

import "strings"

// maxTypos is how many letters of a name may be wrong for it to be suggested.
const maxTypos = 2

// Suggest returns the name that was meant by one that no zone has: the same
// but for upper and lower case, its city alone, or nearly the same. It returns
// the empty text when no name is like it.
func Suggest(name string) string {
	if name == "" || len(name) > maxName {
		return ""
	}
	want := fold(name)
	names := append(Names(), Windows()...)
	for _, n := range names {
		if fold(n) == want {
			return n
		}
	}
	for _, n := range names {
		_, city, ok := strings.Cut(n, "/")
		if ok && (fold(city) == want || strings.HasSuffix(fold(city), "/"+want)) {
			return n
		}
	}
	near, least := "", maxTypos+1
	for _, n := range names {
		if d := distance(want, fold(n), least); d < least {
			near, least = n, d
		}
	}
	return near
}

// fold takes away what people write differently.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return '_'
		}
		return r
	}, strings.ToLower(s))
}

// distance is how many letters have to be changed, added or taken away to
// make b out of a, or bound when it is not less.
func distance(a, b string, bound int) int {
	if len(a)-len(b) >= bound || len(b)-len(a) >= bound {
		return bound
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], bound)
}
