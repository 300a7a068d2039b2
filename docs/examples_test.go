package docs_test

import (
	"io/fs"
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
)

var fence = regexp.MustCompile("(?ms)^ *```([a-z]*)( [a-z ]+)?\n(.*?)^ *```$")

// tried is the pages whose examples are tried where the pages are written.
var tried = regexp.MustCompile(`^docs/(errors/E\d+|reference/language)\.md$`)

// Whatever a page shows as YAML is a workflow without a finding; what is in a
// language of others (yaml github), or an environment, says so behind the fence.
func TestExamples(t *testing.T) {
	seen := 0
	for _, root := range []string{"docs", "samples", "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
			page := strings.TrimPrefix(filepath.ToSlash(path), "../")
			if err != nil || d.IsDir() || filepath.Ext(path) != ".md" || tried.MatchString(page) {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
				if m[1] != "yaml" && m[1] != "yml" {
					continue
				}
				seen++
				switch strings.TrimSpace(m[2]) {
				case "github":
				case "environment":
					if _, l := config.Load("env/example.yaml", []byte(m[3]), nil); len(l) > 0 {
						t.Errorf("%s:\n%s\n%s", page, m[3], diag.Text(l, diag.Source("env/example.yaml", []byte(m[3]))))
					}
				default:
					example(t, page, m[3])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 3 {
		t.Errorf("only %d examples were found", seen)
	}
}

func example(t *testing.T, page, src string) {
	t.Helper()
	_, l := dsl.Compile("example.yaml", []byte(src), engine.NewCatalog(standard.New(), nil))
	if len(l) > 0 {
		t.Errorf("%s:\n%s\n%s", page, src, diag.Text(l, diag.Source("example.yaml", []byte(src))))
	}
}
