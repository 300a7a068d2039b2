package layout_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/dsl/layout"
)

const reference = "../../../docs/reference/layout.md"

// The page of the standard form has the rules of testdata/rules.md and the
// orders of keys as they are.
func TestReference(t *testing.T) {
	rules, err := os.ReadFile("testdata/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.Write(rules)
	b.WriteString("\n| mapping | keys |\n|---|---|\n")
	for _, o := range layout.Orders() {
		fmt.Fprintf(&b, "| %s | `%s` |\n", o.Of, strings.Join(o.Keys, " "))
	}
	if *update {
		if err := os.WriteFile(reference, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("%s is not as it is written (-want +got):\n%s", reference, diff)
	}
}
