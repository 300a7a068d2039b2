package standard_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/connectors/standard"
)

// The operations that the engine comes with; one that is gone breaks workflows.
func TestNew(t *testing.T) {
	var got []string
	for _, o := range standard.New().Operations() {
		got = append(got, o.ID)
	}
	want := []string{
		"file.delete", "file.list", "file.read", "file.write",
		"http.delete", "http.get", "http.head", "http.patch", "http.post", "http.put", "http.request",
		"noop.do",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}
