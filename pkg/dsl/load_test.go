package dsl_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// An accepted document, loaded again from its canonical JSON, gives the same
// graph and the same digest.
func TestLoad(t *testing.T) {
	n := 0
	for _, c := range cases(t) {
		_, w, _ := c.run()
		if w == nil {
			continue
		}
		n++
		again, err := dsl.Load(w.Document, c.catalog)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if diff := cmp.Diff(dump(w), dump(again)); diff != "" {
			t.Errorf("%s (-compiled +loaded):\n%s", c.path, diff)
		}
		if w.Digest != again.Digest || string(w.Document) != string(again.Document) {
			t.Errorf("%s: digest %s, loaded %s", c.path, w.Digest, again.Digest)
		}
	}
	if n < 3 {
		t.Fatalf("only %d documents compile", n)
	}
}

// Loading judges nothing: a catalog that has lost the operation does not stop
// a run that goes on.
func TestLoadWithoutCatalog(t *testing.T) {
	for _, c := range cases(t) {
		_, w, _ := c.run()
		if w == nil {
			continue
		}
		if _, err := dsl.Load(w.Document, testCatalog{}); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}

func TestLoadDamaged(t *testing.T) {
	for src, want := range map[string]string{
		"":   "document.json",
		"[]": "not an object",
		`{"steps":[{"id":"a","compose":"${ ( }"}]}`:     "/steps/0/compose",
		`{"steps":[{"id":"a","compose":"${ "}]}`:        "/steps/0/compose",
		`{"steps":[{"id":"a","rollback":"b"}]}`:         "/steps/0/rollback",
		`{"steps":[{"id":"a","wait":1,"timeout":"x"}]}`: "/steps/0/timeout",
		`{"input":{"type":1},"steps":[]}`:               "/input",
		`{"steps":[{"id":"a"}]}`:                        "/steps/0",
	} {
		_, err := dsl.Load([]byte(src), newCatalog())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load(%q) = %v, want an error with %q", src, err, want)
		}
	}
}

// The digest is of what the document says, not of how it is written.
func TestDigest(t *testing.T) {
	same := []string{
		"workflow: x\nversion: \"1\"\nsteps:\n  - id: a\n    compose: { b: 1, a: [1.50, \"t\", null, true] }\n",
		"version: '1' # a label\nsteps: [{compose: {a: [1.5, t, ~, True], b: 1}, id: a}]\nworkflow: x",
		`{"version":"1","workflow":"x","steps":[{"id":"a","compose":{"a":[15e-1,"t",null,true],"b":1},},]}`,
	}
	digests := map[string]string{}
	for _, src := range same {
		w, l := dsl.Compile("x", []byte(src), newCatalog())
		if w == nil {
			t.Fatalf("%s: %v", src, l)
		}
		digests[w.Digest] = src
	}
	if len(digests) != 1 {
		t.Errorf("the digests differ: %v", digests)
	}
	w, _ := dsl.Compile("x", []byte(strings.Replace(same[0], "b: 1", "b: 2", 1)), newCatalog())
	if digests[w.Digest] != "" {
		t.Error("another value has the same digest")
	}
}

// The sample of the project validates clean.
func TestSample(t *testing.T) {
	const file = "../../samples/order/workflows/order.yaml"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, l := dsl.Compile(file, src, newCatalog())
	if w == nil || len(l) > 0 {
		t.Errorf("findings:\n%s", diag.Text(l, diag.Source(file, src)))
	}
}

// Characters that do not stand in a source as they are do not stand in the
// document either: what is accepted can be loaded.
func TestLoadEscapes(t *testing.T) {
	source := `{"workflow": "w", "version": "1", "steps": [{"id": "a", "compose": "\u0000 \u007f \u0085 \u2028 \u2029 \ufffe \uffff \t é 😀"}]}`
	w, findings := dsl.Compile("w.json", []byte(source), nil)
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	again, err := dsl.Load(w.Document, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest != w.Digest {
		t.Errorf("loaded as %s, was %s", again.Document, w.Document)
	}
}
