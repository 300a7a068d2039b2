package schedule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// failer is what tests, benchmarks and properties have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func load(t failer, name string) *time.Location {
	t.Helper()
	loc, err := zone.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

const layout = "Mon 2006-01-02 15:04:05 MST"

// TestFirings prints the firings of each schedule of the case files, and their
// shifts. A case is a line of keys: cron or every, zone, start, from, and how
// many. What is printed going back from the end must be the same.
func TestFirings(t *testing.T) {
	files, err := filepath.Glob("testdata/firings_*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			for line := range strings.Lines(string(src)) {
				switch {
				case strings.HasPrefix(line, " "): // what is expected
				case line == "\n" || strings.HasPrefix(line, "#"):
					out.WriteString(line)
				default:
					out.WriteString(line)
					firings(t, &out, strings.TrimSpace(line))
				}
			}
			golden(t, file, out.String())
		})
	}
}

// firings prints the firings of one case.
func firings(t *testing.T, out *strings.Builder, line string) {
	t.Helper()
	var s schedule.Spec
	var from time.Time
	count := 4
	for arg := range strings.SplitSeq(line, "; ") {
		key, value, _ := strings.Cut(arg, " ")
		var err error
		switch key {
		case "cron":
			s.Cron, err = schedule.Parse(value)
		case "every":
			s.Every, err = time.ParseDuration(value)
		case "zone":
			s.Zone = load(t, value)
		case "start":
			s.Start, err = time.Parse(time.RFC3339Nano, value)
		case "from":
			from, err = time.Parse(time.RFC3339Nano, value)
		case "count":
			count, err = strconv.Atoi(value)
		default:
			t.Fatalf("%s: unknown key %q", line, key)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	list, more := s.Between(from, from.AddDate(500, 0, 0), count)
	for _, at := range list {
		shift, planned := s.Shift(at)
		note := ""
		if shift != schedule.Regular {
			note = "  " + shift.String()
		}
		if shift == schedule.Moved {
			note += " (" + planned.Format("Mon 15:04:05") + ")"
		}
		fmt.Fprintf(out, "  %s%s\n", at.Format(layout), note)
	}
	if !more {
		out.WriteString("  no more\n")
	}
	back := from.AddDate(500, 0, 0)
	if len(list) > 0 {
		back = list[len(list)-1].Add(1)
	}
	for i := len(list) - 1; i >= 0; i-- {
		at, ok := s.Prev(back)
		if !ok || !at.Equal(list[i]) {
			t.Errorf("%s: Prev(%v) = %v, %v, want %v", line, back, at, ok, list[i])
		}
		back = at
	}
}

// What is no schedule never fires.
func TestNever(t *testing.T) {
	c, err := schedule.Parse("* * * * *")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range []schedule.Spec{
		{},
		{Every: -time.Hour},
		{Every: schedule.MinEvery - 1},
		{Cron: c, Every: time.Hour},
		{Cron: c, Every: 24 * time.Hour},
	} {
		if at, ok := s.Next(now); ok {
			t.Errorf("%+v: Next = %v", s, at)
		}
		if at, ok := s.Prev(now); ok {
			t.Errorf("%+v: Prev = %v", s, at)
		}
		if list, more := s.Between(now, now.AddDate(1, 0, 0), 3); len(list) > 0 || more {
			t.Errorf("%+v: Between = %v", s, list)
		}
	}
	if at, ok := (schedule.Spec{Every: schedule.MinEvery}).Next(now); !ok || !at.Equal(now.Add(time.Second)) {
		t.Errorf("every second: %v, %v", at, ok)
	}
}

// Between keeps both of its bounds: from is outside, to inside, and at most so
// many come.
func TestBetween(t *testing.T) {
	hour := func(h int) time.Time { return time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC) }
	s := schedule.Spec{Every: time.Hour}
	for _, c := range []struct {
		from, to, most, want int
		more                 bool
	}{
		{0, 3, 10, 3, false},
		{0, 3, 3, 3, false},
		{0, 3, 2, 2, true},
		{0, 3, 0, 0, true},
		{0, 0, 0, 0, false},
		{3, 0, 10, 0, false},
	} {
		got, more := s.Between(hour(c.from), hour(c.to), c.most)
		if len(got) != c.want || more != c.more {
			t.Errorf("Between(%d, %d, %d) = %v, %v", c.from, c.to, c.most, got, more)
		}
		for i, at := range got {
			if !at.Equal(hour(c.from + i + 1)) {
				t.Errorf("Between(%d, %d, %d)[%d] = %v", c.from, c.to, c.most, i, at)
			}
		}
	}
}

func ExampleSpec_Next() {
	berlin, err := zone.Load("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	cron, err := schedule.Parse("30 2 * * *")
	if err != nil {
		panic(err)
	}
	s := schedule.Spec{Cron: cron, Zone: berlin}
	at := time.Date(2026, 3, 28, 0, 0, 0, 0, berlin)
	for range 3 { // on the 29th the clock goes from 02:00 to 03:00
		at, _ = s.Next(at)
		fmt.Println(at)
	}
	// Output:
	// 2026-03-28 02:30:00 +0100 CET
	// 2026-03-29 03:00:00 +0200 CEST
	// 2026-03-30 02:30:00 +0200 CEST
}

// The changes of a zone's clock come in order, and none is made up.
func TestNextChange(t *testing.T) {
	for _, c := range []struct {
		zone, after string
		want        []string
	}{
		{"Europe/Berlin", "2026-01-01T00:00:00Z", []string{"2026-03-29T01:00:00Z 1h0m0s", "2026-10-25T01:00:00Z -1h0m0s", "2027-03-28T01:00:00Z 1h0m0s"}},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", []string{"2026-10-25T01:00:00Z -1h0m0s"}},
		{"Europe/Berlin", "2026-03-29T00:59:59.9Z", []string{"2026-03-29T01:00:00Z 1h0m0s"}},
		{"Australia/Lord_Howe", "2040-01-01T00:00:00Z", []string{"2040-03-31T15:00:00Z -30m0s", "2040-10-06T15:30:00Z 30m0s"}},
		{"Pacific/Apia", "2011-12-01T00:00:00Z", []string{"2011-12-30T10:00:00Z 24h0m0s"}},
		{"Asia/Kathmandu", "2026-01-01T00:00:00Z", []string{"none"}},
		{"UTC", "2026-01-01T00:00:00Z", []string{"none"}},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.after)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			got := "none"
			next, by, ok := schedule.NextChange(at, load(t, c.zone))
			if ok {
				got = next.UTC().Format(time.RFC3339) + " " + by.String()
			}
			if got != want {
				t.Errorf("NextChange(%v, %s) = %s, want %s", at, c.zone, got, want)
			}
			at = next
		}
	}
}
