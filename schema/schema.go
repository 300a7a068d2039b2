// Package schema is the language's JSON Schemas (draft 2020-12), embedded.
// They serve editors as they are; pkg/dsl reads the same files to check the
// structure of a document. The package only hands out bytes.
package schema

import (
	"embed"
	"io/fs"
	"strings"
)

//go:generate go run ../internal/cmd/language -out ../docs/reference/language.md

//go:embed *.schema.json
var files embed.FS

const suffix = ".schema.json"

// Named returns the schema of that name, such as "workflow"; ok is false when
// there is none. The caller must not change the bytes.
func Named(name string) (b []byte, ok bool) {
	b, err := files.ReadFile(name + suffix)
	return b, err == nil
}

// Names returns the names of all schemas, sorted.
func Names() []string {
	list, err := fs.Glob(files, "*"+suffix)
	if err != nil {
		panic("schema: " + err.Error()) // the pattern is constant
	}
	for i := range list {
		list[i] = strings.TrimSuffix(list[i], suffix)
	}
	return list
}
