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
	if of != "step" && of != "trigger" {
		return nil
	}
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

// neighbourPlace names the place of a mapping as neighbourPlaces does.
func neighbourPlace(n *node, sh *shape) string {
	switch place := placeOf(n, sh); {
	case place == "":
		return "workflow"
	case place != "other":
		return place
	case n.key != nil:
		return n.key.text
	case n.parent.key != nil:
		return n.parent.key.text
	}
	return ""
}

// finding is what is said of a key. meant is the key of the language that it
// stands for, empty when nothing is known.
type finding struct {
	code          diag.Code
	message, hint string
	meant         string
}

// workflowKey says what is wrong with a key that a mapping of a workflow does
// not have.
func workflowKey(n *node, key string, sh *shape) finding {
	place := neighbourPlace(n, sh)
	f := finding{code: codeUnknownKey, message: fmt.Sprintf("unknown key %q in %s", key, calledIn(n, place))}
	if owners := ownersOf(place, key); len(owners) > 0 {
		if f.code = codeIneffective; place == "trigger" {
			f.message = fmt.Sprintf("%q has no effect in a trigger by %s", key, sh.Title)
			f.hint = fmt.Sprintf("it belongs to triggers by %s", strings.Join(owners, ", "))
			return f
		}
		f.message = fmt.Sprintf("%q has no effect in a step whose verb is %q", key, sh.Title)
		if f.hint = "it belongs to " + strings.Join(owners, ", "); len(owners) > maxOwners {
			f.hint = "remove it"
		}
		return f
	}
	if f.hint, f.meant = neighbourKey(place, key, n.get(key)); f.hint != "" {
		return f
	}
	if f.meant = nearest(key, sh.names); f.meant != "" {
		f.hint = fmt.Sprintf("did you mean %q?", f.meant)
	} else if near := nearest(key, commonKeys()); near != "" && place == "step" {
		f.hint = fmt.Sprintf("remove it: %q has no effect in a step whose verb is %q", near, sh.Title)
	}
	return f
}

// calledIn is how a message calls the mapping that a key stands in.
func calledIn(n *node, place string) string {
	switch place {
	case "workflow":
		return "the document"
	case "step":
		return "this step"
	}
	return n.name()
}

// maxOwners is how many verbs a hint lists.
const maxOwners = 6
