package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/pkg/interpreter"
)

// version is set by the release build (-ldflags "-X main.version=…").
var version = ""

// buildInfo is what engine version shows.
type buildInfo struct {
	Version   string `json:"version"`
	Revision  string `json:"revision,omitempty"`
	Modified  bool   `json:"modified,omitempty"`
	Time      string `json:"time,omitempty"`
	Go        string `json:"go"`
	Platform  string `json:"platform"`
	Semantics int    `json:"semantics"`
}

// readBuild collects what the linker and the module system know.
func readBuild() buildInfo {
	b := buildInfo{
		Version: version, Go: runtime.Version(),
		Platform:  runtime.GOOS + "/" + runtime.GOARCH,
		Semantics: interpreter.Semantics,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func versionCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version, and the rules by which new runs are decided",
		Example: "  engine version\n  engine version --json",
		Args:    wantArgs(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			b := readBuild()
			if asJSON {
				return a.printJSON(b)
			}
			writef(a.out, "engine %s", b.Version)
			if b.Revision != "" {
				writef(a.out, " (%.12s", b.Revision)
				if b.Modified {
					writef(a.out, ", modified")
				}
				writef(a.out, ")")
			}
			writef(a.out, "\n%s %s, semantics %d\n", b.Go, b.Platform, b.Semantics)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// printJSON writes x as indented JSON for people and programs.
func (a *app) printJSON(x any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(x)
}
