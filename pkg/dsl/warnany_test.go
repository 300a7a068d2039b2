package dsl_test

import (
	"os"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// The samples say of everything that they read what it is.
func TestSamplesAreTyped(t *testing.T) {
	for _, file := range []string{"../../samples/order/workflows/order.yaml", "../../samples/approval/workflows/approval.yaml"} {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w, l := dsl.CompileWith(dsl.Options{WarnAny: true}, file, src, newCatalog())
		if w == nil || len(l) > 0 {
			t.Errorf("%s", diag.Text(l, diag.Source(file, src)))
		}
	}
}
