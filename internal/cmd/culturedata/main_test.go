package main

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

var update = flag.Bool("update", false, "write what the command writes now")

// TestRun writes cultures of files such as the CLDR has them.
func TestRun(t *testing.T) {
	dir := filepath.Join("testdata", "cldr")
	out := filepath.Join(t.TempDir(), "cultures.txt")
	list := []culture{{"de-DE", "de", "EUR"}, {"de-CH", "de-CH", "CHF"}, {"is-IS", "is", "ISK"}}
	if err := run(list, dir, dir, out); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "cultures.txt")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("cultures (-want +got):\n%s", diff)
	}
}

// TestRunRefused says which file is missing or wrong.
func TestRunRefused(t *testing.T) {
	dir := filepath.Join("testdata", "cldr")
	out := filepath.Join(t.TempDir(), "out.txt")
	broken := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(broken, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("de/ca-gregorian.json", "{")
	write("de/numbers.json", `{"main": {}}`)
	write("is/numbers.json", `{"main": {"is": {}}}`)
	de := []culture{{"de-DE", "de", "EUR"}}
	for _, c := range []struct {
		name, dates, numbers, out string
		list                      []culture
		want                      string
	}{
		{"no dates", "", dir, out, de, "name the folders with -dates and -numbers"},
		{"no numbers", dir, "", out, de, "name the folders"},
		{"missing file", dir, dir, out, []culture{{"xx-XX", "xx", "EUR"}}, "ca-gregorian.json"},
		{"broken file", broken, dir, out, de, "ca-gregorian.json: unexpected end"},
		{"no locale", dir, broken, out, de, "numbers.json: no locale"},
		{"no currencies", dir, broken, out, []culture{{"is-IS", "is", "ISK"}}, "currencies.json"},
		{"no place to write", dir, dir, filepath.Join(broken, "none", "out.txt"), de, "out.txt"},
	} {
		if err := run(c.list, c.dates, c.numbers, c.out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// TestPattern turns patterns of dates into those of .NET.
func TestPattern(t *testing.T) {
	for cldr, want := range map[string]string{
		"EEEE, d. MMMM y":         "dddd, d. MMMM yyyy",
		"EEEEE d":                 "dddd d",
		"E d":                     "ddd d",
		"ccc":                     "ddd",
		"d 'de' MMMM 'de' y":      "d 'de' MMMM 'de' yyyy",
		"dd/MM/yy":                "dd/MM/yy",
		"y/MM/dd":                 "yyyy/MM/dd",
		"LLLL y":                  "MMMM yyyy",
		"h:mm\u202fa":             "h:mm tt",
		"B h:mm":                  "tt h:mm",
		"K:mm:ss b":               "h:mm:ss tt",
		"HH 'h' mm":               "HH 'h' mm",
		"G y MMM":                 "yyyy MMM",
		"y年M月d日EEEE":              "yyyy年M月d日dddd",
		"d\u00a0MMMM\u00a0y 'г'.": "d MMMM yyyy 'г'.",
	} {
		if got := pattern(cldr); got != want {
			t.Errorf("pattern(%q) = %q, want %q", cldr, got, want)
		}
	}
}

// TestData holds the list of cultures against those that expressions know.
func TestData(t *testing.T) {
	names := make([]string, len(cultures))
	for i, c := range cultures {
		names[i] = c.name
	}
	if diff := cmp.Diff(names, wdlexpr.Cultures()); diff != "" {
		t.Errorf("the data is of other cultures: run the command again (-list +data):\n%s", diff)
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "pkg", "expression", "wdlexpr", "data", "cultures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	if !strings.HasPrefix(lines[0], "CLDR ") {
		t.Errorf("the first line names no release: %s", lines[0])
	}
	// only the names of the halves of a day may be missing
	for i, line := range lines {
		if key, value, ok := strings.Cut(line, "="); ok && slices.Contains(strings.Split(value, "|"), "") && key != "halves" {
			t.Errorf("line %d: %s lacks something: %q", i+1, key, value)
		}
	}
}
