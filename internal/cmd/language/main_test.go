package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
	"github.com/keelstep/keelstep/pkg/scenario"
)

var block = regexp.MustCompile("(?s)```yaml( [a-z]+)?\n(.*?)```")

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
		switch src := m[2]; m[1] {
		case "":
			compiles(t, src)
		case " steps":
			compiles(t, "workflow: x\nversion: \"1\"\nconnections: { shop: { connector: http } }\nsteps:\n  "+strings.ReplaceAll(src, "\n", "\n  "))
		case " env":
			_, l := config.Load("env/example.yaml", []byte(src), nil)
			clean(t, "env/example.yaml", src, l)
		case " test":
			passes(t, found[0][2], src)
		default:
			t.Errorf("what is %s?\n%s", m[1], src)
		}
	}
}

func compiles(t *testing.T, src string) {
	t.Helper()
	_, l := dsl.Compile("example.yaml", []byte(src), withMail{engine.NewCatalog(standard.New(), nil)})
	clean(t, "example.yaml", src, l)
}

// passes runs the cases of a test file on a workflow.
func passes(t *testing.T, workflow, test string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"workflows/example.yaml": workflow, "tests/example.test.yaml": test} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "tests/example.test.yaml")
	f, l := scenario.Load(scenario.Project{Dir: dir, Registry: standard.New()}, file)
	clean(t, file, test, l)
	if f == nil {
		return
	}
	for _, r := range f.Run(t.Context(), scenario.Options{}) {
		if !r.Passed() {
			t.Errorf("%s: %+v", r.Name, r.Findings)
		}
	}
}

func clean(t *testing.T, file, src string, l diag.List) {
	t.Helper()
	if len(l) > 0 {
		t.Errorf("%s\n%s", src, diag.Text(l, diag.Source(file, []byte(src))))
	}
}

// Each verb has an example.
func TestExampleOfEachVerb(t *testing.T) {
	page, err := write()
	if err != nil {
		t.Fatal(err)
	}
	examples := ""
	for _, m := range block.FindAllStringSubmatch(string(page), -1) {
		examples += m[2]
	}
	_, steps, err := at("workflow", "step.action")
	if err != nil || len(steps.Properties.names) == 0 {
		t.Fatalf("no keys of a step: %v", err)
	}
	for _, verb := range strings.Fields("action compose set append increment if switch foreach while until parallel race do wait await approval call emit respond return fail terminate rollback") {
		if !regexp.MustCompile(`(?m)(^|[ {-])` + verb + `:`).MatchString(examples) {
			t.Errorf("no example has %q", verb)
		}
	}
	for _, key := range steps.Properties.names {
		if !strings.Contains(examples, key+":") {
			t.Errorf("no example has %q", key)
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
