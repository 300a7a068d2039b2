package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// verbs are the verbs of this version. A loop's do and a guard's if are not
// verbs of their own: verbsOf says which stand for one.
var verbs = []string{
	"action", "compose", "set", "append", "increment", "if", "switch", "foreach", "while", "until",
	"parallel", "do", "wait", "await", "respond", "return", "fail", "terminate", "rollback",
}

// laterVerbs are verbs of the language that this version does not have.
var laterVerbs = []string{"race", "approval", "call", "emit"}

// laterKeys are other keys of the language that this version does not have,
// by the place that they belong to.
var laterKeys = map[string][]string{
	"":        {"concurrency", "listen"},
	"step":    {"track", "detach"},
	"trigger": {"schedule", "event", "auth", "dedupe", "where", "splitOn", "rateLimit"},
	"await":   {"event", "match"},
}

// verbsOf returns the keys of n that are verbs, in order.
func verbsOf(n *node) []*node {
	loop := n.has("foreach") || n.has("while") || n.has("until")
	var out []*node
	for _, k := range n.keys {
		switch {
		case k.text == "do" && loop:
		case k.text == "if" && !n.has("then"):
		case slices.Contains(verbs, k.text) || slices.Contains(laterVerbs, k.text):
			out = append(out, k)
		}
	}
	return out
}

// commonKeys are the keys that every step may have.
func commonKeys() []string {
	return []string{"id", "name", "description", "if", "runAfter", "timeout", "onTimeout", "retry", "catch", "finally", "compensate", "secure"}
}

// ownersOf returns the verbs whose steps may have a key.
func ownersOf(key string) []string {
	var out []string
	for _, o := range shapeOf("workflow").Defs["step"].OneOf {
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
	case sh.Title == "a trigger":
		return "trigger"
	case n.key != nil && n.key.text == "await":
		return "await"
	}
	return "other"
}

// hasLaterKey tells that n is of a kind that this version does not have, so
// that what it lacks is beside the point.
func hasLaterKey(n *node, sh *shape) bool {
	later := laterKeys[placeOf(n, sh)]
	return n.parent != nil && slices.ContainsFunc(n.keys, func(k *node) bool { return slices.Contains(later, k.text) })
}

// workflowKey says more about an unknown key than that it is unknown; an empty
// code where it cannot.
func workflowKey(n *node, key string, sh *shape) (code diag.Code, message, hint string) {
	place := placeOf(n, sh)
	if slices.Contains(laterKeys[place], key) {
		return codeNotSupported, fmt.Sprintf("%q is not supported yet by this version", key), ""
	}
	if place == "step" {
		if h := neighbourKey(key); h != "" {
			return codeUnknownKey, fmt.Sprintf("unknown key %q in this step", key), h
		}
		if owners := ownersOf(key); len(owners) > 0 {
			return codeIneffective, fmt.Sprintf("%q has no effect in a step whose verb is %q", key, sh.Title),
				fmt.Sprintf("it belongs to %s", strings.Join(owners, ", "))
		}
		hint := ""
		if near := nearest(key, sh.names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return codeUnknownKey, fmt.Sprintf("unknown key %q in this step", key), hint
	}
	if h := neighbourKey(key); h != "" {
		where := "the workflow"
		if place != "" {
			where = n.name()
		}
		return codeUnknownKey, fmt.Sprintf("unknown key %q in %s", key, where), h
	}
	return "", "", ""
}
