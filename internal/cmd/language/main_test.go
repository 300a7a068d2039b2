package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
)

var block = regexp.MustCompile("(?s)```yaml( steps| env)?\n(.*?)```")

// The examples of the page compile without a finding; a list of steps stands
// in a workflow with a connection, and what is marked env is an environment.
func TestExamples(t *testing.T) {
	page, err := write()
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindAllStringSubmatch(string(page), -1)
	if len(found) < 5 {
		t.Fatalf("%d examples", len(found))
	}
	for _, m := range found {
		src := m[2]
		if m[1] == " env" {
			if _, l := config.Load("env/example.yaml", []byte(src), nil); len(l) > 0 {
				t.Errorf("%s\n%s", src, diag.Text(l, nil))
			}
			continue
		}
		if m[1] != "" {
			src = "workflow: x\nversion: \"1\"\nconnections: { shop: { connector: http } }\nsteps:\n  " + strings.ReplaceAll(src, "\n", "\n  ")
		}
		w, l := dsl.Compile("example.yaml", []byte(src), withMail{engine.NewCatalog(standard.New(), nil)})
		if w == nil || len(l) > 0 {
			t.Errorf("%s\n%s", src, diag.Text(l, diag.Source("example.yaml", []byte(src))))
		}
	}
}

// The page in docs is the one that is written.
func TestPage(t *testing.T) {
	want, err := write()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/reference/language.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/reference/language.md is not what is written; run make generate")
	}
}

// withMail has an operation to tell people, whatever the connectors are.
type withMail struct{ dsl.Catalog }

// Operation returns an operation.
func (c withMail) Operation(id string) (dsl.Operation, bool) {
	if id == "mail.send" {
		return dsl.Operation{ID: id, Connector: "mail", Connected: true}, true
	}
	return c.Catalog.Operation(id)
}
