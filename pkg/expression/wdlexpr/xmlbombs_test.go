package wdlexpr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/expression"
)

// TestXMLBombs refuses documents in which names would have to be looked up
// among many declarations again and again; many attributes alone are fine.
func TestXMLBombs(t *testing.T) {
	const n = 20_000
	list := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	leaves := strings.Repeat("<b/>", n)
	for _, c := range []struct {
		name, source, text string
		fits               bool
	}{
		{"attributes", "@length(string(xml(parameters('p'))))", "<r" + list(" a%d=''", n) + ">" + leaves + "</r>", true},
		{"declarations, plain children", "@xml(parameters('p'))", "<r" + list(" xmlns:a%d='u'", n) + ">" + leaves + "</r>", false},
		{"declarations, children with prefixes", "@xml(parameters('p'))", "<r" + list(" xmlns:a%d='u'", n) + ">" + list("<a%d:b/>", n) + "</r>", false},
		{"declarations inside of one another", "@xml(parameters('p'))", list("<a xmlns:p%d='u'>", 900) + strings.Repeat(leaves, 7) + strings.Repeat("</a>", 900), false},
		{"attributes of an object", "@xml(json(parameters('p')))", `{"r": {` + list(`"@a%d": 1,`, n) + `"b": [1` + strings.Repeat(",1", n) + "]}}", false},
		{"declarations of an object", "@xml(json(parameters('p')))", `{"r": {` + list(`"@xmlns:a%d": "u",`, n/6) + `"b": [1` + strings.Repeat(",1", n) + "]}}", false},
	} {
		p, problems := Compile(c.source)
		if p == nil {
			t.Fatal(problems)
		}
		_, err := p.Eval(bigEnv(t, c.text))
		var failed *expression.Error
		if (err == nil) != c.fits || err != nil && (!errors.As(err, &failed) || failed.Code != expression.CodeExpressionLimit) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
