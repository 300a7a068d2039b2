package tidy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// imports checks every import against the table.
func (t *tree) imports() []Finding {
	var fs []Finding
	for _, p := range t.pkgs {
		if len(p.files) == 0 {
			continue // tests only
		}
		r, ok := find(table, p.path)
		if !ok {
			fs = append(fs, Finding{File: p.path, Rule: "import", Message: "the package has no row in the import table; add one to internal/tidy/table.go"})
			continue
		}
		for _, f := range p.files {
			for _, spec := range f.syntax.Imports {
				path, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					continue // the parser has accepted it
				}
				if why := refuses(r, p.path, path); why != "" {
					fs = append(fs, Finding{File: f.name, Line: t.line(spec.Pos()), Rule: "import", Message: why})
				}
			}
		}
	}
	return fs
}

// refuses says why the package from, whose row is r, may not import path;
// empty: it may.
func refuses(r row, from, path string) string {
	if ours, ok := strings.CutPrefix(path, Module+"/"); ok {
		if slices.ContainsFunc(r.may, func(m string) bool { return fits(m, ours) }) {
			return ""
		}
		return fmt.Sprintf("%s must not import %s", from, ours)
	}
	for _, c := range confined {
		if (path == c.pkg || strings.HasPrefix(path, c.pkg+"/")) && !slices.ContainsFunc(c.may, func(m string) bool { return fits(m, from) }) {
			return fmt.Sprintf("only %s may import %s", strings.Join(c.may, ", "), c.pkg)
		}
	}
	return ""
}

// find returns the first row that fits path.
func find(rows []row, path string) (row, bool) {
	i := slices.IndexFunc(rows, func(r row) bool { return fits(r.pkg, path) })
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// fits tells whether a pattern of the table stands for path.
func fits(pattern, path string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return pattern == path || pattern == "*"
}
