package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression"
)

// The page has each function once, in its category's order, with its examples
// and what it is in Logic Apps, and is the one that is committed.
func TestPage(t *testing.T) {
	got := string(page())
	for _, f := range expression.Functions() {
		if n := strings.Count(got, "\n### "+f.Name+"\n"); n != 1 {
			t.Errorf("%s stands %d times on the page", f.Name, n)
		}
		if !slices.Contains(categories, f.Category) {
			t.Errorf("%s is of category %q, which has no place", f.Name, f.Category)
		}
		for _, e := range f.Examples {
			if !strings.Contains(got, e.Source+"\n  → "+e.Result+"\n") {
				t.Errorf("%s: the example %s is missing", f.Name, e.Source)
			}
		}
	}
	for _, c := range expression.Counterparts() {
		if !strings.Contains(got, "\n| `"+c.Name+"` | ") {
			t.Errorf("the counterpart of %s is missing", c.Name)
		}
	}
	want, err := os.ReadFile("../../../docs/reference/functions.md")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("the page is not the committed one; run make generate:\n%s", d)
	}
}

func TestCell(t *testing.T) {
	if got := cell("a | b"); got != `a \| b` {
		t.Errorf("cell = %q", got)
	}
}
