package main

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goZones makes what a Go distribution has of zones: an archive and the script
// that says which release it is.
func goZones(t *testing.T, script string, zones [][2]string) string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for _, zone := range zones {
		w, err := z.Create(zone[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(zone[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "update.bash"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func file(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Zones are written in the order of their names; data that two have stands
// there once.
func TestZones(t *testing.T) {
	dir, out := goZones(t, "CODE=2026a\nDATA=2026b\n", [][2]string{{"UTC", "utc"}, {"Europe/", ""}, {"Europe/Berlin", "berlin"}, {"Europe/Busingen", "berlin"}}), t.TempDir()
	names, err := zones(dir, out)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Europe/Berlin", "Europe/Busingen", "UTC"}; !slices.Equal(names, want) {
		t.Errorf("the zones are %v, want %v", names, want)
	}
	if got, want := file(t, out, "zones.txt"), "tzdata 2026b\nEurope/Berlin 0 6\nEurope/Busingen 0 6\nUTC 6 3\n"; got != want {
		t.Errorf("the index is %q, want %q", got, want)
	}
	if got := file(t, out, "zones.bin"); got != "berlinutc" {
		t.Errorf("the data is %q", got)
	}
	if _, err := zones(goZones(t, "no release", nil), out); err == nil || !strings.Contains(err.Error(), "DATA=RELEASE") {
		t.Errorf("without a release: %v", err)
	}
	if _, err := zones(t.TempDir(), out); err == nil {
		t.Error("without a script: no error")
	}
}

// Windows names are written sorted, each with the zone for no territory; one
// that stands for an unknown zone, and a file with hardly any, are refused.
func TestWindows(t *testing.T) {
	cldr := func(n int, zone string) string {
		var all []string
		for i := n; i > 0; i-- {
			all = append(all, fmt.Sprintf(`{"mapZone":{"_other":"Zone %03d","_type":%q,"_territory":"001"}}`, i, zone),
				fmt.Sprintf(`{"mapZone":{"_other":"Zone %03d","_type":"Other/Zone","_territory":"DE"}}`, i))
		}
		path := filepath.Join(t.TempDir(), "windowsZones.json")
		text := `{"supplemental":{"version":{"_cldrVersion":"48.2"},"windowsZones":{"mapTimezones":[` + strings.Join(all, ",") + `]}}}`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := t.TempDir()
	if err := windows(cldr(100, "UTC"), out, []string{"UTC"}); err != nil {
		t.Fatal(err)
	}
	got := file(t, out, "windows.txt")
	if !strings.HasPrefix(got, "CLDR 48.2\nZone 001=UTC\nZone 002=UTC\n") || strings.Count(got, "\n") != 101 {
		t.Errorf("the names are %q", got)
	}
	for name, c := range map[string]struct{ path, says string }{
		"an unknown zone": {cldr(100, "No/Where"), "No/Where"},
		"few names":       {cldr(99, "UTC"), "only 99 names"},
		"no file":         {filepath.Join(out, "none"), "none"},
		"no JSON":         {filepath.Join(out, "windows.txt"), "windows.txt"},
	} {
		if err := windows(c.path, out, []string{"UTC"}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := run("", out); err == nil {
		t.Error("without a file of the CLDR: no error")
	}
}
