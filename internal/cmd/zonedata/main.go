// Command zonedata writes the data of pkg/zone. It takes the time zones from
// the Go distribution that runs it and the Windows names from a file of the
// Unicode CLDR, supplemental/windowsZones.json (release 48.2):
//
//	go run ./internal/cmd/zonedata -cldr windowsZones.json
//
// It is run by hand when one of the two has a new release, not by go generate,
// so that a new Go does not change the committed data unseen.
package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	cldr := flag.String("cldr", "", "windowsZones.json of the Unicode CLDR")
	out := flag.String("out", "pkg/zone/data", "directory to write to")
	flag.Parse()
	if err := run(*cldr, *out); err != nil {
		fmt.Fprintln(os.Stderr, "zonedata:", err)
		os.Exit(1)
	}
}

func run(cldr, out string) error {
	if cldr == "" {
		return errors.New("name the CLDR's windowsZones.json with -cldr")
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(root)), "lib", "time")
	names, err := zones(dir, out)
	if err != nil {
		return err
	}
	return windows(cldr, out, names)
}

// zones writes every zone's data once, in the order in which their names are
// sorted, and the index: a name, and where its data begins and how long it is.
func zones(dir, out string) ([]string, error) {
	version, err := release(filepath.Join(dir, "update.bash"))
	if err != nil {
		return nil, err
	}
	z, err := zip.OpenReader(filepath.Join(dir, "zoneinfo.zip"))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	files := slices.Clone(z.File)
	slices.SortFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })

	var index, data bytes.Buffer
	fmt.Fprintf(&index, "tzdata %s\n", version)
	var names []string
	seen := map[string]int{}
	for _, f := range files {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		b, err := read(f)
		if err != nil {
			return nil, err
		}
		at, ok := seen[string(b)]
		if !ok {
			at = data.Len()
			seen[string(b)] = at
			data.Write(b)
		}
		fmt.Fprintf(&index, "%s %d %d\n", f.Name, at, len(b))
		names = append(names, f.Name)
	}
	if err := os.WriteFile(filepath.Join(out, "zones.txt"), index.Bytes(), 0o644); err != nil {
		return nil, err
	}
	return names, os.WriteFile(filepath.Join(out, "zones.bin"), data.Bytes(), 0o644)
}

func read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return b, nil
}

var dataLine = regexp.MustCompile(`(?m)^DATA=(\S+)$`)

// release reads which release of the database the Go distribution holds.
func release(script string) (string, error) {
	b, err := os.ReadFile(script)
	if err != nil {
		return "", err
	}
	m := dataLine.FindSubmatch(b)
	if m == nil {
		return "", fmt.Errorf("%s: no line DATA=RELEASE", script)
	}
	return string(m[1]), nil
}

// windows writes the Windows names, sorted, each with the zone that stands for
// it where no territory is named.
func windows(cldr, out string, names []string) error {
	src, err := os.ReadFile(cldr)
	if err != nil {
		return err
	}
	var doc struct {
		Supplemental struct {
			Version struct {
				CLDR string `json:"_cldrVersion"`
			}
			WindowsZones struct {
				MapTimezones []struct {
					MapZone struct {
						Other     string `json:"_other"`
						Type      string `json:"_type"`
						Territory string `json:"_territory"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal(src, &doc); err != nil {
		return fmt.Errorf("%s: %w", cldr, err)
	}
	var lines []string
	for _, m := range doc.Supplemental.WindowsZones.MapTimezones {
		if m.MapZone.Territory != "001" {
			continue
		}
		if !slices.Contains(names, m.MapZone.Type) {
			return fmt.Errorf("%s: %q stands for %q, which the time zone database does not have", cldr, m.MapZone.Other, m.MapZone.Type)
		}
		lines = append(lines, m.MapZone.Other+"="+m.MapZone.Type+"\n")
	}
	if len(lines) < 100 {
		return fmt.Errorf("%s: only %d names", cldr, len(lines))
	}
	slices.SortFunc(lines, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	text := "CLDR " + doc.Supplemental.Version.CLDR + "\n" + strings.Join(lines, "")
	return os.WriteFile(filepath.Join(out, "windows.txt"), []byte(text), 0o644)
}
