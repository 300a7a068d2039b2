package config

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

const (
	codeDuration     diag.Code = "E212"
	codeUnknownLimit diag.Code = "E222"
)

// Limit is how much is asked at once, and how fast. The zero value is no
// bound.
type Limit struct {
	Parallel int // how many calls run at once; 0: no bound
	Rate     Rate
}

// Rate is how many calls are made in any stretch of time of the length Per.
// The zero value is no bound.
type Rate struct {
	Count int
	Per   time.Duration
}

// LimitNames returns the names of the environment's limits, sorted.
func (e *Environment) LimitNames() []string { return slices.Sorted(maps.Keys(e.Limits)) }

// limits reads the limits that have names.
func (l *loader) limits(env *Environment, doc map[string]any) {
	all, _ := doc["limits"].(map[string]any)
	for _, name := range sorted(all) {
		env.Limits[name] = l.limit("/limits/"+escape(name), all[name])
	}
}

// limitsOf reads what bounds a connection: a limit of its own, or the name of
// one.
func (l *loader) limitsOf(env *Environment, c *Connection, pointer string, x any) {
	name, named := x.(string)
	if !named {
		c.Limits = l.limit(pointer, x)
		return
	}
	c.LimitName = name
	if _, ok := env.Limits[name]; ok {
		return
	}
	hint := dsl.DidYouMean(name, env.LimitNames())
	if hint == "" {
		hint = "add it under limits, with parallel or rate"
	}
	l.report(codeUnknownLimit, pointer, fmt.Sprintf("the environment has no limit %q", name), hint)
}

func (l *loader) limit(pointer string, x any) Limit {
	raw, _ := x.(map[string]any)
	var out Limit
	out.Parallel = whole(raw["parallel"])
	rate, ok := raw["rate"].(map[string]any)
	if !ok {
		return out
	}
	out.Rate = Rate{Count: whole(rate["count"]), Per: time.Second}
	text, ok := rate["per"].(string)
	if !ok {
		return out
	}
	d, err := expression.ParseDuration(text)
	if err != nil || d <= 0 {
		l.noDuration(pointer+"/rate/per", text, "write it like 500ms, 1s, 1m or 1h30m")
		return out
	}
	out.Rate.Per = d
	return out
}

// whole returns a number of the document as an int; what is none is reported
// by the check of the structure.
func whole(x any) int {
	n, _ := x.(int)
	return n
}

// shares reports a limit that a workflow shares and that is not there, or does
// not say how many runs may hold it.
func (l *loader) shares(e *Environment, w *graph.Workflow) {
	if w.Concurrency == nil || w.Concurrency.Named == "" {
		return
	}
	name := w.Concurrency.Named
	limit, ok := e.Limits[name]
	switch {
	case !ok:
		hint := fmt.Sprintf("add it: limits: { %s: { parallel: … } }", name)
		if near := expression.Nearest(name, e.LimitNames()); near != "" {
			hint = fmt.Sprintf("is %q meant to be it?", near)
		}
		l.key(codeUnknownLimit, "/limits", fmt.Sprintf("there is no limit %q, which workflow %s shares", name, w.Name), hint, diag.Error)
	case limit.Parallel == 0:
		l.key(codeValue, "/limits/"+escape(name), fmt.Sprintf("workflow %s shares the limit %q, which does not say how many run at once", w.Name, name),
			"add parallel to it", diag.Error)
	}
}
