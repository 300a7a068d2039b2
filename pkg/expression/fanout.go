package expression

import (
	"math"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// maxChecks is about how many subschemas a value with all its parts may be
// held against when the schema contains itself.
const maxChecks = 1_000_000

// fanOut counts the subschemas that one value is held against. A reference
// back to a schema that is being counted adds nothing: it is an error when a
// value is checked.
func fanOut(s *jsonschema.Schema, counted map[*jsonschema.Schema]int) int {
	if s == nil {
		return 0
	}
	if n, ok := counted[s]; ok {
		return n
	}
	counted[s] = 0
	n := 1
	for _, part := range inPlace(s) {
		n += fanOut(part, counted)
	}
	counted[s] = min(n, 2*maxFanOut)
	worst := counted[s]
	for _, e := range childEdges(s) {
		worst = max(worst, fanOut(e.to, counted))
	}
	if worst > maxFanOut {
		counted[s] = worst
	}
	return counted[s]
}

// inPlace returns the schemas that a value is held against together with s.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	var parts []*jsonschema.Schema
	for _, part := range []*jsonschema.Schema{s.Ref, s.RecursiveRef, s.DynamicRef, s.Not, s.If, s.Then, s.Else} {
		if part != nil {
			parts = append(parts, part)
		}
	}
	parts = append(append(append(parts, s.AllOf...), s.AnyOf...), s.OneOf...)
	for _, part := range s.DependentSchemas { // order does not show: only counted
		parts = append(parts, part)
	}
	return parts
}

// edge leads from a schema to one for members of that name, or for all
// elements or unnamed members when the name is empty.
type edge struct {
	name string
	to   *jsonschema.Schema
}

// childEdges returns the schemas of members and elements.
func childEdges(s *jsonschema.Schema) []edge {
	var edges []edge
	add := func(name string, to *jsonschema.Schema) {
		if to != nil {
			edges = append(edges, edge{name, to})
		}
	}
	for _, to := range append([]*jsonschema.Schema{s.Items2020, s.Contains, s.UnevaluatedItems, s.UnevaluatedProperties}, s.PrefixItems...) {
		add("", to)
	}
	if to, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		add("", to)
	}
	if to, ok := s.Items.(*jsonschema.Schema); ok {
		add("", to)
	}
	for name, to := range s.Properties { // order does not show: only counted
		add(name, to)
	}
	for _, to := range s.PatternProperties { // order does not show: only counted
		add("", to)
	}
	return edges
}

// depthFor returns how deep a value may be nested that is held against s, 0 for
// any depth. A schema that contains itself in several alternatives is tried so
// many times at each level, so the work grows with the power of the depth.
func depthFor(s *jsonschema.Schema) int {
	g := graphOf(s)
	worst := 1
	for _, node := range g.nodes {
		worst = max(worst, g.recursions(node))
	}
	if worst == 1 {
		return 0
	}
	return int(math.Log(maxChecks) / math.Log(float64(worst)))
}

// schemaGraph is a schema and all that it leads to.
type schemaGraph struct {
	nodes []*jsonschema.Schema
	from  map[*jsonschema.Schema][]*jsonschema.Schema // who leads to a node
	left  int                                         // bounds the work on the graph
}

func graphOf(s *jsonschema.Schema) *schemaGraph {
	g := &schemaGraph{nodes: []*jsonschema.Schema{s}, from: map[*jsonschema.Schema][]*jsonschema.Schema{}, left: 100 * maxFanOut}
	seen := map[*jsonschema.Schema]bool{s: true}
	for i := 0; i < len(g.nodes); i++ {
		next := inPlace(g.nodes[i])
		for _, e := range childEdges(g.nodes[i]) {
			next = append(next, e.to)
		}
		for _, to := range next {
			g.from[to] = append(g.from[to], g.nodes[i])
			if !seen[to] {
				seen[to] = true
				g.nodes = append(g.nodes, to)
			}
		}
	}
	return g
}

// recursions returns how many times one member or element of a value that is
// held against s is held against schemas that lead back to s. When the bound
// on the work is reached it returns a large number.
func (g *schemaGraph) recursions(s *jsonschema.Schema) int {
	byName := map[string][]*jsonschema.Schema{}
	g.collect(s, byName)
	most := 1
	var back map[*jsonschema.Schema]bool
	for _, targets := range byName { // order does not show: the largest count
		if len(targets) < 2 {
			continue
		}
		if back == nil {
			back = g.leadingTo(s)
		}
		n := 0
		for _, to := range targets {
			if back[to] {
				n++
			}
		}
		most = max(most, n)
	}
	if g.left <= 0 {
		return maxFanOut
	}
	return most
}

// collect gathers the edges of s and of all that is in its place, each as
// often as it is used.
func (g *schemaGraph) collect(s *jsonschema.Schema, byName map[string][]*jsonschema.Schema) {
	if g.left--; g.left <= 0 {
		return
	}
	for _, e := range childEdges(s) {
		byName[e.name] = append(byName[e.name], e.to)
		g.left--
	}
	for _, part := range inPlace(s) {
		g.collect(part, byName)
	}
}

// leadingTo returns s and all schemas that lead to it.
func (g *schemaGraph) leadingTo(s *jsonschema.Schema) map[*jsonschema.Schema]bool {
	found := map[*jsonschema.Schema]bool{s: true}
	queue := []*jsonschema.Schema{s}
	for len(queue) > 0 && g.left > 0 {
		next := queue[0]
		queue = queue[1:]
		for _, from := range g.from[next] {
			if g.left--; !found[from] {
				found[from] = true
				queue = append(queue, from)
			}
		}
	}
	return found
}

// deeperThan tells whether x is nested deeper than that many levels.
func deeperThan(x any, levels int) bool {
	switch v := x.(type) {
	case []any:
		for _, elem := range v {
			if levels == 0 || deeperThan(elem, levels-1) {
				return true
			}
		}
	case map[string]any:
		for _, member := range v { // order does not show: any of them
			if levels == 0 || deeperThan(member, levels-1) {
				return true
			}
		}
	}
	return false
}
