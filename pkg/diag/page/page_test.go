package page_test

import (
	"os"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/diag/page"
)

// Every code has a page that says more than the table does, and every page
// has a code.
func TestEveryCodeHasAPage(t *testing.T) {
	for _, e := range diag.Codes() {
		p, ok := page.Of(e.Code)
		if !ok {
			t.Errorf("%s (%s) has no page: write pages/%s.txt", e.Code, e.Title, e.Code)
			continue
		}
		if len(p.Text) < 100 || strings.Contains(e.Title+e.Explanation, p.Text) {
			t.Errorf("%s: the text is no help: %q", e.Code, p.Text)
		}
		for name, x := range map[string]page.Example{"wrong": p.Wrong, "right": p.Right} {
			if x.Workflow == "" && x.Environment == "" {
				t.Errorf("%s has no example that is %s", e.Code, name)
			}
		}
		if p.Right.Shortened {
			t.Errorf("%s: what is right can be shown whole", e.Code)
		}
	}
	names, err := os.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range names {
		code := diag.Code(strings.TrimSuffix(f.Name(), ".txt"))
		if _, ok := diag.Lookup(code); !ok {
			t.Errorf("pages/%s is of no code", f.Name())
		}
	}
	if got := len(page.All()); got != len(names) {
		t.Errorf("%d pages, %d files", got, len(names))
	}
}

// A code that is not in the table has no page.
func TestNoPage(t *testing.T) {
	if p, ok := page.Of("E999"); ok {
		t.Errorf("E999 has %+v", p)
	}
	if p, ok := page.Of("../E101"); ok {
		t.Errorf("../E101 has %+v", p)
	}
}
