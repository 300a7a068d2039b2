package docs_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/schema"
)

var (
	code     = regexp.MustCompile("`([^`]+)`")
	keyPart  = regexp.MustCompile(`([A-Za-z]+):`)
	callPart = regexp.MustCompile(`\b([A-Za-z0-9]+)\(`)
	quoted   = regexp.MustCompile(`"[^"]*"`)
)

// Whatever the tables say stands here for something there exists: its keys
// are those of the schemas, its functions those of the library.
func TestComingFromNamesWhatExists(t *testing.T) {
	page, err := os.ReadFile("coming-from.md")
	if err != nil {
		t.Fatal(err)
	}
	known := keys(t)
	functions := map[string]bool{}
	for _, f := range expression.Functions() {
		functions[f.Name] = true
	}
	rows := 0
	for n, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "¦"), "|")
		if len(cells) != 4 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| there") {
			continue
		}
		rows++
		for _, m := range code.FindAllStringSubmatch(cells[2], -1) {
			text := quoted.ReplaceAllString(m[1], "")
			for _, k := range keyPart.FindAllStringSubmatch(text, -1) {
				if !known[k[1]] && !variable[k[1]] {
					t.Errorf("line %d: the language has no key %q: %s", n+1, k[1], m[1])
				}
			}
			for _, f := range callPart.FindAllStringSubmatch(text, -1) {
				if !functions[f[1]] {
					t.Errorf("line %d: there is no function %q: %s", n+1, f[1], m[1])
				}
			}
		}
	}
	if rows < 100 {
		t.Errorf("only %d rows were looked at", rows)
	}
}

// variable is names that stand for what an author writes there.
var variable = map[string]bool{"a": true, "n": true, "name": true, "list": true}

// keys returns all keys of the schemas.
func keys(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	var walk func(x any)
	walk = func(x any) {
		switch x := x.(type) {
		case map[string]any:
			if properties, ok := x["properties"].(map[string]any); ok {
				for name := range properties {
					out[name] = true
				}
			}
			for _, v := range x {
				walk(v)
			}
		case []any:
			for _, v := range x {
				walk(v)
			}
		}
	}
	for _, name := range schema.Names() {
		b, _ := schema.Named(name)
		var doc any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		walk(doc)
	}
	return out
}
