package expression

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Violation is one thing about a value that its schema does not let through.
// Path is the JSON Pointer of the place, empty for the value itself; Message
// is in plain words, such as "wants an integer, got a string".
type Violation struct {
	Path    string
	Message string
}

// String returns path and message.
func (v Violation) String() string {
	if v.Path == "" {
		return "the value " + v.Message
	}
	return v.Path + ": " + v.Message
}

// maxViolations bounds what one check reports.
const maxViolations = 50

// Validate holds the decoded value x against the schema and returns what is
// wrong, in the order of the places, at most 50 things. Durations, times and
// sealed values count as the text that is sent.
func (s *Schema) Validate(x any) (found []Violation) {
	if s == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			found = []Violation{{Message: fmt.Sprintf("cannot be checked: %v", r)}}
		}
	}()
	x = plainOf(x, 0)
	if deeperThan(x, MaxDepth) {
		return []Violation{{Message: fmt.Sprintf("is nested deeper than %d levels", MaxDepth)}}
	}
	if s.maxDepth > 0 && deeperThan(x, s.maxDepth) {
		return []Violation{{Message: fmt.Sprintf("is nested deeper than %d levels, more than can be checked against a schema that contains itself in several places", s.maxDepth)}}
	}
	err := s.compiled.Validate(x)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{Message: "cannot be checked: " + strings.TrimPrefix(err.Error(), "jsonschema: ")}}
	}
	r := violationReader{root: s.root, value: x}
	r.read(invalid)
	slices.SortFunc(r.found, func(a, b Violation) int {
		return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(r.found)[:min(maxViolations, len(slices.Compact(r.found)))]
}

// comparePaths orders JSON Pointers, list elements by number.
func comparePaths(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(as), len(bs)) {
		n, errA := strconv.Atoi(as[i])
		m, errB := strconv.Atoi(bs[i])
		if errA == nil && errB == nil && n != m {
			return cmp.Compare(n, m)
		}
		if c := cmp.Compare(as[i], bs[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}

// violationReader turns the library's findings into words.
type violationReader struct {
	root, value any
	found       []Violation
}

func (r *violationReader) read(e *jsonschema.ValidationError) {
	keyword := lastToken(e.AbsoluteKeywordLocation)
	switch {
	case len(e.Causes) > 0 && (keyword == "anyOf" || keyword == "oneOf"):
		r.alternatives(e)
	case keyword == "contains" || keyword == "minContains":
		r.add(pointer(tokens(e.InstanceLocation)), "has too few elements that fit")
	case len(e.Causes) > 0:
		for _, cause := range e.Causes {
			r.read(cause)
		}
	default:
		r.leaf(keyword, e)
	}
}

const missing = "is missing"

// alternatives reports the branch that was meant most likely: nothing is
// missing for it, and it came furthest. When there is none, all of them are
// told in one line.
func (r *violationReader) alternatives(e *jsonschema.ValidationError) {
	at := tokens(e.InstanceLocation)
	path := pointer(at)
	var best []Violation
	depth := len(at)
	var lines []string
	for _, cause := range e.Causes {
		branch := violationReader{root: r.root, value: r.value}
		branch.read(cause)
		deepest, complete := 0, true
		for _, v := range branch.found {
			deepest = max(deepest, strings.Count(v.Path, "/"))
			complete = complete && v.Message != missing
			line := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(v.Path, path), "/") + " " + v.Message)
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
		if complete && deepest > depth {
			best, depth = branch.found, deepest
		}
	}
	if best != nil {
		r.found = append(r.found, best...)
		return
	}
	slices.Sort(lines)
	r.add(path, strings.Join(lines, ", or "))
}

func (r *violationReader) add(path, message string) {
	r.found = append(r.found, Violation{Path: path, Message: message})
}

func (r *violationReader) leaf(keyword string, e *jsonschema.ValidationError) {
	at := tokens(e.InstanceLocation)
	path := pointer(at)
	value, ok := lookUp(r.value, at)
	if strings.Contains(e.KeywordLocation, "/propertyNames/") {
		r.add(path, "has a name that is not allowed: "+plainMessage(e.Message))
		return
	}
	where := tokens(fragment(e.AbsoluteKeywordLocation))
	rule, ruled := lookUp(r.root, where)
	if !ok || !ruled || len(where) == 0 {
		r.add(path, plainMessage(e.Message))
		return
	}
	parent, _ := lookUp(r.root, where[:len(where)-1])
	schema, _ := parent.(map[string]any)
	switch keyword {
	case "required":
		object, _ := value.(map[string]any)
		names, _ := rule.([]any)
		for _, name := range names {
			text, _ := name.(string)
			if _, ok := object[text]; !ok {
				r.add(pointer(append(slices.Clone(at), text)), missing)
			}
		}
	case "additionalProperties", "unevaluatedProperties":
		r.unknownMembers(at, value, schema, e)
	default:
		r.add(path, words(keyword, rule, value, e.Message))
	}
}

// unknownMembers reports each member that the schema does not know.
func (r *violationReader) unknownMembers(at []string, value any, schema map[string]any, e *jsonschema.ValidationError) {
	object, _ := value.(map[string]any)
	known, _ := schema["properties"].(map[string]any)
	names := sortedNames(known)
	before := len(r.found)
	for _, name := range sortedNames(object) {
		if _, ok := known[name]; ok || !strings.Contains(e.Message, "'"+name+"'") {
			continue
		}
		r.add(pointer(append(slices.Clone(at), name)), "is not known here"+didYouMean(name, names))
	}
	if len(r.found) == before {
		r.add(pointer(at), plainMessage(e.Message))
	}
}

// words says what a rule wants and what the value is.
func words(keyword string, rule, value any, fallback string) string {
	text, _ := textOf(rule)
	switch keyword {
	case "type":
		return fmt.Sprintf("wants %s, got %s", typeWords(rule), describe(value))
	case "enum":
		return fmt.Sprintf("wants one of %s, got %s", shortJSON(rule), shortJSON(value))
	case "const":
		return fmt.Sprintf("wants %s, got %s", shortJSON(rule), shortJSON(value))
	case "format":
		return fmt.Sprintf("wants %s, got %s", formatWords(text), shortJSON(value))
	case "pattern":
		return fmt.Sprintf("wants text that matches %s, got %s", text, shortJSON(value))
	case "minLength":
		return fmt.Sprintf("wants at least %s characters, got %s", text, shortJSON(value))
	case "maxLength":
		return fmt.Sprintf("wants at most %s characters, got %s", text, shortJSON(value))
	case "minimum":
		return fmt.Sprintf("wants at least %s, got %s", text, shortJSON(value))
	case "maximum":
		return fmt.Sprintf("wants at most %s, got %s", text, shortJSON(value))
	case "exclusiveMinimum":
		return fmt.Sprintf("wants more than %s, got %s", text, shortJSON(value))
	case "exclusiveMaximum":
		return fmt.Sprintf("wants less than %s, got %s", text, shortJSON(value))
	case "multipleOf":
		return fmt.Sprintf("wants a multiple of %s, got %s", text, shortJSON(value))
	case "minItems":
		return fmt.Sprintf("wants at least %s elements, got %d", text, lengthOf(value))
	case "maxItems":
		return fmt.Sprintf("wants at most %s elements, got %d", text, lengthOf(value))
	case "minProperties":
		return fmt.Sprintf("wants at least %s members, got %d", text, lengthOf(value))
	case "maxProperties":
		return fmt.Sprintf("wants at most %s members, got %d", text, lengthOf(value))
	case "not":
		return "is what the schema forbids here"
	case "uniqueItems":
		return "has equal elements"
	case "oneOf":
		return "fits more than one of the alternatives"
	}
	if _, ok := rule.(bool); ok {
		return "is not allowed here"
	}
	return plainMessage(fallback)
}

func lengthOf(x any) int {
	switch v := x.(type) {
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

// typeWords names the types of a type keyword.
func typeWords(rule any) string {
	names, ok := rule.([]any)
	if !ok {
		names = []any{rule}
	}
	var words []string
	for _, name := range names {
		text, _ := name.(string)
		s := schemaTyper{}
		t := s.named(text, nil, 0)
		if text == "object" {
			t = objectType
		}
		words = append(words, t.String())
	}
	return strings.Join(words, " or ")
}

var formatExamples = map[string]string{
	"date-time": "a time such as 2026-01-31T08:00:00Z",
	"date":      "a date such as 2026-01-31",
	"time":      "a time of day such as 08:00:00Z",
	"duration":  "an ISO 8601 duration such as PT30M",
	"email":     "an e-mail address",
	"hostname":  "a host name",
	"ipv4":      "an IPv4 address",
	"ipv6":      "an IPv6 address",
	"uri":       "a URI such as https://shop.example/orders",
	"uuid":      "a UUID",
}

func formatWords(format string) string {
	if example, ok := formatExamples[format]; ok {
		return example
	}
	return "the format " + format
}

// shortJSON returns the JSON of x, cut when it is long.
func shortJSON(x any) string {
	b, err := encodePlain(x)
	if err != nil {
		return describe(x)
	}
	const most = 80
	text := []rune(string(b))
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// plainMessage is a message of the library without its own name.
func plainMessage(message string) string {
	if message == "not allowed" {
		return "is not allowed here"
	}
	return strings.TrimPrefix(message, "jsonschema: ")
}

// fragment returns what stands behind the # of a location.
func fragment(location string) string {
	_, after, _ := strings.Cut(location, "#")
	return after
}

func lastToken(location string) string {
	return location[strings.LastIndexByte(location, '/')+1:]
}

// tokens splits a location of the library, whose tokens are URL-escaped.
func tokens(location string) []string {
	if location == "" || location == "/" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(location, "/"), "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
	}
	return parts
}

// pointer joins tokens to a JSON Pointer.
func pointer(tokens []string) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// lookUp returns the value at the place that tokens name.
func lookUp(x any, tokens []string) (any, bool) {
	for _, token := range tokens {
		switch v := x.(type) {
		case map[string]any:
			member, ok := v[token]
			if !ok {
				return nil, false
			}
			x = member
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			x = v[i]
		default:
			return nil, false
		}
	}
	return x, true
}
