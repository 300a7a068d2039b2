// Package zone is the world's time zones, held by the program itself. It finds
// a zone by its IANA name or by its Windows name and never looks at the
// machine's zone files, so a schedule and a formatted date mean the same on
// every machine that runs the same build.
//
// It keeps no state: Load decodes anew each time, which takes a few
// microseconds. Whoever needs a zone often keeps what Load returned.
package zone

import (
	_ "embed" // the data of this package
	"fmt"
	"strconv"
	"strings"
	"time"
)

// index is a line "tzdata RELEASE", then a line "NAME OFFSET LENGTH" for each
// zone, sorted by name. data is what they point into.
//
//go:embed data/zones.txt
var index string

//go:embed data/zones.bin
var data string

// windows is a line "CLDR RELEASE", then a line "WINDOWS NAME=IANA NAME" for
// each name, sorted.
//
//go:embed data/windows.txt
var windows string

// maxName is longer than any zone's name; what is longer is not looked for.
const maxName = 64

// Load returns the zone of an IANA name (Europe/Berlin) or a Windows name
// (W. Europe Standard Time). The empty name is UTC. The location is named by
// its IANA name. The error of an unknown name says which one may be meant.
func Load(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	iana, ok := IANA(name)
	if !ok {
		return nil, &UnknownError{Name: name, Near: Suggest(name)}
	}
	rest := after(index, iana+" ")
	at, rest, _ := strings.Cut(rest, " ")
	size, _, _ := strings.Cut(rest, "\n")
	from, err := strconv.Atoi(at)
	if err != nil {
		panic("zone: bad index at " + iana)
	}
	n, err := strconv.Atoi(size)
	if err != nil {
		panic("zone: bad index at " + iana)
	}
	loc, err := time.LoadLocationFromTZData(iana, []byte(data[from:from+n]))
	if err != nil {
		panic("zone: bad data of " + iana + ": " + err.Error())
	}
	return loc, nil
}

// UnknownError is a name that no zone has.
type UnknownError struct {
	Name string
	Near string // the name that may be meant; empty: none is like it
}

// Error names the zone, and says what to write instead.
func (e *UnknownError) Error() string {
	name := e.Name
	if len(name) > maxName {
		name = name[:maxName] + "…"
	}
	if e.Near != "" {
		return fmt.Sprintf("no time zone %q: did you mean %q?", name, e.Near)
	}
	return fmt.Sprintf("no time zone %q: write an IANA name such as Europe/Berlin, or a Windows name", name)
}

// IANA returns the IANA name of a zone by its IANA or its Windows name; false
// when there is no such zone.
func IANA(name string) (string, bool) {
	if name == "" || len(name) > maxName || strings.ContainsAny(name, "\n=") {
		return "", false
	}
	if !strings.Contains(name, " ") && after(index, name+" ") != "" {
		return name, true
	}
	iana, _, ok := strings.Cut(after(windows, name+"="), "\n")
	return iana, ok
}

// after returns what follows key in a text of lines where a line starts with
// key, the first line of it not counted; empty when none does.
func after(text, key string) string {
	_, rest, _ := strings.Cut(text, "\n"+key)
	return rest
}

// Names lists the IANA names, sorted.
func Names() []string { return firsts(index, " ") }

// Windows lists the Windows names, sorted.
func Windows() []string { return firsts(windows, "=") }

// Release names the release of the time zone database, such as 2025c.
func Release() string {
	line, _, _ := strings.Cut(index, "\n")
	return strings.TrimPrefix(line, "tzdata ")
}

// firsts lists what stands before sep in each line but the first.
func firsts(text, sep string) []string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i], _, _ = strings.Cut(l, sep)
	}
	return out
}
