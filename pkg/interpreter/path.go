package interpreter

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// A path names one execution of a step within its run, in this grammar:
//
//	path    = segment *( "." segment )
//	segment = name [ "#" attempt ] [ "[" pass "]" ]
//	name    = identifier / quoted
//
// The last segment is the step; those before it are the steps around it, each
// with the attempt of a retried scope (from the second on) and the pass of a
// loop, and the handlers catch, onTimeout, finally, compensate and notify as
// segments of their own. A compensation that failed and is run again has an
// attempt too. A name that is no identifier, or equals a handler's, is quoted
// as a JSON string. Examples: each[3].book#2.charge,
// booking.reserve.compensate.release, seat.compensate#2.release,
// "a.b".catch.undo.

// PathName returns a step's name as it stands in a path.
func PathName(name string) string {
	switch name {
	case "catch", "onTimeout", "finally", "compensate", "notify":
		return strconv.Quote(name)
	}
	if isIdentifier(name) {
		return name
	}
	return strconv.Quote(name)
}

// isIdentifier tells that a name has letters, digits and _ only, and does not
// begin with a digit.
func isIdentifier(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Segment is one part of a path.
type Segment struct {
	Name    string
	Handler bool // a handler, not a step
	Attempt int  // 0: the first, or not a retried scope
	Pass    int  // -1: not a loop's pass
}

// String returns the segment as it stands in a path.
func (s Segment) String() string {
	b := s.Name
	if !s.Handler {
		b = PathName(s.Name)
	}
	if s.Attempt > 1 {
		b += "#" + strconv.Itoa(s.Attempt)
	}
	if s.Pass >= 0 {
		b += "[" + strconv.Itoa(s.Pass) + "]"
	}
	return b
}

// JoinPath returns the path of the segments.
func JoinPath(segments []Segment) string {
	parts := make([]string, len(segments))
	for i, s := range segments {
		parts[i] = s.String()
	}
	return strings.Join(parts, ".")
}

// SplitPath returns the segments of a path.
func SplitPath(path string) ([]Segment, error) {
	var segments []Segment
	rest := path
	for {
		s, tail, err := cutSegment(rest)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", path, err)
		}
		segments = append(segments, s)
		if tail == "" {
			return segments, nil
		}
		rest = tail[1:]
	}
}

// cutSegment returns the first segment and what follows it, which is empty or
// begins with a dot.
func cutSegment(rest string) (s Segment, tail string, err error) {
	s.Pass = -1
	if strings.HasPrefix(rest, `"`) {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return s, "", fmt.Errorf("the quote at %q does not end", rest)
		}
		if s.Name, err = strconv.Unquote(quoted); err != nil {
			return s, "", err
		}
		rest = rest[len(quoted):]
	} else {
		end := strings.IndexAny(rest, ".#[")
		if end < 0 {
			end = len(rest)
		}
		if s.Name = rest[:end]; !isIdentifier(s.Name) {
			return s, "", fmt.Errorf("no name at %q", rest)
		}
		s.Handler = PathName(s.Name) != s.Name
		rest = rest[len(s.Name):]
	}
	if number, ok := strings.CutPrefix(rest, "#"); ok {
		if s.Attempt, rest, ok = cutNumber(number); !ok || s.Attempt == 0 {
			return s, "", fmt.Errorf("no attempt at %q", number)
		}
	}
	if number, ok := strings.CutPrefix(rest, "["); ok {
		if s.Pass, rest, ok = cutNumber(number); !ok || !strings.HasPrefix(rest, "]") {
			return s, "", fmt.Errorf("no pass at %q", number)
		}
		rest = rest[1:]
	}
	if rest != "" && (rest[0] != '.' || rest == ".") {
		return s, "", fmt.Errorf("a dot and a name are wanted at %q", rest)
	}
	return s, rest, nil
}

// cutNumber returns the number that text begins with, written without leading
// zeros, and what follows it.
func cutNumber(text string) (n int, tail string, ok bool) {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	if end == 0 || end > 1 && text[0] == '0' {
		return 0, text, false
	}
	n, err := strconv.Atoi(text[:end])
	return n, text[end:], err == nil
}

// Key returns the idempotency key of the call at path: the same over all
// attempts of one execution of a step, before and after a crash, and of no
// other.
func Key(run, path string) string {
	sum := sha256.Sum256([]byte(run + "\x00" + path))
	return hex.EncodeToString(sum[:16])
}
