package books_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/books"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/fact"
)

var update = flag.Bool("update", false, "rewrite the transcript")

// TestDefinitions plays testdata/definitions.txt: a line deploys a workflow
// (deploy NAME VERSION DIGEST [METHOD PATH]...) and is answered by the events
// or the refusal. After each, a book that is folded from the record equals the
// live one.
func TestDefinitions(t *testing.T) {
	const file = "testdata/definitions.txt"
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := &player{t: t, book: books.NewDefinitions(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for line := range strings.Lines(string(src)) {
		if strings.HasPrefix(line, "  ") {
			continue
		}
		p.out.WriteString(line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			p.line(words)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(p.out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(p.out.String(), string(src)); d != "" {
		t.Errorf("got -, want +:\n%s", d)
	}
}

type player struct {
	t      *testing.T
	book   *books.Definitions
	now    time.Time
	record [][]byte
	out    strings.Builder
}

func (p *player) line(words []string) {
	switch words[0] {
	case "back": // clocks may step back
		p.now = p.now.Add(-time.Hour)
	case "active":
		for _, d := range p.book.Actives() {
			fmt.Fprintf(&p.out, "  %s %s\n", d.Workflow, d.Version)
		}
	case "deploy":
		p.deploy(words[1:])
	default:
		p.t.Fatalf("unknown command %q", words[0])
	}
}

func (p *player) deploy(words []string) {
	d := books.Deploy{Workflow: words[0], Version: words[1], Digest: words[2], Document: expression.Raw([]byte(`{}`))}
	for i := 3; i < len(words); i += 2 {
		d.Triggers = append(d.Triggers, books.Trigger{ID: "t" + words[i], Method: words[i], Path: words[i+1]})
	}
	p.now = p.now.Add(time.Minute)
	turn := p.book.Decide(p.now, d)
	for _, e := range turn.Events {
		fmt.Fprintf(&p.out, "  %d %s %s %s\n", e.Seq, e.Time.Format(time.TimeOnly), fact.NameOf(e.Fact), fact.ShowFields(e.Fact))
	}
	for _, r := range turn.Refused {
		fmt.Fprintf(&p.out, "  %v\n", r)
	}
	if len(turn.Events) > 0 {
		p.record = append(p.record, fact.EncodeTurn(turn.Events))
	}
	twin := p.replay()
	if d := cmp.Diff(p.book.All(), twin.All(), cmp.AllowUnexported(expression.Value{})); d != "" {
		p.t.Errorf("%v: live -, replayed +:\n%s", words, d)
	}
	for _, x := range p.book.All() {
		byDigest, ok := twin.Digest(x.Digest)
		byVersion, found := twin.Version(x.Workflow, x.Version)
		if !ok || !found || byDigest.Version != x.Version || byVersion.Digest != x.Digest {
			p.t.Errorf("%v: %s %s is not found by its digest or version", words, x.Workflow, x.Version)
		}
	}
}

func (p *player) replay() *books.Definitions {
	twin := books.NewDefinitions()
	for _, b := range p.record {
		events, err := fact.DecodeTurn(b, books.DefinitionFacts)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, e := range events {
			if err := twin.Apply(e); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return twin
}

// Events that cannot follow are errors and change nothing.
func TestApplyErrors(t *testing.T) {
	for name, e := range map[string]fact.Event{
		"a gap":                 {Seq: 2, Fact: &books.Deployed{}},
		"never deployed":        {Seq: 1, Fact: &books.Activated{Workflow: "a", Version: "1"}},
		"a fact of others":      {Seq: 1, Fact: foreign{}},
		"a number that is past": {Seq: 0, Fact: &books.Deployed{}},
	} {
		d := books.NewDefinitions()
		if err := d.Apply(e); err == nil || d.Seq() != 0 || len(d.All()) != 0 {
			t.Errorf("%s: %v, the book has %d events", name, err, d.Seq())
		}
	}
	d := books.NewDefinitions()
	first := fact.Event{Seq: 1, Fact: &books.Deployed{Workflow: "a", Version: "1"}}
	if err := errors.Join(d.Apply(first)); err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(fact.Event{Seq: 2, Fact: &books.Activated{Workflow: "a", Version: "2"}}); err == nil {
		t.Error("a version that was never deployed was activated")
	}
	if _, ok := d.Active("a"); ok {
		t.Error("a version is active that nobody activated")
	}
}

type foreign struct{}

func (foreign) Kind() fact.Kind    { return 99 }
func (foreign) Fields(*fact.Coder) {}
