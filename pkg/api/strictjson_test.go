package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keelstep/keelstep/pkg/api"
)

// FuzzStrictJSON: what is accepted is JSON that nests at most 128 deep and
// whose meaning does not depend on which of two members of a name counts.
func FuzzStrictJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[1,2.5e3,"x",null,true]`, `{"a":{"b":[]},"c":1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `[1,]`, `1 2`, "\xff", strings.Repeat("[", 200), `"\ud800"`, `-`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := api.StrictJSON(b)
		if err == nil && (!json.Valid(b) || !utf8.Valid(b)) {
			t.Errorf("%q is accepted", b)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("%q is refused without a word", b)
		}
	})
}

func TestStrictJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":1,"b":{"a":1}}`, ""},
		{`[{"a":1},{"a":2}]`, ""},
		{`{"a":1,"\u0061":2}`, `the object at "" names the member "a" twice`},
		{`[0,{"x":[{"y":1,"y":1}]}]`, `the object at "/1/x/0" names the member "y" twice`},
		{"\"\xff\"", "not UTF-8"},
		{`{"a":1}}`, "line 1, column 8"},
		{"{\n \"é\": x}", "line 2, column 7"},
		{`nul`, "ends in the middle"},
		{`[` + strings.Repeat(`[],`, 1000) + `1]`, ""},
		{strings.Repeat(`[`, 127) + strings.Repeat(`]`, 127), ""},
		{strings.Repeat(`[`, 128) + strings.Repeat(`]`, 128), ""},
		{strings.Repeat(`{"a":`, 128) + "1" + strings.Repeat(`}`, 128), ""},
		{strings.Repeat(`[`, 129) + strings.Repeat(`]`, 129), "more than 128"},
	} {
		err := api.StrictJSON([]byte(c.in))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%.40q is refused: %v", c.in, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%.40q gives %v, want %q", c.in, err, c.want)
		}
	}
}
