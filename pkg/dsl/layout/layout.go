// Package layout gives workflow, environment and test files their one form:
// the order of keys, indentation, quotes, flow and block style. It keeps
// comments, single blank lines and block scalars, and it never changes what a
// file means: before a text is handed out it is read again and compared with
// the one that came in. The package reads no files.
//
// The form, for YAML:
//
//   - Lines end with LF, the file with one line break. Indentation is two
//     spaces; the items of a list are indented under their key.
//   - The keys of a workflow, a trigger, a step and their parts stand in the
//     order of the language reference (see Orders). A mapping with a key that
//     is not known at its place keeps its order, and so does a whole file in
//     which an alias refers to an anchor.
//   - A collection in brackets stays so where it fits into MaxWidth columns
//     and holds no comment; the outermost one of a file never does.
//   - A text has quotes only where it needs them: when it holds ${ }, could be
//     read as something else than a text, starts like a number and is no
//     duration, or has characters that mean something at its place. They are
//     double quotes, unless single ones save escapes.
//   - Runs of blank lines become one; there is none at the start of a block.
//
// JSON files keep their comments, have two spaces of indentation and no
// trailing commas.
package layout

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/keelstep/keelstep/pkg/dsl"
)

// MaxWidth is the number of columns up to which a collection stays on one
// line. A comment behind it does not count.
const MaxWidth = 140

// ErrUnsafe means that the text in the form would not mean the same or lose a
// comment. The file is to be left alone.
var ErrUnsafe = errors.New("the file is left as it is: in the standard form it would not mean the same, which is a mistake of the formatter")

// Format returns src in the standard form. The name of the file says what it
// holds, as with dsl.Read: JSON or YAML; an environment is what stands in a
// folder named env, a test what ends with .test before its extension. A file
// that cannot be read gives a diag.List as the error and one that the form
// would damage ErrUnsafe. Formatting what is in the form already changes
// nothing.
func Format(file string, src []byte) ([]byte, error) {
	tree, found := dsl.Read(file, src)
	if found.HasErrors() {
		return nil, found
	}
	doc, err := read(file, src)
	if err != nil {
		return nil, err
	}
	before := doc.words()
	doc.sort(ordersOf(file, doc.root))
	out := doc.write()
	if len(out) > dsl.MaxSource {
		return nil, fmt.Errorf("the file is left as it is: in the standard form it would have %d bytes, more than %d", len(out), dsl.MaxSource)
	}
	if !same(file, tree, out, before) {
		return nil, ErrUnsafe
	}
	return out, nil
}

// same tells whether out means what the tree does and has the same comments.
func same(file string, tree *dsl.Tree, out []byte, comments []string) bool {
	again, found := dsl.Read(file, out)
	if found.HasErrors() || !bytes.Equal(dsl.Canonical(tree), dsl.Canonical(again)) {
		return false
	}
	doc, err := read(file, out)
	return err == nil && slices.Equal(doc.words(), comments)
}
