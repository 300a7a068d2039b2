package dsl

import "github.com/keelstep/keelstep/pkg/expression"

// finish builds the triggers and the output, and seals the graph with its
// document.
func (c *compiler) finish() {
	c.buildTriggers()
	c.buildConcurrency()
	c.buildListens()
	output := nullType
	if n := c.doc.get("output"); n != nil {
		c.graph.Output, output = c.template(n, place{})
	}
	c.endsWith(output)
	c.graph.OutputType = c.ends.Recorded()
	c.graph.Document = Canonical(c.tree)
	c.graph.Digest = digestOf(c.graph.Document)
}

// endsWith notes the type of an output that the run may end with.
func (c *compiler) endsWith(t *expression.Type) {
	if c.ends == nil {
		c.ends = t
		return
	}
	c.ends = expression.Union(c.ends, t)
}
