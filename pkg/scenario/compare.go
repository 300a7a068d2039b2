package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Value is a value of a run.
type Value = expression.Value

// decoded returns JSON as the expressions of a workflow see it; null when it
// is none.
func decoded(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	x, err := expression.DecodeRaw(raw)
	if err != nil {
		return nil
	}
	return x
}

func textOf(raw json.RawMessage) string {
	s, _ := decoded(raw).(string)
	return s
}

// compact returns JSON with sorted keys.
func compact(raw json.RawMessage) string {
	b, err := expression.Encode(decoded(raw))
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// contains returns where got does not hold want, as a JSON Pointer and the
// reason; empty when it does. An object may have more members than wanted; a
// list has the elements that are wanted, each of which may hold more.
func contains(got, want any, at string) string {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return differs(got, want, at)
		}
		for _, name := range slices.Sorted(maps.Keys(want)) {
			member, ok := object[name]
			if !ok {
				return fmt.Sprintf("%s/%s is missing", at, escape(name))
			}
			if why := contains(member, want[name], at+"/"+escape(name)); why != "" {
				return why
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok {
			return differs(got, want, at)
		}
		if len(list) != len(want) {
			return fmt.Sprintf("%s has %d elements, not %d", orWhole(at), len(list), len(want))
		}
		for i := range want {
			if why := contains(list[i], want[i], fmt.Sprintf("%s/%d", at, i)); why != "" {
				return why
			}
		}
		return ""
	}
	if !equal(got, want) {
		return differs(got, want, at)
	}
	return ""
}

// equal compares by value: 1 and 1.0 are one number.
func equal(got, want any) bool {
	a, errA := expression.Encode(got)
	b, errB := expression.Encode(want)
	return errA == nil && errB == nil && string(a) == string(b)
}

func differs(got, want any, at string) string {
	return fmt.Sprintf("%s is %s, not %s", orWhole(at), show(got), show(want))
}

func orWhole(at string) string {
	if at == "" {
		return "the whole"
	}
	return at
}

func show(x any) string {
	b, err := expression.Encode(x)
	if err != nil {
		return fmt.Sprint(x)
	}
	return clip(string(b))
}

// maxShown is how many bytes of a value a finding shows.
const maxShown = 2000

func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return s[:maxShown] + "…"
}
