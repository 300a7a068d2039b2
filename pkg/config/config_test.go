package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/config"
	"github.com/keelstep/keelstep/pkg/connectors/standard"
	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/engine"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// TestLoad loads the environment of each case and compares what came of it.
func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			env, found := config.Load("project/env/local.yaml", a.Files[0].Data, []string{"TOKEN=open-sesame"})
			got := shown(t, env, found)
			if *update {
				a.Files = append(a.Files[:1:1], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) < 2 {
				t.Fatal("the case does not say what it expects; run with -update")
			}
			if d := cmp.Diff(got, string(a.Files[1].Data)); d != "" {
				t.Errorf("got -, want +:\n%s", d)
			}
		})
	}
}

// TestCheck holds the environment of each case, its first file, against its
// workflows, which are all there are unless the name of the case ends in _some.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	registry := standard.New()
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			n := config.Needs{Unbound: true, Whole: !strings.HasSuffix(file, "_some.txtar"), Connectors: engine.NewSettings(registry)}
			var kept []txtar.File
			for _, f := range a.Files {
				if strings.HasPrefix(f.Name, "workflows/") {
					w, bad := dsl.Compile(f.Name, f.Data, engine.NewCatalog(registry, nil))
					if w == nil {
						t.Fatal(bad)
					}
					n.Workflows = append(n.Workflows, w)
				}
				if f.Name != "want" {
					kept = append(kept, f)
				}
			}
			_, found := config.Inspect(a.Files[0].Name, a.Files[0].Data, nil, func(e *config.Environment) diag.List { return e.Check(n) })
			got := lines(t, found)
			if *update {
				a.Files = append(kept, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(got, string(a.Files[len(a.Files)-1].Data)); d != "" {
				t.Errorf("got -, want +:\n%s", d)
			}
		})
	}
}

func lines(t *testing.T, found diag.List) string {
	t.Helper()
	var b strings.Builder
	for _, d := range found {
		if d.Span.Start == d.Span.End {
			t.Errorf("%s has no width", d.Message)
		}
		fmt.Fprintf(&b, "%d:%d-%d %s %s [%s] %s\n", d.Span.Start.Line, d.Span.Start.Col, d.Span.End.Col, d.Severity, d.Message, d.Code, d.Hint)
	}
	return b.String()
}

func shown(t *testing.T, env *config.Environment, found diag.List) string {
	var b strings.Builder
	b.WriteString(lines(t, found))
	if env == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "%s %s\n", env.Name, env.Secrets)
	if env.Backup != nil {
		fmt.Fprintf(&b, "backup %+v\n", *env.Backup)
	}
	for _, name := range env.ConnectionNames() {
		c := env.Connections[name]
		settings, err := json.Marshal(c.Settings)
		fmt.Fprintf(&b, "connection %s %q %q %s %v%s\n", c.Name, c.Connector, c.Repeat, settings, err, bounds(c))
	}
	for _, name := range env.LimitNames() {
		fmt.Fprintf(&b, "limit %s %+v\n", name, env.Limits[name])
	}
	if r := env.Retention; len(r.Ages)+len(r.Workflows) > 0 || r.Every+r.Sweep != 0 {
		fmt.Fprintf(&b, "retention %v %v every %s sweep %s\n", r.Ages, r.Workflows, r.Every, r.Sweep)
	}
	params, err := json.Marshal(env.Parameters)
	fmt.Fprintf(&b, "parameters %s %v\n", params, err)
	for _, s := range env.Services {
		options, err := json.Marshal(s.Options)
		fmt.Fprintf(&b, "service %s %s %s %v\n", s.Name, s.Sample, options, err)
	}
	return b.String()
}

func bounds(c config.Connection) string {
	if c.LimitName == "" && c.Limits == (config.Limit{}) {
		return ""
	}
	return fmt.Sprintf(" limits %+v %s", c.Limits, c.LimitName)
}

func TestProject(t *testing.T) {
	dir := t.TempDir()
	if _, err := config.OpenProject(dir); !errors.Is(err, config.ErrNoProject) {
		t.Errorf("an empty folder: %v, want %v", err, config.ErrNoProject)
	}
	a := txtar.Parse([]byte("-- workflows/b.yaml --\n-- workflows/a.json --\n-- workflows/.swp.yaml --\n-- workflows/notes.txt --\n" +
		"-- env/local.yaml --\nparameters: { n: 1 }\n-- env/wrong.yaml --\nnope: 1\n-- inputs/a.json --\n"))
	for _, f := range a.Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := config.OpenProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Project{
		Dir: dir, Workflows: []string{filepath.Join(dir, "workflows/a.json"), filepath.Join(dir, "workflows/b.yaml")},
		Environments: []string{"local", "wrong"}, Inputs: []string{filepath.Join(dir, "inputs/a.json")},
	}
	if d := cmp.Diff(p, want); d != "" {
		t.Errorf("got -, want +:\n%s", d)
	}
	if env, found, err := p.Environment("local", nil); err != nil || len(found) > 0 || env.Name != "local" {
		t.Errorf("local: %v, %v, %v", env, found, err)
	}
	if env, found, err := p.Environment("wrong", nil); err != nil || !found.HasErrors() || env != nil {
		t.Errorf("wrong: %v, %v, %v", env, found, err)
	}
	if _, _, err := p.Environment("none", nil); !errors.Is(err, config.ErrNoEnvironment) {
		t.Errorf("none: %v, want %v", err, config.ErrNoEnvironment)
	}
}
