package dsl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
)

// condition compiles a bare expression that is true or false.
func (c *compiler) condition(n *node, p place) *expression.Program {
	p.wantBool = true
	prog, _ := c.bare(n, p)
	return prog
}

// bare compiles what stands at a place where expressions need no ${ }: a text
// is an expression, anything else stands for itself.
func (c *compiler) bare(n *node, p place) (*expression.Program, *expression.Type) {
	if n == nil || n.bad {
		return nil, anyType
	}
	src := n.text
	switch n.kind {
	case kindString:
		if c.misplaced(n, p.s) || c.otherBoolean(n, p) {
			return nil, anyType
		}
	case kindBool:
		src = strings.ToLower(src) // True and TRUE are booleans of YAML
	case kindList, kindMap:
		src = string(appendCanonical(nil, n))
		if i := strings.Index(src, "${"); i >= 0 {
			c.atKey(codeInPlace, n, "a list at this place stands for itself, ${ } has no place in it",
				fmt.Sprintf("write the whole as one expression, in quotes: %s: '[ … ]'", n.key.text))
			return nil, anyType
		}
	default: // numbers and null are written as expressions are
	}
	return c.compileExpression(n, src, 0, p)
}

// misplaced reports what a bare expression of step s, which may be nil, must
// not hold.
func (c *compiler) misplaced(n *node, s *step) bool {
	if c.cutByComment(n) {
		return true
	}
	parts, problem := expression.SplitText(n.text)
	if problem == nil && !slices.ContainsFunc(parts, func(p expression.Part) bool { return p.Expr }) {
		return false
	}
	at := dollarBrace(n.text)
	if at < 0 {
		return false // inside of a string literal
	}
	hint := "write the expression as it is, without ${ }"
	if len(parts) == 1 && parts[0].Expr && n.key != nil {
		hint = fmt.Sprintf("write %s: %s", n.key.text, yamlText(strings.TrimSpace(parts[0].Text)))
	}
	if h := neighbourCondition(n.text, s); h != "" {
		hint = h
	}
	c.inText(codeInPlace, n, at, 2, "this is an expression already, ${ } has no place in it", hint)
	return true
}

// otherBoolean reports a word that some readers of YAML take for a boolean,
// in quotes or not: the standard form of a file has it in quotes.
func (c *compiler) otherBoolean(n *node, p place) bool {
	b := booleanWord(n.text)
	plain := n.style == stylePlain
	if b == "" || !plain && n.text == b || !c.judging || c.tree.root.style == styleJSON {
		return false
	}
	if _, known := c.scope(n.text, p).Names[n.text]; known {
		return false
	}
	message := fmt.Sprintf("%q is a text, and no expression", n.text)
	if plain {
		message = fmt.Sprintf("some YAML readers take %s for %s, others for a text", n.text, b)
	}
	c.at(codeSurprise, n, message, fmt.Sprintf("write %q, without quotes", b))
	return true
}

// dollarBrace returns the place of the first ${ outside of string literals.
func dollarBrace(src string) int {
	quote := byte(0)
	for i := 0; i < len(src); i++ {
		switch ch := src[i]; {
		case quote != 0 && ch == '\\' && quote != '`':
			i++
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case ch == '"' || ch == '\'' || ch == '`':
			quote = ch
		case ch == '$' && i+1 < len(src) && src[i+1] == '{':
			return i
		}
	}
	return -1
}

// yamlText writes an expression as a YAML value that reads as itself.
func yamlText(s string) string {
	if s == "" || strings.ContainsAny(s, ":#\"'{}[]!&*|>%@`?") {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return s
}

// cutByComment reports a plain scalar with an expression behind which a " #"
// begins a comment: what follows may have been meant to belong to it.
func (c *compiler) cutByComment(n *node) bool {
	if n.style != stylePlain || n.kind != kindString || !c.judging {
		return false
	}
	src, i := c.tree.Source, n.end
	for i < len(src) && (src[i] == ' ' || src[i] == '\t') {
		i++
	}
	if i >= len(src) || src[i] != '#' || i == n.end {
		return false
	}
	end := c.tree.lines.lineEnd(c.tree.lines.lineOf(i))
	whole := n.text + string(src[n.end:end])
	key := ""
	if n.key != nil {
		key = n.key.text
	}
	c.report(codeComment, n, i, i+1, "YAML reads what follows \" #\" as a comment, so the expression ends before it",
		strings.Replace(quoteWhole(key, strings.TrimRight(whole, " ")), "quote", "if it belongs to the expression, quote", 1)+"; put a comment on a line of its own")
	n.bad = true
	return true
}

// inText reports a stretch of the decoded text of n.
func (c *compiler) inText(code diag.Code, n *node, off, length int, message, hint string) *diag.Diagnostic {
	start, end := n.start, n.end
	if c.placing != n {
		c.placing = n
		c.offsets, _ = offsets(c.tree.Source, n)
	}
	if at := c.offsets; at != nil {
		off = min(max(off, 0), len(n.text))
		last := min(off+max(length, 1), len(n.text))
		start, end = at[off], at[last]
		if end <= start {
			end = start + 1
		}
	}
	return c.report(code, n, start, end, message, hint)
}

// maxJudged is how many findings there may be before expressions are no longer
// looked at: most of what is found is left out anyway. Of errors as many as are
// shown are enough, for nothing takes their place.
const maxJudged = 10 * maxFindings

// compileExpression compiles src, which starts at byte off of the text of n.
func (c *compiler) compileExpression(n *node, src string, off int, p place) (*expression.Program, *expression.Type) {
	if len(c.diags) > maxJudged || c.wrong > maxFindings {
		c.hasty = true
		return nil, anyType
	}
	sc := c.scope(src, p)
	if !c.judging {
		aliases := map[string]expression.Read{}
		for name, v := range sc.Names {
			if v.Alias != nil {
				aliases[name] = *v.Alias
			}
		}
		prog, err := expression.Load(src, aliases)
		if err != nil {
			c.fail(fmt.Errorf("%s: %w", n.pointer(), err))
		}
		return prog, anyType
	}
	prog, t, problems := expression.Compile(src, sc)
	for _, q := range problems {
		hint := q.Hint
		if h := neighbourCondition(src, p.s); h != "" {
			hint = h
		} else if strings.HasPrefix(strings.TrimSpace(src), "@") || strings.Contains(src, "@{") {
			hint = ofLogicApps
			if t := translated(strings.TrimPrefix(strings.TrimSpace(src), "@")); t != "" && n.key != nil {
				hint = fmt.Sprintf("write %s: %s", n.key.text, yamlText(t))
			}
		} else if t := ofJSONPath(src, q.Offset); t != "" {
			hint = "this is JSONPath: write " + t
		}
		var d *diag.Diagnostic
		if n.kind == kindString {
			from, length := token(src, q.Offset, q.Length)
			d = c.inText(diag.Code(q.Code), n, off+from, length, q.Message, hint)
		} else {
			d = c.at(diag.Code(q.Code), n, q.Message, hint)
		}
		if q.Warning {
			d.Severity = diag.Warning
		} else {
			c.wrong++
		}
	}
	if t == nil {
		t = anyType
	}
	return prog, t
}

// token moves a stretch of an expression off the white space at its ends: one
// of nothing else goes to the last token before it, or to the ${ in front.
func token(src string, off, length int) (from, n int) {
	off = min(max(off, 0), len(src))
	part := src[off:min(off+length, len(src))]
	if trimmed := strings.TrimLeft(part, " \t\r\n"); trimmed != "" {
		return off + len(part) - len(trimmed), len(strings.TrimRight(trimmed, " \t\r\n"))
	}
	if before := strings.TrimRight(src[:off], " \t\r\n"); before != "" {
		return len(before) - 1, 1
	}
	return -2, 2
}

// template compiles a value with ${ } in it and returns its static type. The
// template is never nil; what is wrong with it is a literal null.
func (c *compiler) template(n *node, p place) (*expression.Template, *expression.Type) {
	if n == nil {
		return nil, nullType
	}
	if n.bad {
		return expression.Literal(nil), anyType
	}
	switch n.kind {
	case kindString:
		t, typ := c.textTemplate(n, p)
		if c.types != nil {
			c.types[n] = typ
		}
		return t, typ
	case kindList:
		items, elem := make([]*expression.Template, len(n.items)), (*expression.Type)(nil)
		for i, item := range n.items {
			t, typ := c.template(item, p)
			items[i] = t
			if elem == nil {
				elem = typ
			} else {
				elem = expression.Union(elem, typ)
			}
		}
		return expression.List(items), &expression.Type{Kind: expression.TypeList, Elem: elem}
	case kindMap:
		keys, vals := make([]string, len(n.keys)), make([]*expression.Template, len(n.keys))
		typ := &expression.Type{Kind: expression.TypeObject}
		for i, at := range sortedKeys(n) {
			t, ft := c.template(n.items[at], p)
			keys[i], vals[i] = n.keys[at].text, t
			typ.Fields = append(typ.Fields, field(keys[i], ft))
			c.expressionInKey(n.keys[at], n.items[at])
		}
		return expression.Object(keys, vals), typ
	default:
		return expression.Literal(n.value), expression.TypeOf(n.value)
	}
}

func (c *compiler) expressionInKey(k, v *node) {
	if i := strings.Index(k.text, "${"); i >= 0 && !strings.Contains(k.text, "$${") {
		c.report(codeInPlace, v, k.start, k.end, "a key is always literal, ${ } has no place in it",
			"build the object in one expression: \"${ fromPairs([[name, value]]) }\"")
	}
}

// textTemplate compiles a text: a literal, one expression, or a mix.
func (c *compiler) textTemplate(n *node, p place) (*expression.Template, *expression.Type) {
	if c.neighbourText(n) {
		return expression.Literal(nil), anyType
	}
	if !strings.Contains(n.text, "${") {
		c.looksLikeExpression(n, p)
		return expression.Literal(n.text), expression.TypeOf(n.text)
	}
	if c.cutByComment(n) {
		return expression.Literal(nil), anyType
	}
	parts, problem := expression.SplitText(n.text)
	if problem != nil {
		c.inText(diag.Code(problem.Code), n, problem.Offset, problem.Length, problem.Message, problem.Hint)
		c.fail(fmt.Errorf("%s: %s", n.pointer(), problem.Message))
		return expression.Literal(nil), anyType
	}
	if len(parts) == 1 {
		if !parts[0].Expr {
			return expression.Literal(parts[0].Text), expression.TypeOf(parts[0].Text)
		}
		prog, t := c.compileExpression(n, parts[0].Text, parts[0].Offset, p)
		if prog == nil {
			return expression.Literal(nil), anyType
		}
		return expression.Dynamic(prog), t
	}
	out := make([]*expression.Template, 0, len(parts))
	typ := stringType
	for _, part := range parts {
		if !part.Expr {
			out = append(out, expression.Literal(part.Text))
			continue
		}
		prog, t := c.compileExpression(n, part.Text, part.Offset, p)
		if prog == nil {
			continue
		}
		out = append(out, expression.Dynamic(prog))
		if t.Kind == expression.TypeSecret {
			typ = secretType
		}
		c.checkInText(n, part, t)
	}
	return expression.Text(out), typ
}

// checkInText reports an expression whose value cannot stand in text.
func (c *compiler) checkInText(n *node, part expression.Part, t *expression.Type) {
	lead := len(part.Text) - len(strings.TrimLeft(part.Text, " \t\r\n"))
	off, length := part.Offset+lead, len(strings.TrimSpace(part.Text))
	src := strings.TrimSpace(part.Text)
	switch {
	case t.Kind == expression.TypeObject || t.Kind == expression.TypeList:
		c.inText(codeInText, n, off, length, fmt.Sprintf("a text takes texts, numbers and booleans, this is %s", t),
			fmt.Sprintf("write ${ toJSON(%s) }", src))
	case t.Kind == expression.TypeNull || t.Nullable:
		c.inText(codeInText, n, off, length, "this may be null, which a text does not take",
			fmt.Sprintf(`write ${ %s ?? '' }, or another text for null`, src))
	}
}

// neighbourText reports the expressions of other languages in a text. It tells
// whether the text cannot be read as one of this language.
func (c *compiler) neighbourText(n *node) bool {
	at, length, hint := neighbourIn(n.text)
	if hint == "" {
		return false
	}
	token := n.text[at : at+length]
	if strings.HasPrefix(token, "{{") { // it may be a template for somebody else
		d := c.inText(codeLooksLike, n, at, length, fmt.Sprintf("%q is text, though it reads as an expression", token), hint)
		d.Severity = diag.Warning
		return false
	}
	c.inText(codeInPlace, n, at, length, fmt.Sprintf("%q is not an expression here, it is text", token), hint)
	return strings.HasPrefix(token, "${{")
}

var likeExpression = regexp.MustCompile(`^(input|params|vars|steps|loops|trigger|secrets)(\?)?\.[A-Za-z_]`)

// looksLikeExpression warns of a literal that reads as an expression over
// known names.
func (c *compiler) looksLikeExpression(n *node, p place) {
	if !c.judging || len(n.text) > 200 || !likeExpression.MatchString(n.text) {
		return
	}
	p.secrets = true
	sc := c.scope(n.text, p)
	sc.WarnAny = false
	if _, _, problems := expression.Compile(n.text, sc); len(problems) > 0 {
		return
	}
	d := c.at(codeLooksLike, n, "this is text, though it reads as an expression", fmt.Sprintf("to compute it, write \"${ %s }\"", n.text))
	d.Severity = diag.Warning
}
