package graph

// Blocks yields the blocks that stand in a step: its body, branches and
// handlers, in this order.
func (n *Node) Blocks() []*Block {
	var bs []*Block
	add := func(b *Block) {
		if b != nil {
			bs = append(bs, b)
		}
	}
	add(n.Body)
	for _, b := range n.Branches {
		add(b.Body)
	}
	if n.Approval != nil {
		add(n.Approval.Notify)
	}
	add(n.OnTimeout)
	for _, c := range n.Catch {
		add(c.Do)
	}
	add(n.Compensate)
	add(n.Finally)
	return bs
}

// Link sets what follows from the tree of blocks: the owner of each block, and
// the block and position of each step. A compiler calls it last, once.
func (w *Workflow) Link() {
	var link func(b *Block, owner *Node)
	link = func(b *Block, owner *Node) {
		b.Owner = owner
		for i, n := range b.Nodes {
			n.Block, n.Pos = b, i
			for _, inner := range n.Blocks() {
				link(inner, n)
			}
		}
	}
	link(w.Root, nil)
}
