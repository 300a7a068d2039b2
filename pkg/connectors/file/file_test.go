package file_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/keelstep/keelstep/pkg/connectors"
	"github.com/keelstep/keelstep/pkg/connectors/conntest"
	"github.com/keelstep/keelstep/pkg/connectors/file"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// folder makes a root with a file a.txt in it.
func folder(t *testing.T) connectors.Settings {
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "a.txt"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	return connectors.Settings{"root": root}
}

func TestSuite(t *testing.T) {
	conntest.Run(t, conntest.Subject{
		Connector: file.New(), Settings: folder,
		Inputs: map[string]string{
			"file.read":   `{"path":"a.txt","as":"text"}`,
			"file.write":  `{"path":"new/b.txt","content":"b","as":"text","mode":"create"}`,
			"file.list":   `{"path":".","recursive":true}`,
			"file.delete": `{"path":"a.txt"}`,
		},
	})
}

// A case is a txtar. The sections in/… are the files below the root before;
// out/… those beside it, which nothing may reach. Each line of calls is
// "operation input"; "link NAME TARGET" and "pipe NAME" prepare what txtar
// cannot hold. result and after are golden.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { runCase(t, name) })
	}
}

func runCase(t *testing.T, name string) {
	ar, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "in")
	settings, calls := connectors.Settings{}, ""
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	golden := &txtar.Archive{Comment: ar.Comment}
	for _, f := range ar.Files {
		switch f.Name {
		case "result", "after":
			continue
		case "settings":
			if err := json.Unmarshal(f.Data, &settings); err != nil {
				t.Fatal(err)
			}
		case "calls":
			calls = string(f.Data)
		default:
			path := filepath.Join(dir, filepath.FromSlash(f.Name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden.Files = append(golden.Files, f)
	}
	settings["root"] = root
	c := file.New()
	shared, closeShared, err := c.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	defer closeShared()
	conn := connectors.Connection{Name: "c", Settings: settings, Shared: shared}
	var result strings.Builder
	for line := range strings.Lines(calls) {
		perform(t, c, conn, root, strings.TrimSpace(line), &result)
	}
	after := tree(t, dir)
	golden.Files = append(golden.Files,
		txtar.File{Name: "result", Data: []byte(result.String())}, txtar.File{Name: "after", Data: []byte(after)})
	if *update {
		if err := os.WriteFile(name, txtar.Format(golden), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, got := string(txtar.Format(ar)), string(txtar.Format(golden))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var times = regexp.MustCompile(`"modified":"[^"]*Z"`)

func perform(t *testing.T, c *connectors.Connector, conn connectors.Connection, root, line string, result *strings.Builder) {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "link":
		name, target, _ := strings.Cut(rest, " ")
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
		return
	case "pipe":
		if err := pipe(filepath.Join(root, rest)); err != nil {
			t.Skip(err)
		}
		return
	}
	o, ok := connectors.NewRegistry(c).Operation(verb)
	if !ok {
		t.Fatalf("no operation %s", verb)
	}
	rest = strings.ReplaceAll(rest, "$LONG", strings.Repeat("x", 300))
	out, err := o.Run(t.Context(), connectors.Call{Key: "key", Attempt: 1, Conn: conn, Input: json.RawMessage(rest)})
	if err == nil {
		fmt.Fprintf(result, "%s\n", times.ReplaceAll(out, []byte(`"modified":"…"`)))
		return
	}
	e := conntest.Honest(t, err)
	fmt.Fprintf(result, "%s final=%v certain=%v lost=%v\n", strings.ReplaceAll(e.Error(), strings.Repeat("x", 300), "$LONG"), e.Final, e.Certain, e.Lost)
	if strings.Contains(e.Error(), root) {
		t.Errorf("the error shows where the root lies: %v", e)
	}
}

// tree shows all files with their content.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			fmt.Fprintf(&b, "%s %s\n", filepath.ToSlash(rel), e.Type())
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %q\n", filepath.ToSlash(rel), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Only overwriting may be repeated.
func TestRepeat(t *testing.T) {
	o, _ := connectors.NewRegistry(file.New()).Operation("file.write")
	for mode, want := range map[string]connectors.Repeat{
		``: connectors.Safe, `,"mode":"overwrite"`: connectors.Safe,
		`,"mode":"create"`: connectors.Never, `,"mode":"append"`: connectors.Never,
	} {
		if got := o.Repeat(nil, json.RawMessage(`{"path":"a","content":"x"`+mode+`}`)); got != want {
			t.Errorf("Repeat of %s = %d, want %d", mode, got, want)
		}
	}
}

// maxSize holds at n-1, n and n+1 bytes, for reading and for writing.
func TestMaxSize(t *testing.T) {
	const limit = 3 << 20 // more than one piece of reading
	for _, size := range []int{limit - 1, limit, limit + 1} {
		settings := folder(t)
		settings["maxSize"] = limit
		text := strings.Repeat("x", size)
		if err := os.WriteFile(filepath.Join(settings["root"].(string), "big"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		c := file.New()
		shared, closeShared, err := c.Open(t.Context(), settings)
		if err != nil {
			t.Fatal(err)
		}
		defer closeShared()
		for _, call := range []struct{ operation, input string }{
			{"file.read", `{"path":"big"}`},
			{"file.write", `{"path":"new","content":"` + text + `"}`},
		} {
			o, _ := connectors.NewRegistry(c).Operation(call.operation)
			_, err := o.Run(t.Context(), connectors.Call{Key: "k", Conn: connectors.Connection{Shared: shared}, Input: json.RawMessage(call.input)})
			var e *connectors.Error
			if errors.As(err, &e); (e != nil && e.Code == file.CodeFileTooLarge) != (size > limit) {
				t.Errorf("%s of %d bytes with maxSize %d: %v", call.operation, size, limit, err)
			}
		}
	}
}

// max holds at n-1, n and n+1 files.
func TestListMax(t *testing.T) {
	settings := folder(t) // one file
	c := file.New()
	shared, closeShared, err := c.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	defer closeShared()
	for i := range 4 {
		if err := os.WriteFile(filepath.Join(settings["root"].(string), fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o, _ := connectors.NewRegistry(c).Operation("file.list")
	for limit, wantOK := range map[int]bool{4: false, 5: true, 6: true} {
		_, err := o.Run(t.Context(), connectors.Call{Conn: connectors.Connection{Shared: shared}, Input: json.RawMessage(fmt.Sprintf(`{"max":%d}`, limit))})
		var e *connectors.Error
		if (err == nil) != wantOK || err != nil && (!errors.As(err, &e) || e.Code != file.CodeTooManyFiles) {
			t.Errorf("5 files with max %d: %v", limit, err)
		}
	}
}

// A file that is replaced keeps its permissions, and what a crash left beside
// it is taken over and not shown.
func TestOverwrite(t *testing.T) {
	settings := folder(t)
	root := settings["root"].(string)
	if err := os.Chmod(filepath.Join(root, "a.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, ".keelstep-left"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := file.New()
	shared, closeShared, err := c.Open(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	defer closeShared()
	run := func(id, input string) string {
		t.Helper()
		o, _ := connectors.NewRegistry(c).Operation(id)
		out, err := o.Run(t.Context(), connectors.Call{Key: "k", Conn: connectors.Connection{Shared: shared}, Input: json.RawMessage(input)})
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	run("file.write", `{"path":"a.txt","content":"new"}`)
	info, err := os.Stat(filepath.Join(root, "a.txt"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v; want 0600", info.Mode(), err)
	}
	if out := run("file.list", `{}`); strings.Contains(out, "keelstep") || strings.Count(out, `"path"`) != 1 {
		t.Errorf("list = %s, want a.txt alone", out)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, root := range []string{filepath.Join(t.TempDir(), "none"), ""} {
		_, _, err := file.New().Open(t.Context(), connectors.Settings{"root": root})
		if e := conntest.Honest(t, err); e.Code != connectors.CodeInvalidSettings {
			t.Errorf("Open of %q = %v", root, err)
		}
	}
}
