package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// verbs are the verbs. A loop's do and a guard's if are not verbs of their own:
// verbsOf says which stand for one.
var verbs = []string{
	"action", "compose", "set", "append", "increment", "if", "switch", "foreach", "while", "until", "parallel", "race", "do",
	"wait", "await", "approval", "call", "emit", "respond", "return", "fail", "terminate", "rollback",
}

// triggerKinds are the ways in which a trigger fires.
var triggerKinds = []string{"http", "schedule", "event"}

// verbsOf returns the keys of n that are verbs, in order.
func verbsOf(n *node) []*node {
	loop := n.has("foreach") || n.has("while") || n.has("until")
	var out []*node
	for _, k := range n.keys {
		switch {
		case k.text == "do" && loop:
		case k.text == "if" && !n.has("then"):
		case slices.Contains(verbs, k.text):
			out = append(out, k)
		}
	}
	return out
}

// commonKeys are the keys that every step may have.
func commonKeys() []string {
	return []string{"id", "name", "description", "if", "runAfter", "timeout", "onTimeout", "retry", "catch", "finally", "compensate", "secure", "track"}
}

// ownersOf returns the verbs whose steps, or the kinds of triggers that, may
// have a key.
func ownersOf(of, key string) []string {
	var out []string
	for _, o := range shapeOf("workflow").Defs[of].OneOf {
		if o.Properties[key] != nil {
			out = append(out, o.Title)
		}
	}
	return out
}

// placeOf says which kind of mapping of the language n is.
func placeOf(n *node, sh *shape) string {
	switch {
	case n.parent == nil:
		return ""
	case slices.Contains(verbs, sh.Title):
		return "step"
	case slices.Contains(triggerKinds, sh.Title):
		return "trigger"
	}
	return "other"
}

// workflowKey says more about an unknown key than that it is unknown; an empty
// code where it cannot.
func workflowKey(n *node, key string, sh *shape) (code diag.Code, message, hint string) {
	place := placeOf(n, sh)
	switch place {
	case "step":
		return stepKey(n, key, sh)
	case "trigger":
		if owners := ownersOf("trigger", key); len(owners) > 0 {
			return codeIneffective, fmt.Sprintf("%q has no effect in a trigger by %s", key, sh.Title),
				fmt.Sprintf("it belongs to triggers by %s", strings.Join(owners, ", "))
		}
	}
	if h := neighbourKey(key, n.get(key)); h != "" {
		where := "the workflow"
		if place != "" {
			where = n.name()
		}
		return codeUnknownKey, fmt.Sprintf("unknown key %q in %s", key, where), h
	}
	return "", "", ""
}

// maxOwners is how many verbs a hint lists.
const maxOwners = 6

// stepKey says what is wrong with a key that a step of that verb does not have.
func stepKey(n *node, key string, sh *shape) (code diag.Code, message, hint string) {
	if h := neighbourKey(key, n.get(key)); h != "" {
		return codeUnknownKey, fmt.Sprintf("unknown key %q in this step", key), h
	}
	if owners := ownersOf("step", key); len(owners) > 0 {
		hint = "it belongs to " + strings.Join(owners, ", ")
		if len(owners) > maxOwners {
			hint = "remove it"
		}
		return codeIneffective, fmt.Sprintf("%q has no effect in a step whose verb is %q", key, sh.Title), hint
	}
	if near := nearest(key, sh.names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if near := nearest(key, commonKeys()); near != "" {
		hint = fmt.Sprintf("remove it: %q has no effect in a step whose verb is %q", near, sh.Title)
	}
	return codeUnknownKey, fmt.Sprintf("unknown key %q in this step", key), hint
}
