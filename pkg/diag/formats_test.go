package diag_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/keelstep/keelstep/pkg/diag"
)

// findings is a list with everything that a format has to write: warnings,
// other places, characters with a meaning, several lines, files of all kinds.
func findings() diag.List {
	span := func(file string, line, col, endLine, endCol int) diag.Span {
		return diag.Span{File: file, Start: diag.Pos{Line: line, Col: col}, End: diag.Pos{Line: endLine, Col: endCol}}
	}
	return diag.List{
		{Code: "E204", Span: span("workflows/order.yaml", 14, 12, 14, 18), Path: "/steps/1/runAfter/0", Message: `"succeedet" is not a status`, Hint: `did you mean "succeeded"?`},
		{Code: "E423", Severity: diag.Warning, Span: span("workflows/order.yaml", 15, 3, 15, 9), Path: "/steps/2", Message: "100% of it: a, b"},
		{Code: "E107", Span: span("a,b: 50%/ü x.yaml", 2, 1, 2, 3), Message: "the key \"a\"\nstands twice \x1b[31m", Hint: "keep\r\none", Related: []diag.Related{
			{Span: span("a,b: 50%/ü x.yaml", 1, 1, 1, 2), Message: "the first one is here"}, {Message: "nowhere"},
		}},
		{Code: "E204", Span: span("/abs/order.yaml", 3, 5, 5, 2), Message: "over lines"},
		{Code: "E101", Span: span(`C:\project\order.yaml`, 1, 1, 1, 1), Message: "an empty place"},
		{Code: "E999", Message: "no file and no entry in the table"},
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// Commands have one line each, and nothing that a finding says ends one or
// starts another.
func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	if err := diag.GitHub(&b, findings()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/github.txt", b.Bytes())
	if n := strings.Count(b.String(), "\n"); n != len(findings()) {
		t.Errorf("%d lines for %d findings", n, len(findings()))
	}
}

var tool = diag.Tool{Name: "engine", Version: "1.2.3", URL: "https://example.com"}

// A log has what the format demands; testdata/sarif.schema.json says what
// that is.
func TestSARIF(t *testing.T) {
	schema, err := jsonschema.Compile("testdata/sarif.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []diag.List{findings(), nil} {
		var b bytes.Buffer
		if err := diag.SARIF(&b, l, tool); err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%d findings: %#v", len(l), err)
		}
		if l != nil {
			golden(t, "testdata/sarif.json", b.Bytes())
		}
	}
}

// Each result names the rule that it is of, by index and by name.
func TestSARIFRules(t *testing.T) {
	var b bytes.Buffer
	if err := diag.SARIF(&b, findings(), tool); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	run := doc.Runs[0]
	for i, r := range run.Results {
		if want := string(findings()[i].Code); r.RuleID != want || run.Tool.Driver.Rules[r.RuleIndex].ID != want {
			t.Errorf("result %d is of rule %s at %d, want %s", i, r.RuleID, r.RuleIndex, want)
		}
	}
}

// What the writer cannot take is told.
func TestFormatsTellWriteErrors(t *testing.T) {
	full := errors.New("full")
	if err := diag.GitHub(failing{full}, findings()); !errors.Is(err, full) {
		t.Error(err)
	}
	if err := diag.SARIF(failing{full}, findings(), tool); !errors.Is(err, full) {
		t.Error(err)
	}
}
