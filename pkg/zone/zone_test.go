package zone_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/keelstep/keelstep/pkg/zone"
)

// Every name in the table loads, and says of itself by which IANA name.
func TestLoadAll(t *testing.T) {
	names, windows := zone.Names(), zone.Windows()
	if len(names) < 590 || len(windows) < 130 {
		t.Fatalf("%d IANA and %d Windows names, want 590 and 130 at least", len(names), len(windows))
	}
	if !slices.IsSorted(names) || !slices.IsSorted(windows) {
		t.Error("the names are not sorted")
	}
	for _, name := range append(names, windows...) {
		loc, err := zone.Load(name)
		if err != nil {
			t.Errorf("Load(%q): %v", name, err)
			continue
		}
		want, ok := zone.IANA(name)
		if !ok || loc.String() != want {
			t.Errorf("Load(%q) is called %q, want %q", name, loc, want)
		}
	}
}

func TestLoad(t *testing.T) {
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ name, iana, at string }{
		{"", "UTC", "2026-07-01T12:00:00Z"},
		{"UTC", "UTC", "2026-07-01T12:00:00Z"},
		{"Etc/UTC", "Etc/UTC", "2026-07-01T12:00:00Z"},
		{"Europe/Berlin", "Europe/Berlin", "2026-07-01T14:00:00+02:00"},
		{"W. Europe Standard Time", "Europe/Berlin", "2026-07-01T14:00:00+02:00"},
		{"Eastern Standard Time", "America/New_York", "2026-07-01T08:00:00-04:00"},
		{"UTC+12", "Etc/GMT-12", "2026-07-02T00:00:00+12:00"},
		{"India Standard Time", "Asia/Calcutta", "2026-07-01T17:30:00+05:30"},
		{"America/Argentina/Ushuaia", "America/Argentina/Ushuaia", "2026-07-01T09:00:00-03:00"},
	} {
		loc, err := zone.Load(c.name)
		if err != nil {
			t.Errorf("Load(%q): %v", c.name, err)
			continue
		}
		if got := summer.In(loc).Format(time.RFC3339); loc.String() != c.iana || got != c.at {
			t.Errorf("Load(%q) is %s with %s, want %s with %s", c.name, loc, got, c.iana, c.at)
		}
	}
}

// An unknown name says which one may be meant.
func TestUnknown(t *testing.T) {
	for _, c := range []struct{ name, near string }{
		{"europe/berlin", "Europe/Berlin"},
		{"Europe/Belin", "Europe/Berlin"},
		{"Berlin", "Europe/Berlin"},
		{"new york", "America/New_York"},
		{"Ushuaia", "America/Argentina/Ushuaia"},
		{"w. europe standard time", "W. Europe Standard Time"},
		{"Local", ""},
		{"../../etc/passwd", ""},
		{"Europe/Berlin 1", "Europe/Berlin"},
		{"Europe/Berlin\nEurope/Rome", ""},
		{"tzdata", ""},
		{"CLDR 48", ""},
		{"Middle of Nowhere", ""},
		{strings.Repeat("x", 65), ""},
		{strings.Repeat("x", 1<<20), ""},
	} {
		_, err := zone.Load(c.name)
		var unknown *zone.UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("Load(%.70q) = %v, want an UnknownError", c.name, err)
			continue
		}
		if unknown.Near != c.near {
			t.Errorf("Load(%.70q) suggests %q, want %q", c.name, unknown.Near, c.near)
		}
		if len(err.Error()) > 200 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
		if _, ok := zone.IANA(c.name); ok {
			t.Errorf("IANA(%.70q) is ok", c.name)
		}
	}
}

func TestUnknownError(t *testing.T) {
	got := []string{
		(&zone.UnknownError{Name: "europe/berlin", Near: "Europe/Berlin"}).Error(),
		(&zone.UnknownError{Name: "Nowhere"}).Error(),
	}
	want := []string{
		`no time zone "europe/berlin": did you mean "Europe/Berlin"?`,
		`no time zone "Nowhere": write an IANA name such as Europe/Berlin, or a Windows name`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRelease(t *testing.T) {
	if r := zone.Release(); len(r) != 5 || r < "2025c" {
		t.Errorf("Release() = %q, want such as 2025c", r)
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, name := range []string{"Africa/Abidjan", "Europe/Berlin", "W. Europe Standard Time"} {
		b.Run(strings.ReplaceAll(name, "/", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := zone.Load(name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleLoad() {
	berlin, err := zone.Load("W. Europe Standard Time")
	if err != nil {
		panic(err)
	}
	fmt.Println(berlin, time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(berlin).Format(time.RFC3339))
	// Output: Europe/Berlin 2026-07-01T14:00:00+02:00
}
