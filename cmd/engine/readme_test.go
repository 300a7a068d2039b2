package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks returns the fenced blocks of a language in a Markdown text.
func blocks(text, language string) []string {
	re := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	var out []string
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The commands of the README run as they stand there, one after another, and
// succeed.
func TestReadmeCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("short: it runs the samples in real time")
	}
	bin := filepath.Join(t.TempDir(), "engine")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "samples"), os.DirFS("../../samples")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "samples/order/.engine")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range blocks(readme(t), "sh") {
		for line := range strings.Lines(block) {
			args, ok := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/engine ")
			if !ok {
				t.Errorf("the README shows %q, which this test cannot run", line)
				continue
			}
			c := exec.Command(bin, strings.Fields(args)...)
			c.Dir = dir
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("engine %s: %v\n%s", args, err, out)
			}
			ran++
		}
	}
	if ran < 5 {
		t.Errorf("the README shows %d commands", ran)
	}
}

// The workflow of the README is valid, and the finding that the README shows
// is the one there is.
func TestReadmeWorkflow(t *testing.T) {
	text := readme(t)
	workflows := blocks(text, "yaml")
	if len(workflows) != 1 {
		t.Fatalf("the README has %d workflows, want 1", len(workflows))
	}
	t.Chdir(t.TempDir())
	validate := func(src string) (code int, out string) {
		if err := os.WriteFile("signup.yaml", []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		var b, errs strings.Builder
		code = execute([]string{"validate", "signup.yaml"}, newApp(strings.NewReader(""), &b, &errs, nil))
		return code, b.String() + errs.String()
	}
	if code, out := validate(workflows[0]); code != exitOK {
		t.Errorf("the workflow is not valid:\n%s", out)
	}
	wrong := strings.Replace(workflows[0], `subscription: "${ steps.subscribe.output?.body.id }" }`+"\noutput", `subscription: "${ steps.subscribe.output.body.id }" }`+"\noutput", 1)
	code, out := validate(wrong)
	if code != exitFailed {
		t.Fatalf("exit code %d, want %d:\n%s", code, exitFailed, out)
	}
	finding, _, _ := strings.Cut(out, "\n\n")
	if !strings.Contains(text, "```\n"+finding+"\n```") {
		t.Errorf("the README does not show the finding that there is:\n%s", finding)
	}
}
