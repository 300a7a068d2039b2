package schedule_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/schedule"
)

var update = flag.Bool("update", false, "rewrite what the cases expect")

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

// Each wrong expression of the case file is shown with a caret under what is
// wrong, the field, the message and the hint.
func TestParseErrors(t *testing.T) {
	file := filepath.Join("testdata", "parse_errors.txt")
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			out.WriteString(line + "\n")
			continue
		}
		text, ok := strings.CutPrefix(line, "cron |")
		if !ok {
			continue // what is expected
		}
		text = strings.TrimSuffix(text, "|")
		_, err := schedule.Parse(text)
		var bad *schedule.ParseError
		if !errors.As(err, &bad) {
			t.Errorf("Parse(%q) = %v, want a ParseError", text, err)
			continue
		}
		if bad.Offset < 0 || bad.Offset+bad.Length > len(text) {
			t.Errorf("Parse(%q): %d and %d lie outside", text, bad.Offset, bad.Length)
		}
		fmt.Fprintf(&out, "%s\n      %s%s\n  %s\n  hint: %s\n", line, strings.Repeat(" ", bad.Offset), strings.Repeat("^", max(1, bad.Length)), bad.Message, bad.Hint)
		if err.Error() != bad.Message+": "+bad.Hint {
			t.Errorf("Error() = %q", err)
		}
		if bad.Field != "" && !strings.HasPrefix(bad.Message, bad.Field) {
			t.Errorf("Parse(%q): %q does not name the field %q", text, bad.Message, bad.Field)
		}
	}
	golden(t, file, out.String())
}

// The length is bounded.
func TestParseLength(t *testing.T) {
	const cron = "0 0 * * *"
	for n, want := range map[int]bool{schedule.MaxCron - 1: true, schedule.MaxCron: true, schedule.MaxCron + 1: false, 1 << 24: false} {
		_, err := schedule.Parse(cron + strings.Repeat(" ", n-len(cron)))
		if (err == nil) != want {
			t.Errorf("a cron of %d bytes: %v", n, err)
		}
	}
}

// A cron keeps its text, and is equal to one written alike.
func TestCronValue(t *testing.T) {
	a, err := schedule.Parse(" 30 7 * * MON-FRI ")
	if err != nil {
		t.Fatal(err)
	}
	b, err := schedule.Parse("30 7 * * MON-FRI")
	if err != nil {
		t.Fatal(err)
	}
	if a != b || a.String() != "30 7 * * MON-FRI" || a.IsZero() {
		t.Errorf("%q, %q", a.String(), b.String())
	}
	if zero := (schedule.Cron{}); !zero.IsZero() || zero.String() != "" {
		t.Error("the zero value is not zero")
	}
}

// FuzzParse looks for panics and for expressions whose firings disagree with
// each other.
func FuzzParse(f *testing.F) {
	src, err := os.ReadFile(filepath.Join("testdata", "parse_errors.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(src)) {
		if text, ok := strings.CutPrefix(line, "cron |"); ok {
			f.Add(strings.TrimSuffix(text, "|\n"))
		}
	}
	for _, s := range []string{
		"* * * * *", "*/5 0-12/3 1,15,L * MON#2,FRIL", "0 0 9 LW 2/3 ? 2030-2035", "@daily", "0 0 29 2 */6",
		"59 23 31 12 5", "0 30 2 L-3,15W * *", "0 0 1 1 * 2199",
	} {
		f.Add(s)
	}
	berlin := load(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := schedule.Parse(text)
		if err != nil {
			var bad *schedule.ParseError
			if !errors.As(err, &bad) || bad.Hint == "" || bad.Offset < 0 || bad.Length < 0 || bad.Offset+bad.Length > len(text) {
				t.Fatalf("Parse(%q) = %#v", text, err)
			}
			return
		}
		again, err := schedule.Parse(c.String())
		if err != nil || again != c {
			t.Fatalf("Parse(%q) = %v, %v", c.String(), again, err)
		}
		s := schedule.Spec{Cron: c, Zone: berlin}
		at := time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)
		for range 5 {
			next, ok := s.Next(at)
			if !ok {
				return // its years are over
			}
			prev, ok := s.Prev(next.Add(1))
			if !next.After(at) || !ok || !prev.Equal(next) {
				t.Fatalf("%q: Next(%v) = %v, and before it %v", text, at, next, prev)
			}
			at = next
		}
	})
}
