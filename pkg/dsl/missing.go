package dsl

import (
	"fmt"
	"path"
	"strings"
)

// missingHint says what to add to a mapping that lacks keys. Of several it
// shows all.
func (s *structure) missingHint(n *node, sh *shape, meant map[string]bool) string {
	var parts []string
	for _, name := range sh.Required {
		if !n.has(name) && !meant[name] {
			parts = append(parts, name+": "+s.example(n, name, sh.Properties[name]))
		}
	}
	return "add " + strings.Join(parts, " and ")
}

// example is a value for a key that is missing.
func (s *structure) example(n *node, name string, sh *shape) string {
	switch name {
	case "workflow":
		base := strings.TrimSuffix(path.Base(s.tree.File), path.Ext(s.tree.File))
		base = strings.TrimLeft(strings.Trim(nonName.ReplaceAllString(strings.ToLower(base), "-"), "-"), "-0123456789")
		if base == "" {
			return "NAME"
		}
		return base
	case "version":
		return `"1.0.0"`
	case "steps":
		return "[ … ], a list; each entry has an id and a verb"
	case "id":
		return s.freeID(n)
	case "do":
		return "[]"
	case "path":
		return "/start"
	case "connector":
		return "http"
	case "cases":
		return "{ TEXT: [ … ] }"
	}
	if sh == nil || sh.what() == "a value" {
		return "…"
	}
	return sh.what()
}

// freeID is an id that no step has yet: that of the step's name, or of what it
// does and where it stands.
func (s *structure) freeID(n *node) string {
	if s.ids == nil {
		s.ids = map[string]bool{}
		collectIDs(s.tree.root, s.ids)
	}
	base := verbOf(n)
	if name, ok := n.get("name").str(); ok && len(name) < 40 {
		if text := strings.Trim(nonName.ReplaceAllString(strings.ToLower(name), "_"), "_0123456789"); text != "" {
			base = text
		}
	}
	if base == "" {
		base = "first"
	}
	id := base
	for i := 2; s.ids[id] || id == verbOf(n); i++ {
		id = fmt.Sprintf("%s%d", base, i-1)
	}
	s.ids[id] = true
	return id
}

// collectIDs finds all that is called id.
func collectIDs(n *node, ids map[string]bool) {
	for _, c := range n.items {
		if c.key != nil && c.key.text == "id" {
			ids[c.text] = true
		}
		collectIDs(c, ids)
	}
}
