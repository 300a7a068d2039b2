package layout

import "github.com/keelstep/keelstep/pkg/dsl"

// Same is the look that Format takes at what it hands out.
func Same(file string, src, out []byte) bool {
	tree, _ := dsl.Read(file, src)
	doc, err := read(file, src)
	return err == nil && same(file, tree, out, doc.words())
}
