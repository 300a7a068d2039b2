package dsl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/diag"
)

// CheckSchema checks the structure of a document against the embedded schema
// of that name and marks what is wrong, so that it is not looked at again. It
// finds what the schema's JSON Schema validator would, in the author's words.
func CheckSchema(t *Tree, name string) diag.List {
	s := &structure{tree: t, workflow: name == "workflow"}
	if t.root == nil || t.root.bad {
		return nil
	}
	s.check(t.root, shapeOf(name))
	s.diags.Sort()
	return s.diags
}

// structure is one check of a tree against a schema.
type structure struct {
	tree     *Tree
	workflow bool
	diags    diag.List
	ids      map[string]bool // ids of steps that stand in the document, nil: not looked for yet
}

// report adds a finding. Of too many it keeps none: nobody reads them.
func (s *structure) report(code diag.Code, n *node, start, end int, message, hint string) *diag.Diagnostic {
	if len(s.diags) > maxJudged {
		return new(diag.Diagnostic)
	}
	s.diags = append(s.diags, diag.Diagnostic{
		Code: code, Span: s.tree.lines.span(start, end), Path: n.pointer(), Message: message, Hint: hint,
	})
	return &s.diags[len(s.diags)-1]
}

// wrong reports n and marks it.
func (s *structure) wrong(code diag.Code, n *node, message, hint string) {
	start, end := n.focus()
	s.report(code, n, start, end, message, hint)
	n.bad = true
}

// name is how a message calls a value.
func (n *node) name() string {
	switch {
	case n.key != nil:
		return strconv.Quote(n.key.text)
	case n.parent != nil && n.parent.key != nil:
		return fmt.Sprintf("entry %d of %q", n.index+1, n.parent.key.text)
	case n.parent != nil:
		return fmt.Sprintf("entry %d", n.index+1)
	}
	return "the document"
}

// got says what an author wrote.
func (n *node) got() string {
	switch n.kind {
	case kindBool, kindNumber:
		return n.kind.String() + ", " + n.text
	case kindString:
		if len(n.text) <= 40 {
			return strconv.Quote(n.text)
		}
	default: // the kind is enough
	}
	return n.kind.String()
}

func (s *structure) check(n *node, sh *shape) {
	if n.bad {
		return
	}
	if len(sh.OneOf) > 0 {
		if sh = s.choose(n, sh); sh == nil {
			n.bad = true
			return
		}
	}
	if !sh.accepts(n) {
		s.wrong(codeKind, n, fmt.Sprintf("%s must be %s, not %s", n.name(), sh.what(), n.got()), s.kindHint(n, sh))
		return
	}
	if len(sh.Enum) > 0 {
		s.checkEnum(n, sh)
		return
	}
	switch n.kind {
	case kindString:
		s.checkText(n, sh)
	case kindNumber:
		s.checkNumber(n, sh)
	case kindList:
		s.checkList(n, sh)
	case kindMap:
		s.checkMap(n, sh)
	default: // null and booleans have nothing more to check
	}
}

func (s *structure) checkEnum(n *node, sh *shape) {
	var names []string
	for _, v := range sh.Enum {
		if name, ok := v.(string); ok {
			if n.kind == kindString && n.text == name {
				return
			}
			names = append(names, name)
		}
	}
	hint := ""
	if text, ok := n.str(); ok {
		if h := neighbourValue(text); h != "" {
			hint = h
		} else if near := nearest(text, names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
	}
	s.wrong(codeValue, n, fmt.Sprintf("%s must be %s, not %s", n.name(), sh.what(), n.got()), hint)
}

func (s *structure) checkText(n *node, sh *shape) {
	length := utf8.RuneCountInString(n.text)
	switch {
	case sh.pattern != nil && !sh.pattern.MatchString(n.text):
		code, hint := patternHint(n, n.text, sh)
		s.wrong(code, n, fmt.Sprintf("%s must be %s, not %s", n.name(), sh.what(), n.got()), hint)
	case length < sh.MinLength:
		s.wrong(codeValue, n, n.name()+" is empty", fmt.Sprintf("it must be %s", sh.what()))
	case sh.MaxLength > 0 && length > sh.MaxLength:
		s.wrong(codeValue, n, fmt.Sprintf("%s has %d characters, more than %d", n.name(), length, sh.MaxLength), "shorten it")
	}
}

func (s *structure) checkNumber(n *node, sh *shape) {
	f, err := strconv.ParseFloat(n.text, 64)
	if err == nil && (sh.Minimum == nil || f >= *sh.Minimum) && (sh.Maximum == nil || f <= *sh.Maximum) {
		return
	}
	s.wrong(codeValue, n, fmt.Sprintf("%s must be %s, not %s", n.name(), sh.what(), n.text), "")
}

func (s *structure) checkList(n *node, sh *shape) {
	if len(n.items) < sh.MinItems && !n.partial {
		s.wrong(codeValue, n, fmt.Sprintf("%s is empty", n.name()), fmt.Sprintf("it must be %s with at least one entry", sh.what()))
		return
	}
	if sh.MaxItems > 0 && len(n.items) > sh.MaxItems {
		s.wrong(codeValue, n, fmt.Sprintf("%s has %d entries, more than %d", n.name(), len(n.items), sh.MaxItems), "leave some out")
		return
	}
	if sh.Items == nil {
		return
	}
	for _, c := range n.items {
		s.check(c, sh.Items)
	}
}

func (s *structure) checkMap(n *node, sh *shape) {
	if len(n.items) < sh.MinProperties && !n.partial {
		s.wrong(codeValue, n, fmt.Sprintf("%s is empty", n.name()), fmt.Sprintf("it must be %s with at least one entry", sh.what()))
		return
	}
	if sh.MaxProperties > 0 && len(n.items) > sh.MaxProperties {
		extra := n.items[sh.MaxProperties]
		s.report(codeValue, extra, extra.key.start, extra.key.end, fmt.Sprintf("%s must be %s", n.name(), sh.what()), "keep one of them")
		n.bad = true
		return
	}
	s.required(n, sh, s.repair(n, sh))
	for i, k := range n.keys {
		v := n.items[i]
		if p := sh.Properties[k.text]; p != nil {
			s.check(v, p)
			continue
		}
		if sh.PropertyNames != nil && !s.checkKey(k, v, sh.PropertyNames) {
			continue
		}
		if sh.Additional != nil && sh.Additional.shape != nil {
			s.check(v, sh.Additional.shape)
		}
	}
}

// checkKey checks a key that an author has chosen.
func (s *structure) checkKey(k, v *node, names *shape) bool {
	if names.pattern == nil || names.pattern.MatchString(k.text) && (names.MaxLength == 0 || utf8.RuneCountInString(k.text) <= names.MaxLength) {
		return true
	}
	code, hint := patternHint(k, k.text, names)
	s.report(code, v, k.start, k.end, fmt.Sprintf("%q must be %s", k.text, names.what()), hint)
	v.bad = true
	return false
}

// repair reports the keys that do not belong to a mapping. One that stands for
// another key is taken for that, so that what is in it is looked at as well
// and the other one is not missing. It returns the keys that are stood for.
func (s *structure) repair(n *node, sh *shape) (meant map[string]bool) {
	if sh.Additional == nil || !sh.Additional.closed {
		return nil
	}
	for i, k := range n.keys {
		if sh.Properties[k.text] != nil {
			continue
		}
		v := n.items[i]
		if v.bad && v.kind != kindNull {
			continue
		}
		f := s.unknownKey(n, k, v, sh)
		if f.meant == "" || n.has(f.meant) || meant[f.meant] {
			v.bad = true
			continue
		}
		if meant == nil {
			meant = map[string]bool{}
		}
		meant[f.meant] = true
		if p := sh.Properties[f.meant]; p == nil || !p.accepts(v) {
			v.bad = true
			continue
		}
		n.rename(i, f.meant)
	}
	return meant
}

// required reports members that are missing, all in one finding.
func (s *structure) required(n *node, sh *shape, meant map[string]bool) {
	var missing []string
	for _, name := range sh.Required {
		if n.has(name) || meant[name] || n.partial || s.hidden(n) {
			continue
		}
		missing = append(missing, strconv.Quote(name))
	}
	if len(missing) == 0 {
		return
	}
	start, end := n.focus()
	hint := s.missingHint(n, sh, meant)
	whose := n.name()
	if n.parent == nil {
		whose = sh.what()
	}
	s.report(codeMissingKey, n, start, end, fmt.Sprintf("%s lacks %s", whose, strings.Join(missing, " and ")), hint)
}

// hidden tells that a syntax error hides entries of the document, so that a
// missing one may well be there.
func (s *structure) hidden(n *node) bool {
	return n.parent == nil && slices.ContainsFunc(s.tree.gaps, func(g gap) bool { return g.top })
}

// unknownKey reports a key that does not belong there.
func (s *structure) unknownKey(n, k, v *node, sh *shape) finding {
	var f finding
	switch {
	case len(s.diags) > maxJudged:
		return f // nobody would read it
	case s.workflow:
		f = workflowKey(n, k.text, sh)
	default:
		f = finding{code: codeUnknownKey, message: fmt.Sprintf("unknown key %q in %s", k.text, n.name())}
		if f.meant = nearest(k.text, sh.names); f.meant != "" {
			f.hint = fmt.Sprintf("did you mean %q?", f.meant)
		}
	}
	switch {
	case f.hint != "":
	case len(sh.names) == 0:
		f.hint = "remove it: nothing stands here"
	case len(sh.names) <= 16:
		f.hint = "what can stand here: " + strings.Join(sh.names, ", ")
	default:
		f.hint = "remove it, or correct the spelling"
	}
	s.report(f.code, v, k.start, k.end, f.message, f.hint)
	return f
}

// choose returns the alternative that n is meant to be: of a step the one of
// its verb, of a trigger the one of its kind, of anything else the first that
// has its kind or, among mappings, its keys. It reports when there is none.
func (s *structure) choose(n *node, sh *shape) *shape {
	if n.kind == kindMap {
		switch {
		case strings.HasPrefix(sh.Title, "a step"):
			return s.chooseVerb(n, sh)
		case strings.HasPrefix(sh.Title, "a trigger"):
			return s.chooseTrigger(n, sh)
		}
	}
	var fit []*shape
	for _, o := range sh.OneOf {
		if o.accepts(n) {
			fit = append(fit, o)
		}
	}
	if len(fit) > 1 && n.kind == kindMap {
		return s.chooseByKey(n, fit)
	}
	if len(fit) > 0 {
		return fit[0]
	}
	s.wrong(codeKind, n, fmt.Sprintf("%s must be %s, not %s", n.name(), sh.what(), n.got()), s.kindHint(n, sh))
	return nil
}

// chooseByKey returns the mapping that n has most of the keys of that tell it
// from the others; it reports when there are none.
func (s *structure) chooseByKey(n *node, fit []*shape) *shape {
	best, most := (*shape)(nil), 0
	var names []string
	for _, o := range fit {
		keys, named := 0, false
		for _, name := range o.Required {
			if !slices.ContainsFunc(fit, func(x *shape) bool { return !slices.Contains(x.Required, name) }) {
				continue // all need it
			}
			if !named {
				names, named = append(names, strconv.Quote(name)), true
			}
			if n.has(name) {
				keys++
			}
		}
		if keys > most {
			best, most = o, keys
		}
	}
	if best == nil {
		hint := ""
		for _, k := range n.keys {
			if near := nearest(strconv.Quote(k.text), names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
				s.report(codeUnknownKey, n, k.start, k.end, fmt.Sprintf("unknown key %q in %s", k.text, n.name()), hint)
				return nil
			}
		}
		start, end := n.focus()
		s.report(codeMissingKey, n, start, end, fmt.Sprintf("%s lacks %s", n.name(), strings.Join(names, " or ")), hint)
	}
	return best
}

// chooseVerb returns the branch of the step's verb.
func (s *structure) chooseVerb(n *node, sh *shape) *shape {
	found := verbsOf(n)
	switch len(found) {
	case 0:
		if !n.partial {
			return s.noVerb(n, sh)
		}
		s.checkRest(n, sh.OneOf, "")
		return nil
	case 1:
	default:
		first, second := found[0], found[1]
		s.checkRest(n, sh.OneOf, "")
		d := s.report(codeTwoVerbs, n, second.start, second.end,
			fmt.Sprintf("a step has one verb, this one has %q and %q", first.text, second.text),
			"make two steps of them; a sequence inside another step goes into a do")
		d.Related = []diag.Related{{Span: s.tree.lines.span(first.start, first.end), Message: "the first verb is here"}}
		return nil
	}
	k := found[0]
	for _, o := range sh.OneOf {
		if o.Title == k.text {
			return o
		}
	}
	panic(fmt.Sprintf("dsl: the schema has no branch for %q", k.text))
}

// chooseTrigger returns the branch of the trigger's kind.
func (s *structure) chooseTrigger(n *node, sh *shape) *shape {
	var found []*node
	for _, k := range n.keys {
		if slices.Contains(triggerKinds, k.text) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		if !n.partial {
			return s.noKind(n, sh)
		}
		s.checkRest(n, sh.OneOf, "")
		return nil
	case 1:
	default:
		first, second := found[0], found[1]
		d := s.report(codeTwoVerbs, n, second.start, second.end,
			fmt.Sprintf("a trigger fires in one way, this one has %q and %q", first.text, second.text), "make two triggers of them")
		d.Related = []diag.Related{{Span: s.tree.lines.span(first.start, first.end), Message: "the first one is here"}}
		return nil
	}
	for _, o := range sh.OneOf {
		if o.Title == found[0].text {
			return o
		}
	}
	panic(fmt.Sprintf("dsl: the schema has no branch for %q", found[0].text))
}

// keyOf returns the key of that name in n, nil when there is none.
func keyOf(n *node, name string) *node {
	if v := n.get(name); v != nil {
		return v.key
	}
	return nil
}
