package tidy

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// unwanted is words that must not stand in any file of the tree, and why.
var unwanted = []struct {
	word *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b`), "unfinished work belongs to the tracker"},
	{regexp.MustCompile(`\b[Ii]ssue #`), "say what it is about instead of naming a ticket"},
	{regexp.MustCompile(`/work/|/tmp/b/|/root/|/home/[a-z]`), "a path of one machine"},
	{regexp.MustCompile(`^<{7} |^>{7} `), "a merge conflict"},
}

// skipped is directories that hold nothing of the tree. The cases of this
// package hold what it looks for.
var skipped = []string{".git", ".engine", "bin", "node_modules", "internal/tidy"}

// readable is the endings of files that people read.
var readable = []string{
	".go", ".md", ".mod", ".yml", ".yaml", ".json", ".sh", ".txt", ".txtar", ".txtest", ".test", ".html", ".css", ".js", ".golden",
	".sum", ".editorconfig", ".gitattributes", ".gitignore",
}

// privateWords looks for unwanted words in all readable files below root.
func privateWords(root string) ([]Finding, error) {
	var found []Finding
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if slices.Contains(skipped, rel) || slices.Contains(skipped, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(path); ext != "" && !slices.Contains(readable, ext) || !d.Type().IsRegular() {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil || bytes.IndexByte(src, 0) >= 0 {
			return err // a binary
		}
		found = append(found, wordsIn(rel, src)...)
		return nil
	})
	return found, err
}

// wordsIn looks for unwanted words in one file.
func wordsIn(name string, src []byte) []Finding {
	if strings.HasSuffix(name, ".sum") {
		return nil
	}
	var found []Finding
	lines := bufio.NewScanner(bytes.NewReader(src))
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		for _, u := range unwanted {
			if w := u.word.Find(lines.Bytes()); w != nil {
				found = append(found, Finding{File: name, Line: n, Rule: "words", Message: "the word " + strings.TrimSpace(string(w)) + " stands here: " + u.why})
			}
		}
	}
	return found
}
