package config

import (
	"cmp"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/dsl"
	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/secrets"
)

// The codes of findings that this package adds to those of the structure.
const (
	codeValue       diag.Code = "E204"
	codeSurprise    diag.Code = "E215"
	codeUnbound     diag.Code = "E504"
	codeClosed      diag.Code = "E601"
	codeSettings    diag.Code = "E602"
	codeNoValue     diag.Code = "E603"
	codeMisfit      diag.Code = "E604"
	codeNoParameter diag.Code = "E605"
	codeNoUse       diag.Code = "E606"
	codeService     diag.Code = "E607"
)

// Load reads an environment, YAML or JSON. environ is the process environment
// that secrets may come from, in the form of os.Environ. The environment is
// named after the file; relative paths in it start at the folder around env/.
// It is nil when the findings have errors.
func Load(file string, src []byte, environ []string) (*Environment, diag.List) {
	env, found := read(file, src, environ)
	if found.HasErrors() {
		return nil, found
	}
	return env, found
}

// Inspect is Load and, all at once, what check finds besides, which may be
// Environment.Check. check is also called when there are errors, with what
// could be read; what it finds at their places is left out.
func Inspect(file string, src []byte, environ []string, check func(*Environment) diag.List) (*Environment, diag.List) {
	env, found := read(file, src, environ)
	more := check(env)
	if !found.HasErrors() {
		found = append(found, more...)
		found.Sort()
		return env, found
	}
	own := found
	for _, d := range more {
		if !slices.ContainsFunc(own, func(have diag.Diagnostic) bool { return hides(have, d) }) {
			found = append(found, d)
		}
	}
	found.Sort()
	return nil, found
}

// hides tells whether a finding about the environment itself may be the reason
// of another one: it is at or around its place, or a part of it; or a section
// may be missing because its name is misspelt.
func hides(have, d diag.Diagnostic) bool {
	section := strings.Count(d.Path, "/") <= 1
	switch {
	case have.Severity != diag.Error:
		return false
	case have.Path == "" || strings.HasPrefix(d.Path+"/", have.Path+"/"):
		return true
	case section:
		return strings.Count(have.Path, "/") <= 1
	}
	return strings.HasPrefix(have.Path, d.Path+"/")
}

func read(file string, src []byte, environ []string) (*Environment, diag.List) {
	tree, found := dsl.Read(file, src)
	found = append(found, dsl.CheckSchema(tree, "environment")...)
	l := &loader{tree: tree, structure: found}
	doc, _ := tree.Value().(map[string]any)
	env := &Environment{
		Name: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), File: file,
		Connections: map[string]Connection{}, Limits: map[string]Limit{}, Parameters: map[string]expression.Value{}, tree: tree,
	}
	l.limits(env, doc)
	l.retention(env, doc)
	l.connections(env, doc)
	l.parameters(env, doc)
	l.services(env, doc)
	l.egress(env, doc)
	l.backup(env, doc)
	if len(found) == 0 {
		l.sources(env, doc, environ)
	}
	found = append(found, l.found...)
	found.Sort()
	return env, found
}

// loader collects findings about one environment.
type loader struct {
	tree      *dsl.Tree
	structure diag.List // what is wrong with the structure
	found     diag.List
}

func (l *loader) report(code diag.Code, pointer, message, hint string) {
	l.found = append(l.found, l.tree.Diagnostic(code, pointer, message, hint))
}

func (l *loader) connections(env *Environment, doc map[string]any) {
	all, _ := doc["connections"].(map[string]any)
	for _, name := range sorted(all) {
		pointer := "/connections/" + escape(name)
		raw, _ := all[name].(map[string]any)
		c := Connection{Name: name, Settings: map[string]any{}}
		c.Connector, _ = raw["connector"].(string)
		c.Repeat, _ = raw["repeat"].(string)
		for _, key := range sorted(raw) {
			if key != "connector" && key != "repeat" && key != "limits" {
				c.Settings[key] = rooted(env.File, key, l.value(pointer+"/"+escape(key), raw[key]))
			}
		}
		if limits, ok := raw["limits"]; ok {
			l.limitsOf(env, &c, pointer+"/limits", limits)
		}
		env.Connections[name] = c
	}
}

func (l *loader) parameters(env *Environment, doc map[string]any) {
	all, _ := doc["parameters"].(map[string]any)
	for _, name := range sorted(all) {
		pointer := "/parameters/" + escape(name)
		b, err := expression.Encode(l.value(pointer, all[name]))
		if err != nil {
			l.report(codeValue, pointer, err.Error(), "")
			continue
		}
		env.Parameters[name] = expression.Raw(b)
	}
}

func (l *loader) services(env *Environment, doc map[string]any) {
	all, _ := doc["services"].(map[string]any)
	for _, name := range sorted(all) {
		raw, _ := all[name].(map[string]any)
		s := Service{Name: name, Options: map[string]any{}}
		s.Sample, _ = raw["sample"].(string)
		for _, key := range sorted(raw) {
			if key != "sample" {
				s.Options[key] = raw[key]
			}
		}
		env.Services = append(env.Services, s)
	}
}

func (l *loader) sources(env *Environment, doc map[string]any, environ []string) {
	section, _ := doc["secrets"].(map[string]any)
	from, _ := section["from"].([]any)
	for _, x := range from {
		if spec, ok := x.(string); ok {
			env.Sources = append(env.Sources, spec)
		}
	}
	sources, err := secrets.Parse(env.Sources, base(env.File), environ)
	if err != nil {
		l.report(codeValue, "/secrets/from", err.Error(), "")
	}
	env.Secrets = secrets.New(sources...)
}

// rooted makes the setting called root, a folder, start at the project's one
// where it is relative.
func rooted(file, key string, value any) any {
	dir, ok := value.(string)
	if key != "root" || !ok || dir == "" || filepath.IsAbs(dir) {
		return value
	}
	return filepath.Join(base(file), dir)
}

// base returns the project folder that an environment's file belongs to.
func base(file string) string {
	dir := filepath.Dir(file)
	if filepath.Base(dir) == "env" {
		return filepath.Dir(dir)
	}
	return dir
}

// value returns x with the expressions in its texts evaluated. They may read
// nothing but secrets, and yield sealed values.
func (l *loader) value(pointer string, x any) any {
	switch x := x.(type) {
	case string:
		return l.text(pointer, x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = l.value(pointer+"/"+strconv.Itoa(i), x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for _, key := range sorted(x) {
			out[key] = l.value(pointer+"/"+escape(key), x[key])
		}
		return out
	default:
		return x
	}
}

func (l *loader) text(pointer, s string) any {
	parts, problem := expression.SplitText(s)
	if problem != nil {
		l.report(diag.Code(problem.Code), pointer, problem.Message, problem.Hint)
		return s
	}
	var templates []*expression.Template
	for _, part := range parts {
		if !part.Expr {
			templates = append(templates, expression.Literal(part.Text))
			continue
		}
		program, _, problems := expression.Compile(part.Text, scope(part.Text))
		for _, p := range problems {
			d := l.tree.Diagnostic(diag.Code(p.Code), pointer, p.Message, cmp.Or(p.Hint, "an environment can read secrets.NAME only"))
			if p.Warning {
				d.Severity = diag.Warning
			}
			l.found = append(l.found, d)
		}
		if program == nil {
			return s
		}
		templates = append(templates, expression.Dynamic(program))
	}
	t := expression.Text(templates)
	switch {
	case len(templates) == 0:
		return s
	case len(templates) == 1:
		t = templates[0]
	}
	v, err := t.Eval(sealing{})
	if err != nil {
		var e *expression.Error
		if errors.As(err, &e) {
			l.report(codeSurprise, pointer, e.Message, "")
			return s
		}
		l.report(codeSurprise, pointer, err.Error(), "")
		return s
	}
	return v
}

var mention = regexp.MustCompile(`\bsecrets\s*(?:\?\.|\.|\[)\s*["']?([A-Za-z_][A-Za-z0-9_]*)`)

// scope is what an expression of an environment can see: the secrets that it
// names. Whether they have a value shows when they are used.
func scope(src string) *expression.Scope {
	t := &expression.Type{Kind: expression.TypeObject}
	for _, m := range mention.FindAllStringSubmatch(src, -1) {
		t.Fields = append(t.Fields, expression.Field{Name: m[1], Type: &expression.Type{Kind: expression.TypeSecret}})
	}
	return &expression.Scope{Names: map[string]expression.Name{"secrets": {Type: t}}, Secrets: true}
}

// sealing is the environment in which every secret is sealed.
type sealing struct{}

func (sealing) Read(r expression.Read) (any, error) { return expression.Sealed{Secret: r.Name}, nil }
func (sealing) Now() time.Time                      { return time.Time{} }
func (sealing) Seed() string                        { return "" }

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// escape writes a name as one part of a JSON Pointer.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
