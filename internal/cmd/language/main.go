// Command language writes docs/reference/language.md, the reference of the
// workflow language: the prose of language.md with the tables of the schemas
// that the compiler reads. go generate runs it.
package main

import (
	"bytes"
	_ "embed" // the prose
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/keelstep/keelstep/schema"
)

//go:embed language.md
var prose string

func main() {
	out := flag.String("out", "docs/reference/language.md", "file to write")
	flag.Parse()
	page, err := write()
	if err == nil {
		err = os.WriteFile(*out, page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

var blankLines = regexp.MustCompile("\n{3,}")

// write returns the page.
func write() ([]byte, error) {
	t, err := template.New("language").Funcs(template.FuncMap{
		"keys": keys, "verb": verb, "common": common, "policy": policy, "bare": bare,
	}).Parse(prose)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, nil)
	return blankLines.ReplaceAll(b.Bytes(), []byte("\n\n")), err
}

// object is a schema, or a mapping of schemas, with its keys in order.
type object struct {
	names []string
	m     map[string]json.RawMessage
}

// UnmarshalJSON reads an object and the order of its keys.
func (o *object) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &o.m); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		o.names = append(o.names, key.(string)) //nolint:forcetypeassert // keys are texts
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return err
		}
	}
	return nil
}

// node is what of a schema the tables show.
type node struct {
	Ref         string            `json:"$ref"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Type        json.RawMessage   `json:"type"`
	Enum        []string          `json:"enum"`
	Required    []string          `json:"required"`
	Properties  object            `json:"properties"`
	OneOf       []node            `json:"oneOf"`
	Defs        map[string]object `json:"$defs"`
}

// document returns a schema file.
func document(name string) (map[string]json.RawMessage, node, error) {
	raw, ok := schema.Named(name)
	if !ok {
		return nil, node{}, fmt.Errorf("there is no schema %q", name)
	}
	var root node
	var whole struct {
		Defs map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return nil, root, err
	}
	return whole.Defs, root, json.Unmarshal(raw, &root)
}

// at returns a definition of a schema file: NAME, a member of one as
// NAME.MEMBER, or an alternative as NAME/N; empty is the document.
func at(name, place string) (map[string]json.RawMessage, node, error) {
	defs, root, err := document(name)
	if err != nil || place == "" {
		return defs, root, err
	}
	def, alternative, _ := strings.Cut(place, "/")
	raw, ok := defs[def]
	member := ""
	if !ok {
		i := strings.LastIndex(def, ".")
		if i < 0 || defs[def[:i]] == nil {
			return nil, root, fmt.Errorf("%s has no definition %q", name, def)
		}
		member, raw = def[i+1:], defs[def[:i]]
	}
	var n node
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, n, err
	}
	if member != "" {
		raw, n = n.Properties.m[member], node{}
		if err := json.Unmarshal(raw, &n); err != nil {
			return nil, n, fmt.Errorf("%s: %w", place, err)
		}
	}
	if alternative == "" {
		return defs, n, nil
	}
	i, err := strconv.Atoi(alternative)
	if err != nil || i >= len(n.OneOf) {
		return nil, n, fmt.Errorf("%s has no such alternative", place)
	}
	return defs, n.OneOf[i], nil
}

// shared are the keys that all steps may have.
var shared = []string{"id", "name", "description", "if", "runAfter", "timeout", "onTimeout", "retry", "catch", "compensate", "finally", "secure", "track"}

// keys is the table of the keys of a mapping.
func keys(name, place string) (string, error) {
	defs, n, err := at(name, place)
	if err != nil {
		return "", err
	}
	return table(defs, n, nil)
}

func table(defs map[string]json.RawMessage, n node, without []string) (string, error) {
	var b strings.Builder
	b.WriteString("| key | takes | meaning |\n|---|---|---|\n")
	rows := 0
	for _, key := range n.Properties.names {
		if slices.Contains(without, key) {
			continue
		}
		var p node
		if err := json.Unmarshal(n.Properties.m[key], &p); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		shown := "`" + key + "`"
		if slices.Contains(n.Required, key) {
			shown = "**`" + key + "`**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", shown, cell(takes(defs, p)), cell(p.Description))
		rows++
	}
	if rows == 0 {
		return "", nil
	}
	return b.String() + "\n", nil
}

// takes says what a place takes.
func takes(defs map[string]json.RawMessage, n node) string {
	switch {
	case n.Title != "":
		return n.Title
	case len(n.Enum) > 0:
		return "`" + strings.Join(n.Enum, "` `") + "`"
	case n.Ref != "":
		var d node
		if err := json.Unmarshal(defs[strings.TrimPrefix(n.Ref, "#/$defs/")], &d); err != nil {
			return ""
		}
		return takes(defs, d)
	case len(n.OneOf) > 0:
		parts := make([]string, len(n.OneOf))
		for i, o := range n.OneOf {
			parts[i] = takes(defs, o)
		}
		return strings.Join(parts, ", or ")
	}
	return "any value"
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// verb is the heading of a verb, what it does, and its own keys.
func verb(name string) (string, error) {
	defs, n, err := at("workflow", "step."+name)
	if err != nil {
		return "", err
	}
	t, err := table(defs, n, without(name))
	return fmt.Sprintf("### %s\n\n%s\n\n%s", name, n.Description, t), err
}

// without returns the keys that a verb shares with others; if is a verb too.
func without(verb string) []string {
	return slices.DeleteFunc(slices.Clone(shared), func(key string) bool { return key == verb })
}

// common is the rows of the keys that all steps, or most of them, may have.
func common() (string, error) {
	_, n, err := at("workflow", "step.action")
	if err != nil {
		return "", err
	}
	return rows(n, shared)
}

// policy is the rows of what every trigger may have.
func policy() (string, error) {
	_, n, err := at("workflow", "trigger.http")
	if err != nil {
		return "", err
	}
	return rows(n, []string{"auth", "splitOn", "where", "dedupe", "rateLimit", "input"})
}

func rows(n node, keys []string) (string, error) {
	var b strings.Builder
	for _, key := range keys {
		var p node
		if err := json.Unmarshal(n.Properties.m[key], &p); err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		if p.Description == "" {
			return "", fmt.Errorf("the key %q has no description", key)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", key, cell(p.Description))
	}
	return b.String(), nil
}

// bare lists the places that hold an expression as it stands, from the
// schema: those that take a condition, a list or a value of an expression.
func bare() (string, error) {
	defs, _, err := document("workflow")
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	look := func(owner string, raw json.RawMessage) {
		var n node
		if json.Unmarshal(raw, &n) != nil {
			return
		}
		for _, key := range n.Properties.names {
			var p node
			_ = json.Unmarshal(n.Properties.m[key], &p)
			switch strings.TrimPrefix(p.Ref, "#/$defs/") {
			case "condition", "scalarExpression", "listExpression":
				if owner != "" {
					key = owner + "." + key
				}
				found["`"+key+"`"] = true
			}
		}
		for _, o := range n.OneOf {
			for _, key := range o.Properties.names {
				if strings.Contains(string(o.Properties.m[key]), "#/$defs/condition") {
					found["`"+key+"`"] = true
				}
			}
		}
	}
	owners := map[string]string{"concurrency": "concurrency", "dedupe": "dedupe", "retry": "retry"}
	for _, name := range slices.Sorted(maps.Keys(defs)) {
		look(owners[name], defs[name])
	}
	found["`catch[].when`"], found["`track.*`"] = true, true
	return strings.Join(slices.Sorted(maps.Keys(found)), ", "), nil
}
