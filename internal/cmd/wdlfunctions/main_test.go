package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

// TestPage holds the page that is committed against the library.
func TestPage(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "reference", "logic-apps-functions.md"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(b), string(page())); diff != "" {
		t.Errorf("the page is not up to date, run make generate (-committed +now):\n%s", diff)
	}
}

// TestComplete finds every function on the page: in the list of its family, and
// under a heading of its own with signature, summary, counterpart and examples.
func TestComplete(t *testing.T) {
	text := string(page())
	sections := map[string]string{}
	for section := range strings.SplitSeq(text, "\n### ") {
		name, body, _ := strings.Cut(section, "\n")
		sections[name] = body
	}
	functions := wdlexpr.Functions()
	if len(functions) < 136 || len(sections) != len(functions)+1 { // and what stands in front of the first
		t.Errorf("%d functions, %d sections", len(functions), len(sections))
	}
	for _, f := range functions {
		body, ok := sections[f.Name]
		if !ok {
			t.Errorf("%s has no section", f.Name)
			continue
		}
		if !strings.Contains(text, "["+f.Name+"](#"+strings.ToLower(f.Name)+")") {
			t.Errorf("%s is not in the list", f.Name)
		}
		for _, part := range []string{"`" + f.Signature + "`", f.Summary, "Here: " + f.Here} {
			if part == "" || !strings.Contains(body, part) {
				t.Errorf("%s: %q is missing", f.Name, part)
			}
		}
		if n := strings.Count(body, "\n  → "); n != len(f.Examples) {
			t.Errorf("%s: %d examples, want %d", f.Name, n, len(f.Examples))
		}
	}
}

// TestForm sees that the page is one that readers can show: fences are closed,
// links lead somewhere, no format is left over.
func TestForm(t *testing.T) {
	text := string(page())
	if strings.Count(text, "```")%2 != 0 {
		t.Error("a fence is not closed")
	}
	if strings.Contains(text, "%!") || strings.Contains(text, "\n\n\n") || !strings.HasSuffix(text, "\n") {
		t.Error("the page has holes")
	}
	for _, link := range regexp.MustCompile(`\]\(#([a-z0-9]+)\)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(strings.ToLower(text), "\n### "+link[1]+"\n") {
			t.Errorf("the link #%s leads nowhere", link[1])
		}
	}
}
