package dsl_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/schema"
)

// Every finding points at something: its span is not empty, lies in the file,
// and starts and ends where a token does, not in white space.
func TestSpans(t *testing.T) {
	for _, c := range cases(t) {
		_, _, l := c.run()
		for _, d := range l {
			spans := []diag.Span{d.Span}
			for _, r := range d.Related {
				spans = append(spans, r.Span)
			}
			for _, s := range spans {
				checkSpan(t, c, d, s)
			}
			if d.Message == "" || d.Code == "" {
				t.Errorf("%s: a finding without code or message: %+v", c.path, d)
			}
		}
		if !slices.IsSortedFunc(l, func(a, b diag.Diagnostic) int { return a.Span.Start.Offset - b.Span.Start.Offset }) {
			t.Errorf("%s: the findings are not sorted", c.path)
		}
	}
}

func checkSpan(t *testing.T, c testCase, d diag.Diagnostic, s diag.Span) {
	t.Helper()
	start, end := s.Start.Offset, s.End.Offset
	if s.File != c.file || start < 0 || end > len(c.src) || start >= end {
		t.Errorf("%s: [%s] %s: span %d to %d of %d bytes of %q", c.path, d.Code, d.Message, start, end, len(c.src), s.File)
		return
	}
	token := string(c.src[start:end])
	if d.Code == "E101" || d.Code == "E102" || d.Code == "E111" {
		return // what is not readable, or not there, has no token
	}
	if strings.TrimSpace(token[:1]) == "" {
		t.Errorf("%s: [%s] %s: the span begins with white space: %q", c.path, d.Code, d.Message, token)
	}
	if strings.Contains(strings.TrimRight(token, "\n"), "\n") && !strings.HasPrefix(c.path, "testdata/caret") {
		t.Errorf("%s: [%s] %s: the span goes over several lines: %q", c.path, d.Code, d.Message, token)
	}
}

// environmentCodes are found in the files of environments only, as those that
// begin with E6.
var environmentCodes = []diag.Code{"E215", "E222"}

// Every code of the table has a case that shows it, and every code that is
// reported stands in the table, with its severity.
func TestCodes(t *testing.T) {
	seen := map[diag.Code]bool{}
	for _, c := range cases(t) {
		_, _, l := c.run()
		for _, d := range l {
			seen[d.Code] = true
			e, ok := diag.Lookup(d.Code)
			if !ok {
				t.Errorf("%s: the code %s is not in the table", c.path, d.Code)
			}
			if e.Warning && d.Severity != diag.Warning {
				t.Errorf("%s: %s is a warning in the table and an error here", c.path, d.Code)
			}
		}
	}
	for _, e := range diag.Codes() {
		if !seen[e.Code] && !slices.Contains(environmentCodes, e.Code) && !strings.HasPrefix(string(e.Code), "E6") {
			t.Errorf("%s (%s) has no case in testdata", e.Code, e.Title)
		}
	}
}

// structureCodes are what the schema file can tell as well.
var structureCodes = []diag.Code{"E201", "E202", "E203", "E204", "E205", "E206", "E207", "E209", "E212"}

// The structure check and the schema file agree on every document of
// testdata: one finds something where the other does.
func TestSchemaAgrees(t *testing.T) {
	compiled := compileSchema(t, "workflow")
	for _, c := range cases(t) {
		tree, read := dsl.Read(c.file, c.src)
		if read.HasErrors() || tree.Value() == nil {
			continue
		}
		err := compiled.Validate(tree.Value())
		l := dsl.CheckSchema(tree, "workflow")
		if (err != nil) != (len(l) > 0) {
			t.Errorf("%s: the validator says %v, the check says %d findings:\n%s", c.path, err, len(l), diag.Text(l, nil))
		}
		for _, d := range l {
			if !slices.Contains(structureCodes, d.Code) {
				t.Errorf("%s: the structure check reports %s", c.path, d.Code)
			}
		}
	}
}

func compileSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	b, ok := schema.Named(name)
	if !ok {
		t.Fatalf("no schema %s", name)
	}
	k := jsonschema.NewCompiler()
	k.Draft = jsonschema.Draft2020
	if err := k.AddResource(name, strings.NewReader(string(b))); err != nil {
		t.Fatal(err)
	}
	s, err := k.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Each schema compiles, and each branch of a step has every common key, so
// that an edit of one is an edit of all.
func TestSchemaFiles(t *testing.T) {
	for _, name := range schema.Names() {
		compileSchema(t, name)
		tree, _ := dsl.Read("x.yaml", []byte("a: 1"))
		dsl.CheckSchema(tree, name) // panics on a keyword that it does not know
	}
	b, _ := schema.Named("workflow")
	var doc struct {
		Defs map[string]struct {
			Properties           map[string]json.RawMessage `json:"properties"`
			AdditionalProperties any                        `json:"additionalProperties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	common := []string{"id", "name", "description", "if", "runAfter", "catch", "secure", "track"}
	branches := 0
	for name, d := range doc.Defs {
		if !strings.HasPrefix(name, "step.") {
			continue
		}
		branches++
		if d.AdditionalProperties != false {
			t.Errorf("%s is not closed", name)
		}
		for _, key := range common {
			if d.Properties[key] == nil {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
	if branches != 23 {
		t.Errorf("%d branches, want 23", branches)
	}
}
