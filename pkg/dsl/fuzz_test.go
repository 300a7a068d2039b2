package dsl_test

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
)

// Compile never panics, gives a workflow or errors, places each finding in the
// file, and what it accepts can be loaded again with the same digest.
func FuzzCompile(f *testing.F) {
	for _, c := range cases(f) {
		if len(c.src) < 20_000 {
			f.Add(c.file, c.src)
		}
	}
	f.Add("x", []byte("{"))
	f.Fuzz(func(t *testing.T, file string, src []byte) {
		w, l := dsl.Compile(file, src, newCatalog())
		if (w == nil) != l.HasErrors() {
			t.Fatalf("workflow %v with findings %v", w != nil, l)
		}
		for _, d := range l {
			if s := d.Span; s.Start.Offset < 0 || s.End.Offset > len(src) || s.Start.Offset > s.End.Offset || s.Start.Line < 1 || s.Start.Col < 1 {
				t.Fatalf("[%s] %s at %+v of %d bytes", d.Code, d.Message, s, len(src))
			}
		}
		_ = diag.Text(l, diag.Source(file, src))
		if w == nil {
			return
		}
		again, err := dsl.Load(w.Document, newCatalog())
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest != w.Digest || dump(again) != dump(w) {
			t.Fatalf("loaded again it differs:\n%s\n%s", dump(w), dump(again))
		}
	})
}

// FuzzReadYAML and FuzzReadJSON read texts that were changed at random: what is
// read is found again where it says that it stands, and every finding lies in
// the file.
func FuzzReadYAML(f *testing.F) { fuzzRead(f, ".yaml") }

// FuzzReadJSON is the same for JSON.
func FuzzReadJSON(f *testing.F) { fuzzRead(f, ".json") }

func fuzzRead(f *testing.F, ext string) {
	for _, c := range cases(f) {
		if len(c.src) < 20_000 && strings.HasSuffix(c.file, ext) {
			f.Add(c.src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		file := "x" + ext
		tree, l := dsl.Read(file, src)
		l = append(l, dsl.CheckSchema(tree, "workflow")...)
		for _, d := range l {
			if s := d.Span; s.Start.Offset < 0 || s.End.Offset > len(src) || s.Start.Offset > s.End.Offset || s.Start.Line < 1 || s.Start.Col < 1 || d.Message == "" {
				t.Fatalf("[%s] %s at %+v of %d bytes", d.Code, d.Message, s, len(src))
			}
		}
		_ = diag.Text(l, diag.Source(file, src))
		if l.HasErrors() {
			return
		}
		again, l := dsl.Read("x.json", dsl.Canonical(tree))
		if l.HasErrors() || !bytes.Equal(dsl.Canonical(again), dsl.Canonical(tree)) {
			t.Fatalf("the canonical form reads otherwise: %s, then %s: %v", dsl.Canonical(tree), dsl.Canonical(again), l)
		}
	})
}

func BenchmarkCompileOrder(b *testing.B) {
	src, err := os.ReadFile("../../samples/order/workflows/order.yaml")
	if err != nil {
		b.Fatal(err)
	}
	c := newCatalog()
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if w, l := dsl.Compile("order.yaml", src, c); w == nil {
			b.Fatal(l)
		}
	}
}

func BenchmarkLoadOrder(b *testing.B) {
	src, err := os.ReadFile("../../samples/order/workflows/order.yaml")
	if err != nil {
		b.Fatal(err)
	}
	c := newCatalog()
	w, l := dsl.Compile("order.yaml", src, c)
	if w == nil {
		b.Fatal(l)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dsl.Load(w.Document, c); err != nil {
			b.Fatal(err)
		}
	}
}

// mixedDocument is a workflow of n times ten steps of many kinds.
func mixedDocument(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`workflow: x
version: "1"
input: { type: object, required: [id, items], properties: { id: { type: string }, items: { type: array, items: { type: object, required: [sku], properties: { sku: { type: string } } } } } }
connections: { shop: { connector: http } }
variables: { n: 0 }
steps:
`)
	for i := range n {
		b.WriteString(strings.ReplaceAll(`  - id: get_%
    action: http.get
    with: { path: "/orders/${ input.id }", query: { n: % } }
    returns: { type: object, required: [total], properties: { total: { type: number }, n%: { type: integer } } }
    retry: { attempts: 3, delay: 500ms, if: error.status >= 500 }
    compensate: [{ id: undo_%, action: http.delete, with: { path: "/orders/${ input.id }" } }]
    catch: [{ when: error.code == "Gone", do: [{ id: none_%, compose: { body: { total: 0 } } }] }]
  - { id: sum_%, compose: "${ steps.get_%.output.body.total + 1 }" }
  - { id: big_%, if: steps.sum_%.output > 10 and input.id != "x", then: [{ id: count_%, increment: { n: 1 } }], else: [{ id: wait_%, wait: 3s }] }
  - id: each_%
    foreach: input.items
    do: [{ id: line_%, compose: { sku: "${ item.sku }", at: "${ index }" } }]
    output: "${ steps.line_%.output.sku }"
`, "%", strconv.Itoa(i)))
	}
	return b.Bytes()
}

// A file of 2,000 steps of many kinds.
func BenchmarkCompileMixed(b *testing.B) {
	src := mixedDocument(200)
	c := newCatalog()
	b.ReportAllocs()
	for b.Loop() {
		if w, l := dsl.Compile("x.yaml", src, c); w == nil {
			b.Fatal(diag.Text(l[:min(len(l), 3)], diag.Source("x.yaml", src)))
		}
	}
}

// Work grows with the source: twice the steps is about twice the time (compare
// ns/step).
func BenchmarkCompileLong(b *testing.B) {
	for _, n := range []int{500, 1000, 2000, 4000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			src := longDocument(n)
			c := newCatalog()
			b.ReportAllocs()
			for b.Loop() {
				if w, l := dsl.Compile("x.yaml", src, c); w == nil {
					b.Fatal(l[:1])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/step")
		})
	}
}
