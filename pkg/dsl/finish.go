package dsl

// finish builds the triggers and the output, and seals the graph with its
// document.
func (c *compiler) finish() {
	c.buildTriggers()
	c.buildConcurrency()
	c.buildListens()
	c.graph.OutputType = nullType
	if n := c.doc.get("output"); n != nil {
		c.graph.Output, c.graph.OutputType = c.template(n, place{})
		c.graph.OutputType = c.graph.OutputType.Recorded()
	}
	c.graph.Document = Canonical(c.tree)
	c.graph.Digest = digestOf(c.graph.Document)
}
