package dsl_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/graph"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case is a document and what comes of it: the findings as they are
// printed, or the graph. The file bound names connections with their
// connectors, options holds options, project/… is the project's files.
type testCase struct {
	path    string
	archive *txtar.Archive
	file    string
	src     []byte
	catalog dsl.Catalog
	options dsl.Options
}

func cases(t testing.TB) []testCase {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var out []testCase
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c := testCase{path: path, archive: a}
		catalog, project := newCatalog(), fstest.MapFS{}
		for _, f := range a.Files {
			switch {
			case f.Name == "bound":
				catalog.connections = map[string]dsl.Connection{}
				for _, line := range strings.Fields(string(f.Data)) {
					name, connector, _ := strings.Cut(line, ":")
					catalog.connections[name] = dsl.Connection{Name: name, Connector: connector, Settings: map[string]any{"idempotencyHeader": "K"}}
				}
			case f.Name == "options":
				c.options.WarnAny = strings.Contains(string(f.Data), "warn-any")
			case strings.HasPrefix(f.Name, "project/"):
				project[strings.TrimPrefix(f.Name, "project/")] = &fstest.MapFile{Data: f.Data}
			case f.Name != "want":
				c.file, c.src = f.Name, f.Data
			}
		}
		if len(project) > 0 {
			c.options.Files, c.options.Path = project, "workflows/"+c.file
		}
		c.src = unescape(c.src)
		c.catalog = catalog
		out = append(out, c)
	}
	return out
}

// unescape puts in what a text file cannot hold well: ‹00› is that byte, and
// ‹text×N› is the text N times.
func unescape(b []byte) []byte {
	s := string(b)
	for _, r := range [][2]string{{"‹00›", "\x00"}, {"‹ff›", "\xff"}, {"‹cr›", "\r"}, {"‹bom›", "\ufeff"}, {"‹tab›", "\t"}, {"‹nel›", "\u0085"}} {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	s = repeated.ReplaceAllStringFunc(s, func(m string) string {
		parts := repeated.FindStringSubmatch(m)
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			panic(err)
		}
		return strings.Repeat(parts[1], n)
	})
	return []byte(s)
}

var repeated = regexp.MustCompile(`‹([^›]+)×(\d+)›`)

func (c testCase) run() (got string, w *graph.Workflow, l diag.List) {
	w, l = dsl.CompileWith(c.options, c.file, c.src, c.catalog)
	got = diag.Text(l, diag.Source(c.file, c.src))
	if w != nil {
		if got != "" {
			got += "\n"
		}
		got += dump(w)
	}
	return got, w, l
}

func TestCompile(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(c.path), ".txtar"), func(t *testing.T) {
			got, _, _ := c.run()
			want := ""
			at := -1
			for i, f := range c.archive.Files {
				if f.Name == "want" {
					want, at = string(f.Data), i
				}
			}
			if *update {
				if at < 0 {
					c.archive.Files = append(c.archive.Files, txtar.File{Name: "want"})
					at = len(c.archive.Files) - 1
				}
				c.archive.Files[at].Data = []byte(got)
				if err := os.WriteFile(c.path, txtar.Format(c.archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.path, diff)
			}
		})
	}
}
