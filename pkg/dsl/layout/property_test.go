package layout_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/dsl/layout"
)

// Any document, written in any way, has a form that means the same, has all
// its comments, and is its own form.
func TestAnyYAML(t *testing.T) {
	written, read := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := &scribe{t: t}
		doc := document(t)
		if size(doc) > 0 {
			s.block(doc, 0, false)
			s.risky = false
			s.between(0)
		} else {
			s.flow(doc, 1, false)
			s.eol()
		}
		src := s.b.String()
		if s.one(8, "crlf") {
			src = strings.ReplaceAll(src, "\n", "\r\n")
		}
		if s.one(12, "bom") {
			src = "\ufeff" + src
		}
		file := s.pick("workflow.yaml", "workflows/x.yml", "env/local.yaml", "tests/a.test.yaml", "plain")
		written++
		if file == "plain" && strings.HasPrefix(strings.TrimLeft(src, "\ufeff \r\n"), "{") {
			file += ".yaml"
		}
		if holds(t, file, src, s.comments) {
			read++
		}
	})
	if t.Logf("%d of %d documents can be read", read, written); read*10 < written*8 {
		t.Errorf("only %d of %d documents can be read: the test says little", read, written)
	}
}

// The same for JSON with comments.
func TestAnyJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scribe{t: t}
		s.json(document(t))
		s.jsonSpace()
		if !holds(t, s.pick("x.json", "env/x.hujson"), s.b.String(), s.comments) {
			t.Fatalf("it cannot be read:\n%s", s.b.String())
		}
	})
}

// holds checks one text, and tells whether it can be read at all.
func holds(t *rapid.T, file, src string, comments []string) bool {
	_, found := dsl.Read(file, []byte(src))
	if found.HasErrors() {
		return false
	}
	check(t, file, []byte(src))
	out, err := layout.Format(file, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range comments {
		if strings.Count(string(out), c) != 1 {
			t.Fatalf("the comment %s stands %d times in the form:\n%s\nof:\n%s", c, strings.Count(string(out), c), out, src)
		}
	}
	return true
}

// json writes a value with white space and comments in between.
func (s *scribe) json(v value) {
	s.jsonSpace()
	encode := func(x any) {
		b, err := json.Marshal(x)
		if err != nil {
			s.t.Fatal(err)
		}
		s.b.WriteString(strings.ReplaceAll(string(b), "\u0085", `\u0085`)) // no file holds it raw
	}
	switch v := v.(type) {
	case number:
		s.b.WriteString(string(v))
	case []member:
		s.b.WriteString("{")
		for i, m := range v {
			s.jsonSpace()
			encode(m.key)
			s.jsonSpace()
			s.b.WriteString(":")
			s.json(m.value)
			s.jsonComma(i, len(v))
		}
		s.jsonSpace()
		s.b.WriteString("}")
	case []value:
		s.b.WriteString("[")
		for i, item := range v {
			s.json(item)
			s.jsonComma(i, len(v))
		}
		s.jsonSpace()
		s.b.WriteString("]")
	default:
		encode(v)
	}
}

func (s *scribe) jsonComma(i, n int) {
	s.jsonSpace()
	if i < n-1 || s.one(8, "last comma") {
		s.b.WriteString(",")
	}
}

func (s *scribe) jsonSpace() {
	switch {
	case s.one(15, "line comment"):
		s.b.WriteString(" //" + s.comment() + "\n")
	case s.one(15, "comment"):
		s.b.WriteString("/*" + s.comment() + s.pick("", "\n  more") + "*/")
	case s.one(6, "break"):
		s.b.WriteString(s.pick("\n", "\n\n", "\r\n", "\n\n\n  "))
	default:
		s.b.WriteString(s.pick("", " ", "\t"))
	}
}
