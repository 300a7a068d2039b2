package diag

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// GitHub writes the findings of l to w as workflow commands of GitHub Actions,
// one a line, which show them as annotations at their places. Columns are left
// out where a finding goes over several lines, because annotations have none
// there. It returns the first error of w.
func GitHub(w io.Writer, l List) error {
	var b bytes.Buffer
	for _, d := range l {
		fmt.Fprintf(&b, "::%s ", d.Severity)
		if s := d.Span; s.File != "" {
			fmt.Fprintf(&b, "file=%s,line=%d,", property(s.File), s.Start.Line)
			if s.End.Line > s.Start.Line {
				fmt.Fprintf(&b, "endLine=%d,", s.End.Line)
			} else {
				fmt.Fprintf(&b, "col=%d,endColumn=%d,", s.Start.Col, max(s.End.Col, s.Start.Col))
			}
		}
		fmt.Fprintf(&b, "title=%s::%s\n", property(string(d.Code)), data(plainText(d)))
	}
	_, err := w.Write(b.Bytes())
	return err
}

// plainText returns everything that a finding says without its own place, a
// line each.
func plainText(d Diagnostic) string {
	lines := []string{printable(d.Message)}
	for _, r := range d.Related {
		at := ""
		if r.Span.File != "" {
			at = placeOf(r.Span)
		}
		lines = append(lines, at+printable(r.Message))
	}
	if d.Hint != "" {
		lines = append(lines, "hint: "+printable(d.Hint))
	}
	return strings.Join(lines, "\n")
}

var (
	dataEscape     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscape = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func data(s string) string     { return dataEscape.Replace(s) }
func property(s string) string { return propertyEscape.Replace(s) }
