package dsl

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// maxReferences is how many files the schemas of one document may refer to.
const maxReferences = 50

// bundler puts the files that a schema refers to into the schema itself, so
// that a document means the same wherever it is loaded.
type bundler struct {
	c     *compiler
	root  *node
	names map[string]string // in $defs, by path; empty: could not be read
	defs  *node
}

// bundle replaces the references of a schema to files of the project.
func (c *compiler) bundle(n *node) {
	if n.kind != kindMap {
		return
	}
	b := &bundler{c: c, root: n, names: map[string]string{}}
	b.walk(n, path.Dir(c.options.Path), "")
}

// dataKeywords hold values, not schemas.
var dataKeywords = map[string]bool{"const": true, "enum": true, "default": true, "examples": true}

// walk looks at a schema of a file in dir. Its own parts are found behind
// prefix; empty for the schema of the document.
func (b *bundler) walk(n *node, dir, prefix string) {
	for i, item := range n.items {
		switch {
		case n.kind == kindMap && n.keys[i].text == "$ref" && item.kind == kindString:
			b.reference(item, dir, prefix)
		case n.kind == kindMap && dataKeywords[n.keys[i].text]:
		case n.kind == kindMap && n.keys[i].text == "properties" && item.kind == kindMap:
			for _, p := range item.items {
				b.walk(p, dir, prefix)
			}
		default:
			b.walk(item, dir, prefix)
		}
	}
}

// reference makes a reference one into the bundled schema.
func (b *bundler) reference(n *node, dir, prefix string) {
	file, fragment, _ := strings.Cut(n.text, "#")
	target := prefix
	if file != "" {
		name, ok := b.load(n, dir, file)
		if !ok {
			return
		}
		target = "#/$defs/" + name
	}
	if target == "" {
		return // inside the document's own schema
	}
	if fragment != "" && !strings.HasPrefix(fragment, "/") {
		b.c.at(codeReference, n, fmt.Sprintf("%q names a part of a file by an anchor", n.text), "name it by its place, such as #/$defs/item")
		return
	}
	n.text = target + fragment
	n.value = n.text
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// load reads a file into $defs and returns its name there; ok is false when
// that could not be done, which is reported.
func (b *bundler) load(n *node, dir, file string) (name string, ok bool) {
	c := b.c
	at := path.Join(dir, file)
	switch {
	case scheme.MatchString(file) || strings.HasPrefix(file, "//"):
		return "", c.unreachable(n, fmt.Sprintf("%q is not a file of the project; nothing is loaded from elsewhere", file), "copy it into the project, and refer to the copy")
	case c.options.Files == nil:
		return "", c.unreachable(n, fmt.Sprintf("%q is a file of a project, and there is no project here", file), "write the schema out, or give the project's folder")
	case path.IsAbs(file) || at == ".." || strings.HasPrefix(at, "../") || strings.ContainsAny(file, "\\\x00"):
		return "", c.unreachable(n, fmt.Sprintf("%q is outside of the project", file), "refer to a file inside the project's folder, such as ../schemas/item.json")
	}
	if name, seen := b.names[at]; seen {
		return name, name != ""
	}
	b.names[at] = ""
	if len(b.names) > maxReferences {
		return "", c.unreachable(n, fmt.Sprintf("the schema refers to more than %d files", maxReferences), "put them together")
	}
	root, why := c.readReferenced(at)
	if why != nil {
		hint := "correct that file"
		if errors.Is(why, fs.ErrNotExist) {
			hint = didYouMean(file, c.filesNear(at, path.Dir(file)))
		}
		return "", c.unreachable(n, fmt.Sprintf("%s: %v", at, why), hint)
	}
	name = b.add(at, n, root)
	b.names[at] = name
	b.walk(root, path.Dir(at), "#/$defs/"+name)
	return name, true
}

// unreachable reports a reference and returns false.
func (c *compiler) unreachable(n *node, message, hint string) bool {
	c.at(codeReference, n, message, hint)
	c.fail(fmt.Errorf("%s: %s", n.pointer(), message))
	n.bad = true
	return false
}

var errTooLarge = fmt.Errorf("the file has more than %d bytes", MaxSource)

// readReferenced returns the schema that a file of the project holds.
func (c *compiler) readReferenced(name string) (*node, error) {
	f, err := c.options.Files.Open(name)
	if err != nil {
		return nil, plainError(err)
	}
	src, err := io.ReadAll(io.LimitReader(f, MaxSource+1))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil:
		return nil, plainError(err)
	case len(src) > MaxSource:
		return nil, errTooLarge
	}
	t, found := Read(name, src)
	switch {
	case found.HasErrors():
		return nil, errors.New(strings.TrimPrefix(found.Error(), name+":"))
	case t.root == nil || t.root.kind != kindMap && t.root.kind != kindBool:
		return nil, errors.New("a schema is a mapping, or true or false")
	}
	return t.root, nil
}

// plainError drops the operation and path that an error of a file carries.
func plainError(err error) error {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no such file%w", silent{fs.ErrNotExist})
	case errors.As(err, &p) && strings.HasSuffix(p.Err.Error(), "escapes from parent"): // what os.Root says of links
		return errors.New("a link leads out of the project")
	case errors.As(err, &p):
		return p.Err
	}
	return err
}

// silent is an error that can be told from others and says nothing.
type silent struct{ error }

func (silent) Error() string   { return "" }
func (s silent) Unwrap() error { return s.error }

// filesNear lists the files of the folder that a path names, as written behind
// the folder as its author calls it.
func (c *compiler) filesNear(name, dir string) []string {
	entries, err := fs.ReadDir(c.options.Files, path.Dir(name))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries[:min(len(entries), maxListed)] {
		if !e.IsDir() {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	return out
}

var nonDefinition = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// add puts the schema of a file into $defs of the root. Findings in it point
// at the reference.
func (b *bundler) add(file string, ref, schema *node) string {
	if b.defs == nil {
		if b.defs = b.root.get("$defs"); b.defs == nil || b.defs.kind != kindMap {
			b.defs = &node{kind: kindMap, start: ref.start, end: ref.end}
			b.root.insert("$defs", b.defs)
		}
	}
	name := strings.Trim(nonDefinition.ReplaceAllString(file, "_"), "_")
	for b.defs.has(name) {
		name += "_"
	}
	schema.relocate(ref)
	schema.remove("$id")
	schema.remove("$schema")
	b.defs.insert(name, schema)
	return name
}

// insert adds a member that was not written there.
func (n *node) insert(name string, v *node) {
	k := &node{kind: kindString, style: stylePlain, text: name, value: name, start: v.start, end: v.end}
	n.keys, n.items = append(n.keys, k), append(n.items, v)
	n.byName = nil
	n.seal()
}

// remove takes a member out, where there is one.
func (n *node) remove(name string) {
	for i, k := range n.keys {
		if k.text == name {
			n.keys = append(n.keys[:i:i], n.keys[i+1:]...)
			n.items = append(n.items[:i:i], n.items[i+1:]...)
			n.byName = nil
			n.seal()
			return
		}
	}
}

// relocate makes a tree of another file point at a place of this one.
func (n *node) relocate(at *node) {
	n.start, n.end, n.style = at.start, at.end, styleFlow
	for i, item := range n.items {
		if n.kind == kindMap {
			n.keys[i].start, n.keys[i].end = at.start, at.end
		}
		item.relocate(at)
	}
}
