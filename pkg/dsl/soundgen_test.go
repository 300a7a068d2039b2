package dsl_test

import (
	"fmt"
	"math/rand/v2"
)

// soundGen makes workflows whose expressions read each other's steps from
// everywhere, whether they may or not.
type soundGen struct {
	r     *rand.Rand
	ids   int
	left  int
	steps []target
	spots []*spot
}

// target is a step that can be read, and the member of its output that is
// there when it succeeded.
type target struct{ id, member string }

// spot is a place that holds expressions over one target each.
type spot struct {
	node map[string]any // holds the value at key
	key  string
	bare string // not empty: the expression when no read may stand here
}

func (g *soundGen) chance(percent int) bool { return g.r.IntN(100) < percent }

func (g *soundGen) pick(of ...string) string { return of[g.r.IntN(len(of))] }

// document makes a workflow; the reads are put in once all steps are known.
func (g *soundGen) document() map[string]any {
	g.left = 4 + g.r.IntN(14)
	doc := map[string]any{
		"workflow": "x", "version": "1", "variables": map[string]any{"v": nil},
		"input": map[string]any{"type": "object", "required": []any{"c", "items"}, "properties": map[string]any{
			"c":    map[string]any{"type": "array", "items": map[string]any{"type": "boolean"}},
			"note": map[string]any{"type": "string"}, "kind": map[string]any{"type": "string"},
			"null": map[string]any{"type": []any{"string", "null"}},
			"deep": thingSchema(), "list": listOf(thingSchema()), "items": listOf(thingSchema()),
		}},
	}
	doc["steps"] = g.block(0, false, 2+g.r.IntN(4))
	doc["output"] = g.reads(doc, "output")
	return doc
}

// flag is a condition that the run's input decides.
func (g *soundGen) flag() string { return fmt.Sprintf("input.c[%d]", g.r.IntN(8)) }

// reads makes a place for a list of reads.
func (g *soundGen) reads(node map[string]any, key string) any {
	g.spots = append(g.spots, &spot{node: node, key: key})
	return []any{}
}

// bare makes a place for one condition.
func (g *soundGen) bare(node map[string]any, key, otherwise string) {
	node[key] = otherwise
	if g.chance(50) {
		g.spots = append(g.spots, &spot{node: node, key: key, bare: otherwise})
	}
}

func (g *soundGen) block(depth int, beside bool, n int) []any {
	steps := []any{}
	var ids []string
	for i := range n {
		if i > 0 && g.left <= 0 {
			break
		}
		g.left--
		g.ids++
		id := fmt.Sprintf("s%d", g.ids)
		s := g.step(id, depth)
		if !beside && len(ids) > 0 && g.chance(25) {
			s["runAfter"] = g.after(ids)
		}
		steps, ids = append(steps, s), append(ids, id)
	}
	return steps
}

func (g *soundGen) after(ids []string) any {
	if g.chance(40) {
		var list []any
		for _, id := range ids {
			if g.chance(50) {
				list = append(list, id)
			}
		}
		return append([]any{}, list...)
	}
	sets := [][]any{{"succeeded"}, {"failed"}, {"failed", "timedOut"}, {"skipped"}, {"succeeded", "failed"}, {"failed", "skipped"}, {"succeeded", "failed", "skipped", "timedOut", "cancelled"}}
	m := map[string]any{}
	for _, id := range ids {
		if g.chance(60) {
			m[id] = sets[g.r.IntN(len(sets))]
		}
	}
	if len(m) == 0 {
		m[ids[len(ids)-1]] = []any{"failed"}
	}
	return m
}

// step makes a step of any verb.
func (g *soundGen) step(id string, depth int) map[string]any {
	s := map[string]any{"id": id}
	member := g.verb(s, depth)
	if member != "" {
		g.steps = append(g.steps, target{id, member})
	}
	if _, is := s["if"]; !is && g.chance(20) {
		g.bare(s, "if", g.flag())
	}
	_, calls := s["action"]
	_, scope := s["do"]
	if depth >= 3 || s["fail"] != nil || s["return"] != nil || s["terminate"] != nil {
		return s
	}
	if g.chance(25) {
		h := map[string]any{"do": g.block(depth+1, false, g.r.IntN(3))}
		if g.chance(50) {
			g.bare(h, "when", g.flag())
		}
		s["catch"] = []any{h}
	}
	if g.chance(12) {
		s["finally"] = g.block(depth+1, false, 1+g.r.IntN(2))
		if g.chance(50) {
			g.ids++
			s["finally"] = append(s["finally"].([]any), map[string]any{"id": fmt.Sprintf("s%d", g.ids), "rollback": id})
		}
	}
	if (calls || scope || s["race"] != nil || s["foreach"] != nil || s["await"] != nil || s["approval"] != nil) && g.chance(20) {
		s["timeout"] = "5s"
		if g.chance(60) {
			s["onTimeout"] = g.block(depth+1, false, 1+g.r.IntN(2))
		}
	}
	if calls && g.chance(30) {
		s["compensate"] = g.block(depth+1, false, 1)
	}
	if scope && g.chance(10) {
		s["retry"] = map[string]any{"attempts": 2, "if": "true"}
	}
	if calls && g.chance(20) {
		retry := map[string]any{"attempts": 2}
		g.bare(retry, "if", "true")
		s["retry"] = retry
	}
	if g.chance(12) {
		s["track"] = map[string]any{"t": "1"}
		g.spots = append(g.spots, &spot{node: s["track"].(map[string]any), key: "t", bare: "1"})
	}
	return s
}

// verb fills in one verb and tells the member of its output that is there when
// it succeeded by itself; empty when none is.
func (g *soundGen) verb(s map[string]any, depth int) string {
	if depth < 3 && g.left > 0 && g.chance(55) {
		return g.blockVerb(s, depth)
	}
	switch g.r.IntN(12) {
	case 8:
		a := map[string]any{"signal": "go"}
		g.bare(a, "where", "event.data.n == 1")
		s["await"] = a
		s["returns"] = map[string]any{"type": "object", "required": []any{"n"}, "properties": map[string]any{"n": map[string]any{"type": "integer"}}}
		return "id"
	case 9:
		s["wait"] = "1s"
		return ""
	case 0, 1, 2:
		v := map[string]any{"a": 1}
		v["r"] = g.reads(v, "r")
		s["compose"] = v
		return "a"
	case 3, 4, 5:
		w := map[string]any{}
		w["r"] = g.reads(w, "r")
		s["action"], s["with"] = "test.safe", w
		s["returns"] = map[string]any{"type": "object", "required": []any{"a"}, "properties": map[string]any{"a": map[string]any{"type": "integer"}}}
		return "a"
	case 6:
		v := map[string]any{}
		v["v"] = g.reads(v, "v")
		s["set"] = v
		return ""
	case 7:
		w := map[string]any{"text": "t"}
		w["r"] = g.reads(w, "r")
		s["approval"] = map[string]any{"to": []any{"a@x.example"}, "title": "t", "notify": map[string]any{"action": "test.safe", "with": w}}
		return "outcome"
	}
	v := map[string]any{}
	switch g.r.IntN(5) {
	case 0:
		s["terminate"] = map[string]any{"status": g.pick("succeeded", "failed", "cancelled"), "message": "m"}
	case 1, 2:
		s["fail"] = map[string]any{"code": "Mine", "message": "m", "details": v}
		v["r"] = g.reads(v, "r")
	default:
		s["return"] = v
		v["r"] = g.reads(v, "r")
	}
	g.bare(s, "if", g.flag())
	return ""
}

func (g *soundGen) blockVerb(s map[string]any, depth int) string {
	n := 1 + g.r.IntN(3)
	body := func(beside bool) []any { return g.block(depth+1, beside, n) }
	output := func() {
		v := map[string]any{"a": 1}
		s["output"] = v
		v["r"] = g.reads(v, "r")
	}
	switch g.r.IntN(9) {
	case 0:
		g.bare(s, "if", g.flag())
		s["then"] = body(false)
		if g.chance(60) {
			s["else"] = body(false)
		}
		return ""
	case 1:
		if g.chance(60) {
			g.bare(s, "switch", "input.kind")
			s["cases"] = map[string]any{"succeeded": body(false), g.pick("failed", "skipped", "timedOut", "null"): body(false)}
		} else {
			s["switch"] = "string(" + g.flag() + ")"
			s["cases"] = map[string]any{"true": body(false)}
		}
		if g.chance(60) {
			s["default"] = body(false)
		}
		return ""
	case 2:
		s["foreach"], s["concurrency"] = g.pick("[1, 2]", "[]", "input.c", "input.items", "input.items", "input.list ?? []"), 1+g.r.IntN(2)
		s["as"] = g.pick("item"+s["id"].(string), "item"+s["id"].(string), "it")
		s["do"] = body(false)
		s["onError"] = g.pick("stop", "cancel", "settle", "ignore")
		output()
		return "count"
	case 3:
		g.bare(s, "while", "index < 2")
		s["maxPasses"] = 3
		s["do"] = body(false)
		output()
		return ""
	case 4:
		s["do"] = body(false)
		g.bare(s, "until", "index >= 1")
		s["maxPasses"] = 3
		output()
		return ""
	case 5:
		s["parallel"] = body(true)
		if g.chance(60) {
			s["onError"] = g.pick("cancel", "settle", "ignore")
		}
		return "failed"
	case 6:
		s["race"] = body(true)
		return "winner"
	default:
		s["do"] = body(false)
		output()
		return "a"
	}
}
