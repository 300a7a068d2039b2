package dsl

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/keelstep/keelstep/pkg/expression"
)

var (
	schemaPlace = regexp.MustCompile(`^(/[^:]*): (.*)$`)
	allowedText = regexp.MustCompile(`"([^"]*)"`)
)

// notSchema reports what is wrong with the schema at n, each place of it.
func (c *compiler) notSchema(n *node, err error) {
	var invalid *expression.SchemaError
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			c.notSchemaAt(n, within(n, p.Path), p.Message)
		}
		return
	}
	at, message := n, err.Error()
	if m := schemaPlace.FindStringSubmatch(message); m != nil {
		at, message = within(n, m[1]), m[2]
	} else if m := quotedStart.FindStringSubmatch(message); m != nil {
		at = textBelow(n, m[1])
	}
	c.notSchemaAt(n, at, message)
}

// notSchemaAt reports one place of a schema. Where some texts can stand, the
// hint is the one that is nearest to what does.
func (c *compiler) notSchemaAt(n, at *node, message string) {
	hint := "see JSON Schema 2020-12"
	var allowed []string
	for _, m := range allowedText.FindAllStringSubmatch(message, -1) {
		allowed = append(allowed, m[1])
	}
	if near := didYouMean(at.text, allowed); at.kind == kindString && near != "" {
		hint = near
	}
	c.at(codeSchema, at, fmt.Sprintf("%s is not a valid JSON Schema: %s", n.name(), message), hint)
}
