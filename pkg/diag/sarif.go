package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
)

// Tool is the program that found something, as SARIF names it.
type Tool struct {
	Name    string
	Version string
	URL     string // of its home page
}

// PageBase is where the pages of the codes are published.
const PageBase = "https://github.com/keelstep/keelstep/blob/main/docs/errors/"

// Page returns the address of the page of a code.
func (c Code) Page() string { return PageBase + url.PathEscape(string(c)) + ".md" }

// SARIF writes the findings of l to w as a SARIF 2.1.0 log of one run, with a
// rule for each code among them. It returns the first error of w.
func SARIF(w io.Writer, l List, tool Tool) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{
		Name: tool.Name, Version: tool.Version, InformationURI: tool.URL, Rules: []sarifRule{},
	}
	codes := make([]Code, len(l))
	for i, d := range l {
		codes[i] = d.Code
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	for _, c := range codes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, ruleOf(c))
	}
	for _, d := range l {
		at, _ := slices.BinarySearch(codes, d.Code)
		run.Results = append(run.Results, resultOf(d, at))
	}
	b, err := json.MarshalIndent(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

func ruleOf(c Code) sarifRule {
	r := sarifRule{ID: string(c), HelpURI: c.Page(), Default: sarifConfiguration{Level: "error"}}
	e, ok := Lookup(c)
	if !ok {
		return r
	}
	r.Short = &sarifText{Text: e.Title}
	r.Full = &sarifText{Text: e.Explanation}
	r.Help = &sarifText{Text: strings.Join([]string{e.Explanation, e.Hint}, "\n\n")}
	if e.Warning {
		r.Default.Level = "warning"
	}
	return r
}

func resultOf(d Diagnostic, rule int) sarifResult {
	r := sarifResult{RuleID: string(d.Code), RuleIndex: rule, Level: d.Severity.String()}
	r.Message.Text = printable(d.Message)
	if d.Hint != "" {
		r.Message.Text += "\nhint: " + printable(d.Hint)
	}
	if d.Span.File != "" {
		at := locationOf(d.Span)
		if d.Path != "" {
			at.Logical = []sarifLogical{{Name: d.Path, Kind: "value"}}
		}
		r.Locations = []sarifLocation{at}
	}
	for i, rel := range d.Related {
		if rel.Span.File == "" {
			continue
		}
		at := locationOf(rel.Span)
		at.ID, at.Message = i+1, &sarifText{Text: printable(rel.Message)}
		r.Related = append(r.Related, at)
	}
	return r
}

func locationOf(s Span) sarifLocation {
	at := sarifLocation{Physical: sarifPhysical{Region: sarifRegion{
		StartLine: max(s.Start.Line, 1), StartColumn: max(s.Start.Col, 1), EndLine: max(s.End.Line, s.Start.Line, 1), EndColumn: max(s.End.Col, 1),
	}}}
	at.Physical.Artifact.URI = fileURI(s.File)
	return at
}

// fileURI returns the URI of a file: relative ones stay so, the slash is the
// only separator.
func fileURI(file string) string {
	file = strings.ReplaceAll(file, `\`, "/")
	u := url.URL{Path: file}
	switch {
	case strings.HasPrefix(file, "/"):
		u.Scheme = "file"
	case len(file) > 2 && file[1] == ':' && file[2] == '/': // a drive
		u.Scheme, u.Path = "file", "/"+file
	}
	return u.String()
}
