package expression

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected results of the cases")

// runCases runs each case of the files in dir. A case is a line "> source", or
// more lines that start with ">", and the expected result behind it, up to the
// next case, comment or empty line.
func runCases(t *testing.T, dir string, result func(t *testing.T, source string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := rewriteCases(t, string(text), result)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), got); diff != "" {
				t.Errorf("%s (-want +got, rewrite with -update):\n%s", file, diff)
			}
		})
	}
}

// rewriteCases returns text with the results that the cases have now.
func rewriteCases(t *testing.T, text string, result func(t *testing.T, source string) string) string {
	t.Helper()
	var out, source strings.Builder
	flush := func() {
		if source.Len() > 0 {
			out.WriteString(strings.TrimRight(result(t, strings.TrimSuffix(source.String(), "\n")), "\n") + "\n")
			source.Reset()
		}
	}
	inResult := false
	for _, line := range strings.SplitAfter(text, "\n") {
		switch {
		case strings.HasPrefix(line, ">"):
			source.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, ">"), " "))
			out.WriteString(line)
			inResult = true
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
			flush()
			inResult = false
			out.WriteString(line)
		case !inResult:
			out.WriteString(line)
		}
	}
	flush()
	return out.String()
}

// checkScope is what the cases see. Step a certainly succeeded, b may not have
// run, later cannot have run.
func checkScope() *Scope {
	input := TypeOfSchema([]byte(`{
		"type": "object", "required": ["id", "tier", "total", "items"],
		"properties": {
			"id": {"type": "string"}, "tier": {"enum": ["gold", "standard"]}, "total": {"type": "number"},
			"count": {"type": "integer", "default": 1}, "note": {"type": "string"}, "gift": {"type": "boolean"},
			"address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}, "zip": {"type": ["string", "null"]}}},
			"items": {"type": "array", "items": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}, "qty": {"type": "integer", "default": 1}}}},
			"extra": {"type": "object", "additionalProperties": true}, "anything": {},
			"query": {"type": "object", "default": {}, "additionalProperties": {"type": "string"}},
			"point": {"type": "array", "default": [], "prefixItems": [{"type": "number"}, {"type": "integer"}], "items": false},
			"pay": {"type": "object", "default": {}, "required": ["kind"], "properties": {"kind": {"enum": ["card", "bill"]}}, "if": {"properties": {"kind": {"const": "card"}}}, "then": {"properties": {"card": {"type": "string"}}}}
		}}`))
	status := &Type{Kind: TypeString, Enum: []string{"pending", "running", "waiting", "succeeded", "failed", "timedOut", "skipped", "cancelled"}}
	failure := &Type{Kind: TypeObject, Fields: []Field{{Name: "code", Type: stringType}, {Name: "message", Type: stringType}, {Name: "status", Type: intType}}}
	output := &Type{Kind: TypeObject, Fields: []Field{{Name: "id", Type: stringType}, {Name: "total", Type: numberType}}}
	step := func(absent bool) *Type {
		return &Type{Kind: TypeObject, Fields: []Field{
			{Name: "output", Type: output, Optional: absent}, {Name: "status", Type: status}, {Name: "error", Type: failure, Optional: true},
		}}
	}
	object := func(fields ...Field) *Type { return &Type{Kind: TypeObject, Fields: fields} }
	return &Scope{Names: map[string]Name{
		"input":  {Type: input},
		"params": {Type: object(Field{Name: "limit", Type: numberType}, Field{Name: "token", Type: secretType})},
		"vars":   {Type: object(Field{Name: "attempts", Type: intType}, Field{Name: "list", Type: &Type{Kind: TypeList, Elem: stringType}})},
		"steps": {Type: object(
			Field{Name: "a", Type: step(false)}, Field{Name: "b", Type: step(true)},
			Field{Name: "later", Type: step(false), Denied: `step "later" cannot have run here`, Hint: "it stands below this step"},
		)},
		"run":     {Type: object(Field{Name: "id", Type: stringType}, Field{Name: "startedAt", Type: stringType})},
		"secrets": {Type: &Type{Kind: TypeObject, Open: true}},
		"line":    {Type: input.Fields[6].Type.elem(), Alias: &Read{Root: RootLoops, Name: "ship", Field: "item"}},
		"index":   {Type: intType, Alias: &Read{Root: RootLoops, Name: "ship", Field: "index"}},
		"error":   {Denied: "error is there only in catch", Hint: "use steps.NAME.error"},
	}}
}

// TestCheck holds what Compile finds against the cases. A case may start with
// "bool:", "list:" or "secrets:" to say what its place needs.
func TestCheck(t *testing.T) {
	runCases(t, "check", func(t *testing.T, source string) string {
		sc := checkScope()
		if rest, ok := strings.CutPrefix(source, "bool: "); ok {
			source, sc.WantBool = rest, true
		}
		if rest, ok := strings.CutPrefix(source, "list: "); ok {
			source, sc.WantList = rest, true
		}
		if rest, ok := strings.CutPrefix(source, "secrets: "); ok {
			source, sc.Secrets = rest, true
		}
		p, typ, problems := Compile(source, sc)
		if (p == nil) != hasErrors(problems) {
			t.Errorf("%s: program is %v with problems %v", source, p, problems)
		}
		if len(problems) == 0 {
			return fmt.Sprintf("%s; reads %s", typ, showReads(p.Reads()))
		}
		var out strings.Builder
		for _, found := range problems {
			if found.Offset < 0 || found.Length < 1 || found.Offset+found.Length > len(source) {
				t.Errorf("%s: %s at %d+%d lies outside of the source", source, found.Code, found.Offset, found.Length)
				continue
			}
			fmt.Fprintf(&out, "%s at %d %q: %s", found.Code, found.Offset, source[found.Offset:found.Offset+found.Length], found.Message)
			if found.Hint != "" {
				fmt.Fprintf(&out, " (%s)", found.Hint)
			}
			out.WriteString("\n")
		}
		return out.String()
	})
}

func showReads(reads []Read) string {
	var names []string
	for _, r := range reads {
		names = append(names, strings.Trim(fmt.Sprintf("%d.%s.%s", r.Root, r.Name, r.Field), "."))
	}
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, " ")
}
