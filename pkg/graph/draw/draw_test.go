package draw_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/graph/draw"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

// open is a catalog that knows every operation.
type open struct{}

func (open) Operation(id string) (dsl.Operation, bool) {
	name, _, _ := strings.Cut(id, ".")
	return dsl.Operation{
		ID: id, Connector: name, In: []byte(`{}`), Out: []byte(`{}`), Connected: true, Returns: map[string]string{"http": "body"}[name],
		Repeat: func(map[string]any, any) graph.Repeat { return graph.Never },
	}, true
}

func (open) Operations() []string                   { return nil }
func (open) Connections() map[string]dsl.Connection { return nil }

// compile compiles a file that has no errors.
func compile(t testing.TB, file string) *graph.Workflow {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w, found := dsl.Compile(file, src, open{})
	if w == nil {
		t.Fatal(diag.Text(found, diag.Source(file, src)))
	}
	return w
}

// golden compares got with a file, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("%s (rewrite with -update):\n%s", file, d)
	}
}

// sources is what the goldens are of: the order sample, and the files of
// testdata.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"order": "../../../samples/order/workflows/order.yaml"}
	for _, f := range files {
		all[strings.TrimSuffix(filepath.Base(f), ".yaml")] = f
	}
	return all
}

// The three forms of each workflow are as in the golden files, and the same
// when they are made again.
func TestGolden(t *testing.T) {
	for name, file := range sources(t) {
		t.Run(name, func(t *testing.T) {
			w := compile(t, file)
			for ext, form := range map[string]func(*graph.Workflow) string{"tree": treeText, "mmd": draw.Mermaid, "svg": draw.SVG} {
				got := form(w)
				golden(t, filepath.Join("testdata", name+"."+ext), got)
				if again := form(compile(t, file)); again != got {
					t.Errorf("%s differs from itself", ext)
				}
			}
		})
	}
}

// treeText sets the rows of a tree as plain text.
func treeText(w *graph.Workflow) string {
	var b strings.Builder
	for _, r := range draw.Tree(w) {
		kind := " "
		if r.Beside {
			kind = "¦"
		}
		fmt.Fprintln(&b, strings.TrimRight(strings.Join([]string{kind + r.Branch + r.Label, r.Verb, r.Detail, r.Note}, " | "), " |"))
	}
	return b.String()
}

// wellFormed reads a picture as XML and returns its texts.
func wellFormed(t testing.TB, svg string) string {
	t.Helper()
	var texts strings.Builder
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts.String()
		}
		if err != nil {
			t.Fatalf("the picture is not XML: %v", err)
		}
		if c, ok := tok.(xml.CharData); ok {
			texts.Write(c)
		}
	}
}

// Every step is in each form.
func TestComplete(t *testing.T) {
	for name, file := range sources(t) {
		t.Run(name, func(t *testing.T) {
			w := compile(t, file)
			svg, mermaid, tree := wellFormed(t, draw.SVG(w)), draw.Mermaid(w), treeText(w)
			for _, n := range w.Nodes {
				if !strings.Contains(svg, n.ID) {
					t.Errorf("%s is not in the picture", n.ID)
				}
				if !strings.Contains(mermaid, fmt.Sprintf("s%d", n.Index)) || !strings.Contains(mermaid, n.ID) {
					t.Errorf("%s is not in the flowchart", n.ID)
				}
				if !strings.Contains(tree, "─ "+n.ID+" |") {
					t.Errorf("%s is not in the tree", n.ID)
				}
			}
		})
	}
}

// Whatever a text holds, the picture is XML, the flowchart stays on its lines,
// and no line is endless.
func TestHostileTexts(t *testing.T) {
	subject, err := expression.Load("1", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, text := range []string{
		"harmless", `<script>alert("1")</script>`, "]]>&#x0;", "a\nb\r\n\tc", "\x00\x01\x1b[31m\ufffe\uffff\xff", `"]; click s0 "javascript:alert(1)"`,
		"%%{init: {}}%%", "--- title: x", "#quot;#", "`**bold**`", "end", strings.Repeat("w", 5000), strings.Repeat("語", 5000), "\u202eevil",
	} {
		n := &graph.Node{ID: text, Kind: graph.Emit, Emit: &graph.EmitSpec{Type: text}}
		odd := &graph.Node{
			Index: 1, ID: "b", Kind: graph.Switch, Block: n.Block, After: []graph.Edge{{From: n, Statuses: graph.Statuses(graph.Failed)}},
			Branches: []graph.Branch{{Name: text, Body: &graph.Block{}}},
		}
		odd.Subject = subject
		w := &graph.Workflow{
			Name: text, Version: text, Description: text, Root: &graph.Block{Nodes: []*graph.Node{n, odd}}, Nodes: []*graph.Node{n, odd},
			Triggers: []graph.Trigger{{ID: text, Event: &graph.EventTrigger{Type: text}}},
		}
		w.Link()
		svg := draw.SVG(w)
		wellFormed(t, svg)
		if strings.Contains(svg, "<script") {
			t.Errorf("%.40q is an element of the picture", text)
		}
		mermaid := draw.Mermaid(w)
		if n := strings.Count(mermaid, "\n"); lines == 0 {
			lines = n
		} else if n != lines {
			t.Errorf("%.40q changes the flowchart:\n%.2000s", text, mermaid)
		}
		for form, out := range map[string]string{"svg": svg, "mermaid": mermaid, "tree": treeText(w)} {
			if strings.ContainsAny(strings.ReplaceAll(out, "\n", ""), "\x00\x01\x1b\r\t") {
				t.Errorf("%.40q: a control character is in the %s", text, form)
			}
			for l := range strings.Lines(out) {
				if len(l) > 60000 {
					t.Errorf("%.40q: a line of the %s has %d bytes", text, form, len(l))
				}
			}
		}
	}
}

// build makes a workflow of n compose steps at the top. after says which
// earlier steps a step follows.
func build(n int, after func(i int) []int) *graph.Workflow {
	w := &graph.Workflow{Name: "built", Root: &graph.Block{}}
	for i := range n {
		node := &graph.Node{Index: i, ID: fmt.Sprintf("s%d", i), Kind: graph.Compose}
		for _, j := range after(i) {
			node.After = append(node.After, graph.Edge{From: w.Nodes[j], Statuses: graph.Statuses(graph.Succeeded), PassedOver: true})
		}
		w.Nodes = append(w.Nodes, node)
	}
	w.Root.Nodes = w.Nodes
	w.Link()
	return w
}

// chain, fan and web are workflows that a layout could choke on: one line, all
// at once, and each step after the first one, the last one and one far above.
func chain(n int) *graph.Workflow {
	return build(n, func(i int) []int {
		if i == 0 {
			return nil
		}
		return []int{i - 1}
	})
}

func fan(n int) *graph.Workflow { return build(n, func(int) []int { return nil }) }

func web(n int) *graph.Workflow {
	return build(n, func(i int) []int {
		switch {
		case i == 0:
			return nil
		case i < 3:
			return []int{i - 1}
		}
		return []int{0, i / 2, i - 1}
	})
}

// nest is scopes in each other.
func nest(depth int) *graph.Workflow {
	w := &graph.Workflow{Name: "nested", Root: &graph.Block{}}
	b := w.Root
	for i := range depth {
		n := &graph.Node{Index: i, ID: fmt.Sprintf("s%d", i), Kind: graph.Scope, Body: &graph.Block{}}
		w.Nodes, b.Nodes = append(w.Nodes, n), []*graph.Node{n}
		b = n.Body
	}
	w.Link()
	return w
}

// Large workflows give large pictures, in proportion to their size.
func TestLarge(t *testing.T) {
	for name, w := range map[string]*graph.Workflow{"chain": chain(3000), "fan": fan(3000), "web": web(3000), "nest": nest(60)} {
		svg := draw.SVG(w)
		wellFormed(t, svg)
		if perStep := len(svg) / len(w.Nodes); perStep > 12000 {
			t.Errorf("%s: %d bytes for each step", name, perStep)
		}
		if got := strings.Count(draw.Mermaid(w), "s2[") + strings.Count(draw.Mermaid(w), "subgraph s2["); got != 1 && name != "nest" {
			t.Errorf("%s: s2 is in the flowchart %d times", name, got)
		}
		if got := len(draw.Tree(w)); name != "nest" && got != 3001 {
			t.Errorf("%s: the tree has %d rows", name, got)
		}
	}
}

func BenchmarkSVG(b *testing.B) {
	order := compile(b, "../../../samples/order/workflows/order.yaml")
	for _, c := range []struct {
		name string
		w    *graph.Workflow
	}{{"order", order}, {"chain2000", chain(2000)}, {"fan2000", fan(2000)}, {"web2000", web(2000)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				draw.SVG(c.w)
			}
		})
	}
}

// An edge that passes layers is one line: where a piece of it ends, the next
// one begins, to the pixel.
func TestPiecesMeet(t *testing.T) {
	svg := draw.SVG(compile(t, "testdata/net.yaml"))
	piece := regexp.MustCompile(`<path class="edge[^"]*" d="M(\d+) (\d+)V(\d+)(?:q0 -?\d+ (-?\d+) -?\d+H(\d+)q(-?\d+) 0 -?\d+ -?\d+V(\d+))?"( marker-end)?`)
	starts := map[string]bool{}
	var ends []string
	for _, m := range piece.FindAllStringSubmatch(svg, -1) {
		starts[m[1]+" "+m[2]] = true
		switch {
		case m[8] != "": // it ends at a step
		case m[4] == "":
			ends = append(ends, m[1]+" "+m[3])
		default:
			across, err := strconv.Atoi(m[5])
			turn, err2 := strconv.Atoi(m[6])
			if err != nil || err2 != nil {
				t.Fatalf("%v, %v in %s", err, err2, m[0])
			}
			ends = append(ends, fmt.Sprintf("%d %s", across+turn, m[7]))
		}
	}
	if len(ends) < 20 {
		t.Fatalf("only %d edges pass layers", len(ends))
	}
	for _, e := range ends {
		if !starts[e] {
			t.Errorf("no piece goes on at %s", e)
		}
	}
}
