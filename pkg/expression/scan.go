package expression

// The scanner walks valid JSON without decoding it. On invalid JSON it stays
// inside the bytes and stops at their end.

// skipSpace returns the place of the first byte at or after i that is not
// JSON white space.
func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\t' || b[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the place behind the string that starts at i.
func skipString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// skipValue returns the place behind the value that starts at i.
func skipValue(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipString(b, i)
		case '[', '{':
			depth++
			i++
			continue
		case ']', '}':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
			continue
		default:
			for i < len(b) && !isDelimiter(b[i]) {
				i++
			}
		}
		if depth <= 0 {
			return i
		}
	}
	return len(b)
}

func isDelimiter(c byte) bool {
	switch c {
	case ',', ':', ']', '}', '[', '{', '"', ' ', '\n', '\t', '\r':
		return true
	}
	return false
}

// eachElement calls yield with the JSON of each element of the list b, in
// order, until it returns false.
func eachElement(b []byte, yield func(elem []byte) bool) {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' {
		return
	}
	for i = skipSpace(b, i+1); i < len(b) && b[i] != ']'; i = skipSpace(b, i) {
		end := skipValue(b, i)
		if end == i || !yield(b[i:end]) {
			return
		}
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i++
		}
	}
}

// countElements returns the number of elements of a list or members of an
// object.
func countElements(b []byte) int {
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '[' && b[i] != '{' {
		return 0
	}
	object := b[i] == '{'
	n := 0
	for i = skipSpace(b, i+1); i < len(b) && b[i] != ']' && b[i] != '}'; i = skipSpace(b, i) {
		end := skipValue(b, i)
		if object {
			if end = skipSpace(b, end); end < len(b) && b[end] == ':' {
				end = skipValue(b, skipSpace(b, end+1))
			}
		}
		if end == i {
			return n
		}
		n++
		if i = skipSpace(b, end); i < len(b) && b[i] == ',' {
			i++
		}
	}
	return n
}
