package expression

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// Bounds of an expression's source.
const (
	MaxSource  = 8192 // characters
	MaxNesting = 64   // brackets in brackets
	maxNodes   = 2000 // parts of the syntax tree
)

// disabledBuiltins are the builtin functions of expr that do not take a
// predicate: calls of them are calls of functions of ours.
var disabledBuiltins = func() map[string]bool {
	disabled := make(map[string]bool, len(builtin.Builtins))
	for _, f := range builtin.Builtins {
		disabled[f.Name] = true
	}
	return disabled
}()

// parse returns the syntax tree of src. Its bounds are checked before the
// parser sees it.
func parse(src string) (*parser.Tree, *Problem) {
	if problem := scanSource(src); problem != nil {
		return nil, problem
	}
	config := &conf.Config{MaxNodes: maxNodes, Disabled: disabledBuiltins}
	config.WithEnv(map[string]any{})
	tree, err := parser.ParseWithConfig(src, config)
	if err == nil {
		return tree, nil
	}
	return nil, syntaxProblem(src, err)
}

// scanSource holds src against the bounds of length and nesting.
func scanSource(src string) *Problem {
	if strings.TrimSpace(src) == "" {
		return &Problem{Code: codeSyntax, Length: min(len(src), 1), Message: "the expression is empty"}
	}
	if n := utf8.RuneCountInString(src); n > MaxSource {
		return &Problem{
			Code: codeTooLarge, Length: 1,
			Message: fmt.Sprintf("the expression has %d characters, at most %d are allowed", n, MaxSource),
			Hint:    "compute parts of it in compose steps",
		}
	}
	if !utf8.ValidString(src) {
		return &Problem{Code: codeSyntax, Length: len(src), Message: "the expression is not valid UTF-8"}
	}
	depth := 0
	for i := 0; i < len(src); {
		if next := skipToken(src, i); next > i {
			i = next
			continue
		}
		switch src[i] {
		case '(', '[', '{':
			if depth++; depth > MaxNesting {
				return &Problem{
					Code: codeTooLarge, Offset: i, Length: 1,
					Message: fmt.Sprintf("brackets are nested deeper than %d levels", MaxNesting),
				}
			}
		case ')', ']', '}':
			depth--
		}
		i++
	}
	return nil
}

var mixedCoalesce = regexp.MustCompile(`^Operator \((.+)\) and coalesce expressions`)

// wordCall finds a word of the language that is written like a function, where
// an operand should stand.
var wordCall = regexp.MustCompile(`(?:^|[(,\[:?!|&])\s*(and|or|if|in|contains|startsWith|endsWith|matches)\s*\(`)

var tokenText = regexp.MustCompile(`unexpected token (?:EOF|\w+\("(.*)"\))`)

// syntaxProblem says what the parser found.
func syntaxProblem(src string, err error) *Problem {
	p := wholeProblem(src, codeSyntax, err.Error())
	var fe *file.Error
	if !errors.As(err, &fe) {
		return &p
	}
	p.Message = fe.Message
	p.Offset, p.Length = spanOf(src, fe.Location)
	if strings.Contains(fe.Message, "maximum allowed nodes") {
		p.Code, p.Message = codeTooLarge, fmt.Sprintf("the expression has more than %d parts", maxNodes)
		return &p
	}
	if m := tokenText.FindStringSubmatch(fe.Message); m != nil {
		p.Message = fmt.Sprintf("unexpected %q", m[1])
		if m[1] == "" {
			p.Message = "the expression ends too early"
		}
	}
	if m := mixedCoalesce.FindStringSubmatch(fe.Message); m != nil {
		p.Message = fmt.Sprintf("?? and %s stand side by side", m[1])
		p.Hint = "put parentheses around one of them"
	}
	switch {
	case strings.Contains(fe.Message, "strconv."):
		p.Message = "the number does not fit into 64 bits"
	case fe.Message == "literal not terminated":
		p.Message = "the text has no closing quote"
	case fe.Message == "invalid char escape":
		p.Message, p.Hint = "this escape is not valid in a text", `write \\ for a backslash`
	}
	word := src[p.Offset : p.Offset+p.Length]
	if m := wordCall.FindStringSubmatchIndex(src); m != nil && m[2] <= p.Offset {
		// An operator that is called like a function elsewhere.
		name := src[m[2]:m[3]]
		p.Offset, p.Length = m[2], m[3]-m[2]
		p.Message, p.Hint = fmt.Sprintf("%s is no function", name), "write "+useInstead(name)
		return &p
	}
	switch word {
	case "=":
		p.Hint = "compare with =="
	case ":":
		p.Hint = "an object for each element stands in parentheses: map(list, ({name: value}))"
	case "$":
		p.Hint = "inside an expression write names without ${ }"
	case "{":
		p.Hint = "a brace starts an object here; write names without ${ }"
	}
	return &p
}

// spanOf returns the place in bytes of a location, which counts characters.
// The place lies in src and is not empty.
func spanOf(src string, loc file.Location) (offset, length int) {
	from, to := byteOffset(src, loc.From), byteOffset(src, loc.To)
	if from >= len(src) {
		trimmed := strings.TrimRight(src, " \t\r\n")
		_, size := utf8.DecodeLastRuneInString(trimmed)
		return len(trimmed) - size, size
	}
	if to <= from {
		_, size := utf8.DecodeRuneInString(src[from:])
		to = from + size
	}
	return from, to - from
}

// byteOffset returns the place in bytes of the character with that number.
func byteOffset(src string, n int) int {
	for i := range src {
		if n <= 0 {
			return i
		}
		n--
	}
	return len(src)
}

// locationOf returns where a node stands; some nodes of the parser have no
// place of their own and take that of their first part.
func locationOf(n ast.Node) file.Location {
	for n != nil {
		// The parser gives a conditional the place where it ends.
		_, conditional := n.(*ast.ConditionalNode)
		if loc := n.Location(); loc.To > loc.From && !conditional {
			return loc
		}
		switch v := n.(type) {
		case *ast.ConditionalNode:
			n = v.Cond
		case *ast.SequenceNode:
			n = v.Nodes[0]
		case *ast.ChainNode:
			n = v.Node
		case *ast.PredicateNode:
			n = v.Node
		default:
			return n.Location()
		}
	}
	return file.Location{}
}
