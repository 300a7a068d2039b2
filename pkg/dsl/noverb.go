package dsl

import (
	"fmt"
	"slices"
)

// noKind reports a trigger that does not say how it fires.
func (s *structure) noKind(n *node, sh *shape) *shape {
	start, end := n.focus()
	hint := "say how it fires: http: { path }, schedule: { cron } or event: { type }"
	for _, k := range n.keys {
		if near := nearest(k.text, triggerKinds); near != "" {
			s.report(codeNoVerb, n, k.start, k.end, "the trigger does not say how it fires", fmt.Sprintf("did you mean %q?", near))
			return s.taken(n, k, near, sh)
		}
		if h := neighbourTrigger(k.text, n.get(k.text)); h != "" {
			s.report(codeNoVerb, n, k.start, k.end, "the trigger does not say how it fires", h)
			s.checkRest(n, sh.OneOf, k.text)
			return nil
		}
	}
	s.report(codeNoVerb, n, start, end, "the trigger does not say how it fires", hint)
	s.checkRest(n, sh.OneOf, "")
	return nil
}

const verbsAre = "say what it does: action, compose, set, if … then, switch, foreach, while, until, parallel, race, do, wait, await, approval, call, emit, respond, return, fail, rollback"

// noVerb reports a step without a verb. It returns the branch of the verb that
// one of its keys stands for, nil when none does.
func (s *structure) noVerb(n *node, sh *shape) *shape {
	const message = "the step has no verb"
	for _, k := range n.keys {
		hint, meant := neighbourKey("step", k.text, n.get(k.text))
		switch {
		case hint != "" && slices.Contains(verbs, meant) && (meant != "if" || n.has("then")):
			s.report(codeNoVerb, n, k.start, k.end, message, hint)
			return s.taken(n, k, meant, sh)
		case hint != "":
			s.report(codeNoVerb, n, k.start, k.end, message, hint)
			s.checkRest(n, sh.OneOf, k.text)
			return nil
		case slices.Contains(commonKeys(), k.text) || len(ownersOf("step", k.text)) > 0:
			continue
		}
		if near := nearest(k.text, verbs); near != "" {
			s.report(codeNoVerb, n, k.start, k.end, fmt.Sprintf("the step has no verb, %q is none", k.text), fmt.Sprintf("did you mean %q?", near))
			return s.taken(n, k, near, sh)
		}
		if nearest(k.text, commonKeys()) == "" {
			s.report(codeNoVerb, n, k.start, k.end, fmt.Sprintf("the step has no verb, %q is none", k.text), verbsAre)
			s.checkRest(n, sh.OneOf, k.text)
			return nil
		}
	}
	s.verbless(n)
	s.checkRest(n, sh.OneOf, "")
	return nil
}

// verbless reports a step of which nothing can be told.
func (s *structure) verbless(n *node) {
	start, end := n.focus()
	message, hint := "the step has no verb", verbsAre
	switch {
	case n.has("else"):
		k := keyOf(n, "else")
		start, end = k.start, k.end
		message, hint = `"else" stands without "then"`, "write then: as well; to turn the condition round, use not (…)"
	case n.has("if"):
		k := keyOf(n, "if")
		start, end = k.start, k.end
		hint = "an if needs then:, or a verb that it guards"
	case n.has("with"):
		k := keyOf(n, "with")
		start, end = k.start, k.end
		hint = "say whose input it is: action: connector.operation, or call: WORKFLOW"
	}
	s.report(codeNoVerb, n, start, end, message, hint)
}

// taken lets the key k of n stand for the verb, or the kind of trigger, that was
// meant, and returns its branch: nil where the value cannot be one of it.
func (s *structure) taken(n, k *node, meant string, sh *shape) *shape {
	for _, o := range sh.OneOf {
		if o.Title != meant {
			continue
		}
		i := slices.Index(n.keys, k)
		if n.has(meant) || !o.Properties[meant].accepts(n.items[i]) {
			break
		}
		n.rename(i, meant)
		return o
	}
	s.checkRest(n, sh.OneOf, k.text)
	return nil
}

// checkRest checks the keys of a step, or a trigger, that has no branch, each
// as the first branch that has it says. said is the key with a finding.
func (s *structure) checkRest(n *node, branches []*shape, said string) {
	for i, k := range n.keys {
		if k.text == said {
			continue
		}
		known := false
		for _, o := range branches {
			if p := o.Properties[k.text]; p != nil {
				s.check(n.items[i], p)
				known = true
				break
			}
		}
		if !known {
			s.unknownKey(n, k, n.items[i], branches[0])
		}
	}
}
