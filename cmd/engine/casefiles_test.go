package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdWindows copies a text as editors of Windows write it, with a byte order
// mark: windows FROM TO.
func cmdWindows(ts *testscript.TestScript, _ bool, args []string) {
	text := "\uFEFF" + strings.ReplaceAll(ts.ReadFile(args[0]), "\n", "\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o644))
}

// cmdLong writes a file with one case in a line that is longer than so many
// bytes: long FILE BYTES.
func cmdLong(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := `{"expr": "@length(item())", "context": {"item": "` + strings.Repeat("x", size) + `"}, "expect": ` + args[1] + "}\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}
