package expression

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// maxSubject is the size up to which a text is matched against a pattern.
const maxSubject = 1 << 20

// workPerStep is how many instructions of a pattern, times bytes of a text,
// weigh one step.
const workPerStep = 64

// pattern is a compiled pattern and the number of its instructions.
type pattern struct {
	re   *regexp.Regexp
	size int
}

// compilePattern compiles a pattern in the syntax of RE2.
func compilePattern(text string) (*pattern, error) {
	if n := utf8.RuneCountInString(text); n > MaxPattern {
		return nil, fmt.Errorf("the pattern has %d characters, at most %d are allowed", n, MaxPattern)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not valid: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the pattern is not valid: %w", err)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the pattern is not valid: %w", err)
	}
	return &pattern{re: re, size: len(prog.Inst)}, nil
}

// matches is the operator matches. The pattern is compiled already when it is
// a constant.
func matches(ev *evaluation, subject, by any) (bool, error) {
	if subject == nil || by == nil {
		return false, nil
	}
	s, ok := subject.(string)
	if !ok {
		return false, failf("matches needs a string, got %s", describe(subject))
	}
	p, err := patternOf(ev, by)
	if err != nil {
		return false, err
	}
	if err := p.charge(ev, s); err != nil {
		return false, err
	}
	return p.re.MatchString(s), nil
}

// patternOf returns a pattern, compiled now unless it was before.
func patternOf(ev *evaluation, by any) (*pattern, error) {
	if made, ok := by.(prepared); ok {
		by = made.value
	}
	if p, ok := by.(*pattern); ok {
		return p, nil
	}
	text, ok := by.(string)
	if !ok {
		return nil, failf("matches needs a pattern, got %s", describe(by))
	}
	if err := ev.charge(100 + len(text)); err != nil {
		return nil, err
	}
	p, err := compilePattern(text)
	if err != nil {
		return nil, failf("%v", err)
	}
	return p, ev.charge(p.size)
}

// charge takes the steps of looking for the pattern in s.
func (p *pattern) charge(ev *evaluation, s string) error {
	if len(s) > maxSubject {
		return &Error{Code: CodeExpressionLimit, Message: fmt.Sprintf("a text of more than %d MiB is matched against a pattern", maxSubject>>20)}
	}
	return ev.charge(1 + len(s)*p.size/workPerStep)
}
