package wdlexpr

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// addSeeds adds the sources of all cases and examples.
func addSeeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range readCases(string(text)) {
			f.Add(c.source)
		}
	}
	for _, function := range Functions() {
		for _, example := range function.Examples {
			f.Add(example.Source)
		}
	}
}

// FuzzEval compiles any string, and evaluates it twice: problems lie inside of
// the source, the value is the same each time, can be written, and comes back
// as the same JSON; no failure is one of Go.
func FuzzEval(f *testing.F) {
	addSeeds(f)
	env := caseContext(f)
	f.Fuzz(func(t *testing.T, source string) {
		p, problems := Compile(source)
		for _, problem := range problems {
			if problem.Offset < 0 || problem.Length < 1 || problem.Offset+problem.Length > len(source) || strings.Contains(problem.Message, "runtime error") {
				t.Fatalf("%q: %+v", source, problem)
			}
		}
		if (p == nil) != (len(problems) > 0) {
			t.Fatalf("%q: program %v, problems %v", source, p, problems)
		}
		if p == nil {
			return
		}
		x, err := p.Eval(env)
		y, again := p.Eval(env)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("%q: %v, then %v", source, err, again)
		}
		var failed *Error
		if err != nil {
			if !errors.As(err, &failed) || failed.Line < 1 || failed.Source != source || strings.Contains(failed.Message, "runtime error") || strings.Contains(failed.Message, "interface conversion") {
				t.Fatalf("%q: %#v", source, err)
			}
			return
		}
		raw, err := Encode(x)
		if err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		if second, err := Encode(y); err != nil || !bytes.Equal(raw, second) {
			t.Fatalf("%q = %s, then %s, %v", source, raw, second, err)
		}
		back, err := Decode(raw)
		if err != nil {
			t.Fatalf("%q = %s: %v", source, raw, err)
		}
		if same, err := Encode(back); err != nil || len(same) != len(raw) && !strings.ContainsAny(string(raw), ".E") {
			t.Fatalf("%q = %s, which comes back as %s, %v", source, raw, same, err)
		}
	})
}

// FuzzXML reads any XML, and what is written of it is read as the same; the
// way to JSON and back is a way.
func FuzzXML(f *testing.F) {
	for _, text := range []string{"<a/>", "<a b='1'>t<!--c--><![CDATA[d]]><?e f?></a>", "<n:a xmlns:n='u'><n:b n:c='d'/></n:a>", "<!DOCTYPE a [x]><a>&lt;&#65;</a>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := parseXML(text)
		if err != nil {
			return
		}
		written := xmlString(doc)
		again, err := parseXML(written)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", text, written, err)
		}
		if second := xmlString(again); second != written {
			t.Fatalf("%q is written as %q, then as %q", text, written, second)
		}
		m := &machine{}
		if x, err := m.jsonOfXML(doc); err == nil {
			if _, err := Encode(x); err != nil {
				t.Fatalf("%q as JSON: %v", text, err)
			}
		}
	})
}

// FuzzDates writes a time by a format and reads it by the same one.
func FuzzDates(f *testing.F) {
	f.Add(int64(0), "o")
	f.Add(int64(maxTicks), "yyyy-MM-dd HH:mm:ss.fffffff")
	f.Add(int64(636503616000000000), "dddd, d MMMM yyyy h:mm:ss.FFF tt")
	f.Fuzz(func(t *testing.T, ticks int64, format string) {
		if ticks < 0 || ticks > maxTicks || len(format) > 100 {
			return
		}
		d := dateTime{ticks, true}
		text, err := english.formatDate(d, format)
		if err != nil {
			return
		}
		_, _ = english.parseExact(text, format, time.Unix(0, 0)) // does not panic
		_, _ = english.parseDate(text, time.Unix(0, 0))
		whole, err := english.formatDate(d, "o")
		if err != nil {
			t.Fatal(err)
		}
		back, err := english.parseDate(whole, time.Unix(0, 0))
		if err != nil || back != d {
			t.Fatalf("%v is written as %s and read as %v, %v", d, whole, back, err)
		}
		exact, err := english.parseExact(whole, "o", time.Unix(0, 0))
		if err != nil || exact != d {
			t.Fatalf("%v is written as %s and read by o as %v, %v", d, whole, exact, err)
		}
	})
}

// FuzzArithmetic holds integers against integers without bounds, and formats of
// numbers against those of Go.
func FuzzArithmetic(f *testing.F) {
	f.Add(int64(math.MinInt64), int64(-1))
	f.Add(int64(3037000500), int64(3037000500))
	f.Fuzz(func(t *testing.T, x, y int64) {
		a, b := big.NewInt(x), big.NewInt(y)
		models := map[string]*big.Int{"add": new(big.Int).Add(a, b), "sub": new(big.Int).Sub(a, b), "mul": new(big.Int).Mul(a, b)}
		if y != 0 {
			models["div"], models["mod"] = new(big.Int).Quo(a, b), new(big.Int).Rem(a, b)
		}
		m := &machine{}
		for name, want := range models {
			got, err := find(name).call(m, []Value{x, y})
			if want.IsInt64() != (err == nil) || err == nil && got != want.Int64() {
				t.Errorf("%s(%d, %d) = %v, %v, want %v", name, x, y, got, err, want)
			}
		}
		text, err := english.formatNumber(x, "F0")
		if err != nil || text != strconv.FormatInt(x, 10) {
			t.Errorf("formatNumber(%d, F0) = %s, %v", x, text, err)
		}
		grouped, err := english.formatNumber(x, "#,##0")
		if err != nil || strings.ReplaceAll(grouped, ",", "") != text {
			t.Errorf("formatNumber(%d, #,##0) = %s, %v", x, grouped, err)
		}
		if back, err := strconv.ParseFloat(floatText(float64(x)), 64); err != nil || back != float64(x) {
			t.Errorf("%d as a float is %s", x, floatText(float64(x)))
		}
	})
}

// FuzzSearch holds the functions that look for a text in another, cut it and
// compare it, against a model of UTF-16 units that tries every place.
func FuzzSearch(f *testing.F) {
	f.Add("a😀bAé😀", "😀", 3)
	f.Add("ÉéÉ", "é", -2)
	f.Add("aaaa", "AA", 2)
	f.Add("", "", 1)
	f.Fuzz(func(t *testing.T, text, part string, n int) {
		if len(text) > 200 || len(part) > 200 || !utf8.ValidString(text) || !utf8.ValidString(part) {
			return
		}
		fold := func(s string) []uint16 { return utf16.Encode([]rune(strings.Map(upper, s))) }
		whole, piece := fold(text), fold(part)
		var places []int
		for i := 0; i+len(piece) <= len(whole); i++ {
			if slices.Equal(whole[i:i+len(piece)], piece) {
				places = append(places, i)
			}
		}
		at := func(i int) int64 {
			if i < 0 || i >= len(places) || part == "" {
				return -1
			}
			return int64(places[i])
		}
		first, last, nth := at(0), at(len(places)-1), at(n-1)
		if n < 0 {
			nth = at(len(places) + n)
		}
		if part == "" {
			first, last = 0, int64(max(0, len(whole)-1))
		}
		m := &machine{}
		models := map[string]Value{
			"indexOf": first, "lastIndexOf": last, "length": int64(len(utf16.Encode([]rune(text)))),
			"startsWith": len(places) > 0 && places[0] == 0, "endsWith": len(places) > 0 && places[len(places)-1] == len(whole)-len(piece),
			"less": slices.Compare(utf16.Encode([]rune(text)), utf16.Encode([]rune(part))) < 0, "equals": text == part,
		}
		for name, want := range models {
			args := []Value{text, part}[:len(find(name).params)]
			if got, err := find(name).call(m, args); err != nil || got != want {
				t.Errorf("%s(%q, %q) = %v, %v, want %v", name, text, part, got, err, want)
			}
		}
		if n != 0 {
			if got, err := find("nthIndexOf").call(m, []Value{text, part, int64(n)}); err != nil || got != nth {
				t.Errorf("nthIndexOf(%q, %q, %d) = %v, %v, want %d", text, part, n, got, err, nth)
			}
		}
	})
}
