package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
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
		if err == nil && twice(json.NewDecoder(bytes.NewReader(b))) {
			t.Errorf("%q names a member twice and is accepted", b)
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
		{`[1,]`, "line 1, column 4"},
		{` { "a" : [ 1 , 2 ] , "b" : { } } `, ""},
		{`{"\"":1,"\\\"":2,"\\":3}`, ""},
		{`{"x\ty":1,"x\u0009y":2}`, `names the member "x\ty" twice`},
		{members(15, 15), ""},
		{members(16, 16), ""},
		{members(17, 17), ""},
		{members(15, 3), `names the member "3" twice`},
		{members(16, 3), `names the member "3" twice`},
		{members(40, 39), `names the member "39" twice`},
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

// members returns an object of n members, and one more that has a name.
func members(n, last int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%q:0,", strconv.Itoa(i))
	}
	return fmt.Sprintf("{%s%q:0}", b.String(), strconv.Itoa(last))
}

// twice tells in another way whether an object of a value names a member
// twice.
func twice(d *json.Decoder) bool {
	t, err := d.Token()
	if err != nil {
		return false
	}
	seen, object := map[string]bool{}, t == json.Delim('{')
	if _, nests := t.(json.Delim); !nests {
		return false
	}
	found := false
	for d.More() {
		if object {
			k, _ := d.Token()
			name, _ := k.(string)
			found = found || seen[name]
			seen[name] = true
		}
		found = twice(d) || found
	}
	_, _ = d.Token()
	return found
}
