package main

import (
	"path/filepath"
	"strings"
)

// fileKind is what a file of a project is.
type fileKind uint8

// The kinds of files.
const (
	kindWorkflow fileKind = iota
	kindEnvironment
	kindTest
)

// kindOf says what a file is, by its folder and its name: a test ends with
// .test before its extension, an environment is what else stands in env/.
func kindOf(file string) fileKind {
	switch {
	case strings.HasSuffix(strings.TrimSuffix(file, filepath.Ext(file)), ".test"):
		return kindTest
	case baseOf(filepath.Dir(file)) == "env":
		return kindEnvironment
	}
	return kindWorkflow
}

// String is what a file of this kind is called.
func (k fileKind) String() string {
	switch k {
	case kindEnvironment:
		return "an environment"
	case kindTest:
		return "a test file"
	default:
		return "a workflow"
	}
}

// projectOf is the project that a file belongs to, with that file alone: that
// of the folder around workflows/, env/ or tests/, or of the one it is in.
func projectOf(file string) project {
	dir := filepath.Dir(file)
	switch baseOf(dir) {
	case "workflows", "env", "tests":
		dir = filepath.Join(dir, "..")
	}
	return project{dir: dir, files: []string{file}, named: true}
}

// openWorkflows finds the project at path, for commands that are about
// workflows and nothing else.
func openWorkflows(path string) (project, error) {
	p, err := openProject(path)
	if err == nil && p.named && kindOf(path) != kindWorkflow {
		return p, usagef("name a workflow, or the folder of its project", "%s is %s, not a workflow", path, kindOf(path))
	}
	return p, err
}
