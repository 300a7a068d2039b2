package dsl_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// Done to the letter, the hints make a file valid in at most two rounds.
func TestHints(t *testing.T) {
	const path = "testdata/hints/slips.txtar"
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := &txtar.Archive{Comment: a.Comment}
	fixed := map[string]string{}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".fixed") {
			fixed[f.Name] = string(f.Data)
		}
	}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".fixed") {
			continue
		}
		out.Files = append(out.Files, f)
		t.Run(strings.TrimSuffix(f.Name, ".yaml"), func(t *testing.T) {
			src := f.Data
			_, l := dsl.Compile(f.Name, src, newCatalog())
			if len(l) == 0 {
				t.Fatal("nothing is wrong with the file")
			}
			for range 2 {
				src = follow(src, l)
				_, l = dsl.Compile(f.Name, src, newCatalog())
			}
			if len(l) > 0 {
				t.Errorf("after two rounds:\n%s", diag.Text(l, diag.Source(f.Name, src)))
			}
			out.Files = append(out.Files, txtar.File{Name: f.Name + ".fixed", Data: src})
			if !*update {
				if diff := cmp.Diff(fixed[f.Name+".fixed"], string(src)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// edit is a stretch of a source and what takes its place.
type edit struct {
	from, to int
	text     string
}

// follow does what the hints of findings say.
func follow(src []byte, l diag.List) []byte {
	var edits []edit
	for _, d := range l {
		if e, ok := recipe(src, d); ok {
			edits = append(edits, e)
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return b.from - a.from })
	last := len(src) + 1
	for _, e := range edits {
		if e.to > last {
			continue // the next round sees it
		}
		src = slices.Concat(src[:e.from], []byte(e.text), src[e.to:])
		last = e.from
	}
	return src
}

var (
	byName     = regexp.MustCompile(`(?:did you mean|write|wait for) "((?:[^"\\]|\\.)*)"`)
	renamed    = regexp.MustCompile(`call it "([^"]*)"`)
	quoted     = regexp.MustCompile(`quote it[^:]*: ("[^"]*"|'(?:[^']|'')*')`)
	wholeValue = regexp.MustCompile(`quote the whole value: ([A-Za-z]+): (.*?)(?:; put a comment.*)?$`)
	inBraces   = regexp.MustCompile(`(?:write|make a text of it:|say what stands for null:) \$\{ (.*) \}`)
	pair       = regexp.MustCompile(`write ([A-Za-z]+): (.+)$`)
	without    = regexp.MustCompile(`write "(true|false)", without quotes|leave the quotes out: (\S+)|write it as a list: (.*)`)
	missing    = regexp.MustCompile(`^add ([a-z]+: \S+?)(?: and ([a-z]+: \S+))?$`)
	cutOut     = regexp.MustCompile(`^(?:take it out|leave the tag out)`)
	function   = regexp.MustCompile(`^write ([a-zA-Z]+)\(`)
	declare    = regexp.MustCompile(`declare it at the top: (.*)$`)
	removal    = regexp.MustCompile(`^(?:remove it|leave it out|leave one out|keep one of them)`)
	unquote    = regexp.MustCompile(`leave the quotes out`)
)

// recipe reads a hint as an edit.
func recipe(src []byte, d diag.Diagnostic) (edit, bool) {
	from, to := d.Span.Start.Offset, d.Span.End.Offset
	token := string(src[from:to])
	inner := edit{from, to, ""}
	if len(token) > 1 && (token[0] == '"' || token[0] == '\'') && token[len(token)-1] == token[0] {
		inner.from, inner.to = from+1, to-1
	}
	switch {
	case cutOut.MatchString(d.Hint):
		return edit{from, to, ""}, true
	case missing.MatchString(d.Hint):
		m := missing.FindStringSubmatch(d.Hint)
		return added(src, from, m[1:]), true
	case without.MatchString(d.Hint):
		m := without.FindStringSubmatch(d.Hint)
		return edit{from, to, m[1] + m[2] + m[3]}, true
	case removal.MatchString(d.Hint):
		e := wholePair(src, from)
		return dropped(src, e), true
	case unquote.MatchString(d.Hint):
		return edit{from, to, string(src[inner.from:inner.to])}, true
	case renamed.MatchString(d.Hint):
		inner.text = renamed.FindStringSubmatch(d.Hint)[1]
		return inner, true
	case wholeValue.MatchString(d.Hint):
		m := wholeValue.FindStringSubmatch(d.Hint)
		start := bytes.LastIndex(src[:from+1], []byte("\n")) + 1
		end := lineEnd(src, start)
		at := start + strings.Index(string(src[start:end]), m[1]+":")
		return edit{at, end, m[1] + ": " + m[2]}, true
	case quoted.MatchString(d.Hint):
		return edit{from, to, quoted.FindStringSubmatch(d.Hint)[1]}, true
	case inBraces.MatchString(d.Hint):
		x := inBraces.FindStringSubmatch(d.Hint)[1]
		if token[0] == '@' || strings.HasPrefix(token, "{{") || strings.HasPrefix(string(src[inner.from:inner.to]), "${") {
			x = "${ " + x + " }"
		} else {
			inner.from, inner.to = from, to
		}
		inner.text = x
		return inner, true
	case function.MatchString(d.Hint):
		inner.text = function.FindStringSubmatch(d.Hint)[1]
		return inner, true
	case byName.MatchString(d.Hint):
		inner.text = byName.FindStringSubmatch(d.Hint)[1]
		return inner, true
	case pair.MatchString(d.Hint):
		m := pair.FindStringSubmatch(d.Hint)
		e := wholePair(src, from)
		e.text = m[1] + ": " + m[2]
		return e, true
	case declare.MatchString(d.Hint):
		at := bytes.Index(src, []byte("steps:"))
		return edit{at, at, declare.FindStringSubmatch(d.Hint)[1] + "\n"}, true
	}
	return edit{}, false
}

// added puts pairs into the mapping whose first token is at an offset.
func added(src []byte, at int, pairs []string) edit {
	if src[at] == '{' {
		return edit{at + 1, at + 1, " " + strings.TrimSuffix(strings.Join(pairs, ", "), ", ") + ","}
	}
	indent := "\n" + strings.Repeat(" ", at-bytes.LastIndex(src[:at], []byte("\n"))-1)
	text := ""
	for _, p := range pairs {
		if p != "" {
			text += p + indent
		}
	}
	return edit{at, at, text}
}

func lineEnd(src []byte, from int) int {
	if i := bytes.IndexByte(src[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(src)
}

// wholePair returns the key and value, or the entry of a list, around an
// offset.
func wholePair(src []byte, at int) edit {
	line := bytes.LastIndex(src[:at], []byte("\n")) + 1
	end := lineEnd(src, line)
	// In a flow collection, the stretch between commas and brackets.
	open := []int{}
	commas := []int{}
	for i := line; i < at; i++ {
		switch src[i] {
		case '{', '[':
			open, commas = append(open, i), append(commas, i)
		case '}', ']':
			open, commas = open[:len(open)-1], commas[:len(commas)-1]
		case ',':
			if len(commas) > 0 {
				commas[len(commas)-1] = i
			}
		}
	}
	if len(open) > 0 {
		from := commas[len(commas)-1] + 1
		for src[from] == ' ' {
			from++
		}
		depth, quote := 0, byte(0)
		for i := from; i < end; i++ {
			switch c := src[i]; {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '\'':
				quote = c
			case c == '{' || c == '[':
				depth++
			case depth == 0 && (c == ',' || c == '}' || c == ']'):
				return edit{from, len(bytes.TrimRight(src[:i], " ")), ""}
			case c == '}' || c == ']':
				depth--
			}
		}
	}
	from := line
	for src[from] == ' ' || src[from] == '-' {
		from++
	}
	for end < len(src) { // deeper lines belong to it
		next := lineEnd(src, end+1)
		text := src[end+1 : next]
		if len(bytes.TrimLeft(text, " ")) == 0 || len(text)-len(bytes.TrimLeft(text, " ")) <= from-line {
			break
		}
		end = next
	}
	return edit{from, end, ""}
}

// dropped takes a pair out together with what separates it from its
// neighbours.
func dropped(src []byte, e edit) edit {
	i := e.to
	for i < len(src) && src[i] == ' ' {
		i++
	}
	switch {
	case i < len(src) && src[i] == ',':
		for i++; i < len(src) && src[i] == ' '; i++ {
		}
		return edit{e.from, i, ""}
	case i < len(src) && (src[i] == '}' || src[i] == ']'):
		from := e.from
		for src[from-1] == ' ' || src[from-1] == ',' {
			from--
		}
		return edit{from, e.to, ""}
	}
	from := bytes.LastIndex(src[:e.from], []byte("\n")) + 1
	return edit{from, min(e.to+1, len(src)), ""}
}
