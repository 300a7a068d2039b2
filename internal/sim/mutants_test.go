package sim

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutants = flag.Bool("sim.mutants", false, "break the interpreter line by line; takes some minutes")

// TestMutants builds the simulator with one broken line of the interpreter at a
// time and wants it to fail within 4,000 seeds.
func TestMutants(t *testing.T) {
	if !*mutants {
		t.Skip("on demand: -sim.mutants")
	}
	list, err := os.ReadFile(filepath.Join("testdata", "mutants.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var name, file, before string
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSuffix(line, "\n")
		switch words := strings.Fields(line); {
		case strings.HasPrefix(line, "mutant ") && len(words) == 3:
			name, file = words[1], words[2]
		case strings.HasPrefix(line, "- "):
			before = line[2:]
		case strings.HasPrefix(line, "+"):
			after := strings.TrimPrefix(line[1:], " ")
			t.Run(name, func(t *testing.T) { breakLine(t, file, before, after) })
		}
	}
}

// breakLine runs the simulator over a file in which a line was replaced.
func breakLine(t *testing.T, file, before, after string) {
	path, err := filepath.Abs(filepath.Join("..", "..", filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"+before+"\n"); n == 0 {
		t.Fatalf("%s has no line %q", file, before)
	}
	dir := t.TempDir()
	broken, overlay := filepath.Join(dir, "broken.go"), filepath.Join(dir, "overlay.json")
	text := strings.Replace(string(source), "\n"+before+"\n", "\n"+after+"\n", 1)
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{broken: []byte(text), overlay: replace} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.Background(), "go", "test", "-overlay", overlay, "-run", "TestSim$", "-count=1", ".", "-args", "-sim.n=4000")
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		t.Errorf("4,000 seeds did not find the broken line %q of %s", before, file)
	case !strings.Contains(string(out), "-sim.seed="):
		t.Errorf("the simulator did not run:\n%s", out)
	}
}
