package dsl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/keelstep/keelstep/pkg/graph"
)

// checkGuard reports an if that is true only when a step before did not
// succeed, though this step runs only when that one did.
func (c *compiler) checkGuard(s *step) {
	cond := s.get("if")
	text, ok := cond.str()
	if !ok {
		return
	}
	id := neverTrue(text, func(id string) bool {
		p := c.doc.byID[id]
		if p == nil || p.broken {
			return false
		}
		known, _ := c.find(placed{s: s}, p)
		return known == present
	})
	if id == "" {
		return
	}
	c.at(codeNeverTrue, cond, fmt.Sprintf("this is never true: %s runs only when %q succeeded", s.label(), id),
		fmt.Sprintf("use runAfter: { %s: [failed, timedOut] }, or catch: on %q", id, id))
	cond.bad = true
}

// A test of one step that did not succeed. The first group that matches is
// the step.
const stepName = `\(*\s*steps\s*(?:\?\.|\.)\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\?\.|\.)\s*`

var needsFailure = []*regexp.Regexp{
	regexp.MustCompile(`^` + stepName + `status\s*==\s*["'](?:failed|timedOut|skipped|cancelled)["']$`),
	regexp.MustCompile(`^["'](?:failed|timedOut|skipped|cancelled)["']\s*==\s*` + stepName + `status$`),
	regexp.MustCompile(`^` + stepName + `status\s*!=\s*["']succeeded["']$`),
	regexp.MustCompile(`^` + stepName + `status\s+in\s+\[\s*(?:["'](?:failed|timedOut|skipped|cancelled)["']\s*,?\s*)+\]$`),
	regexp.MustCompile(`^not\s*\(\s*` + stepName + `status\s*==\s*["']succeeded["']\s*\)$`),
	regexp.MustCompile(`^` + stepName + `error\s*!=\s*(?:nil|null)$`),
	regexp.MustCompile(`^` + stepName + `error\??\.[a-z]+\s*(?:==|>|>=)\s*[^\s].*$`),
}

// neverTrue returns a step whose success makes a condition false, empty when
// there is none: of the parts of an and one is enough, of an or all are needed.
func neverTrue(text string, succeeded func(id string) bool) string {
	text = unwrap(text)
	if len(text) > maxGuard {
		return ""
	}
	if parts := splitAt(text, "or", "||"); len(parts) > 1 {
		id := ""
		for _, p := range parts {
			if id = neverTrue(p, succeeded); id == "" {
				return ""
			}
		}
		return id
	}
	if parts := splitAt(text, "and", "&&"); len(parts) > 1 {
		for _, p := range parts {
			if id := neverTrue(p, succeeded); id != "" {
				return id
			}
		}
		return ""
	}
	if strings.ContainsAny(text, "?:") && strings.Contains(strings.ReplaceAll(strings.ReplaceAll(text, "?.", ""), "??", ""), "?") {
		return "" // a choice
	}
	for _, re := range needsFailure {
		if m := re.FindStringSubmatch(text); m != nil && !strings.Contains(text, "??") && succeeded(m[1]) {
			return m[1]
		}
	}
	return ""
}

// maxGuard is the length up to which a condition is looked at.
const maxGuard = 1000

// unwrap takes away white space and parentheses around the whole.
func unwrap(text string) string {
	for {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") || closing(text) != len(text)-1 {
			return text
		}
		text = text[1 : len(text)-1]
	}
}

// closing returns where the parenthesis that starts the text ends, -1 when it
// does not.
func closing(text string) int {
	end := -1
	eachOutside(text, func(i, depth int) bool {
		if depth == 0 && text[i] == ')' {
			end = i
		}
		return end < 0
	})
	return end
}

// eachOutside calls visit for each byte outside of string literals, with the
// depth of brackets behind it, until visit returns false.
func eachOutside(text string, visit func(i, depth int) bool) {
	quote, depth := byte(0), 0
	for i := 0; i < len(text); i++ {
		ch := text[i]
		if quote != 0 {
			if ch == '\\' && quote != '`' {
				i++
			} else if ch == quote {
				quote = 0
			}
			continue
		}
		switch ch {
		case '"', '\'', '`':
			quote = ch
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if !visit(i, depth) {
			return
		}
	}
}

// splitAt splits an expression at a word or a sign outside of brackets and
// string literals.
func splitAt(text, word, sign string) []string {
	var parts []string
	from := 0
	eachOutside(text, func(i, depth int) bool {
		if depth != 0 || i < from {
			return true
		}
		n := 0
		switch {
		case strings.HasPrefix(text[i:], sign):
			n = len(sign)
		case strings.HasPrefix(text[i:], word) && i > 0 && !wordByte(text[i-1]) && i+len(word) < len(text) && !wordByte(text[i+len(word)]):
			n = len(word)
		}
		if n > 0 {
			parts = append(parts, text[from:i])
			from = i + n
		}
		return true
	})
	return append(parts, text[from:])
}

func wordByte(b byte) bool {
	return b == '_' || b == '.' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// maxBack is how many steps certainFailure looks back.
const maxBack = 64

var onFailure = graph.Statuses(graph.Failed, graph.TimedOut)

// failing tells that the predecessor failed when the edge is met.
func (e edge) failing() bool {
	return e.statuses != 0 && e.statuses&^onFailure == 0
}

// certainFailure tells whether y certainly failed or timed out where the place
// is: a step on the way to it runs only then.
func certainFailure(at placed, y *step) bool {
	x := at.s
	if x == nil || y.broken {
		return false
	}
	for x.block.depth > y.block.depth {
		x = x.block.owner
	}
	if x.block != y.block {
		return false
	}
	back := 0
	var look func(x *step) bool
	look = func(x *step) bool {
		for _, e := range x.edges {
			if e.from == y && e.failing() {
				return true
			}
			if back++; back < maxBack && e.transit() && look(e.from) {
				return true
			}
		}
		return false
	}
	return look(x)
}
