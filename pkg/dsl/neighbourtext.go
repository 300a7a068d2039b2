package dsl

import (
	"fmt"
	"regexp"
	"strings"
)

const (
	ofLogicApps = "this is Logic Apps' way: write ${ … }, with input, steps.NAME.output and vars.NAME"
	ofActions   = "this is GitHub Actions' way: write ${ … } with one brace"
)

// braced is a reference in {{ }} to what other languages of workflows have.
var braced = regexp.MustCompile(`^\{\{-?\s*((?:inputs|steps|tasks|outputs|workflow\.parameters)(?:\.[A-Za-z_]\w*)+)\s*-?\}\}`)

var wholeCall = regexp.MustCompile(`^@[a-z][A-Za-z]*\(.*\).*$`)

// neighbourIn returns the hint for an expression of another language inside
// of a text, and where it stands; hint is empty when there is none.
func neighbourIn(text string) (at, length int, hint string) {
	if i := strings.Index(text, "@{"); i >= 0 {
		n := strings.IndexByte(text[i:], '}')
		if n < 0 {
			return i, 2, ofLogicApps
		}
		if t := translated(text[i+2 : i+n]); t != "" {
			return i, n + 1, "this is Logic Apps' way: write ${ " + t + " }"
		}
		return i, 2, ofLogicApps
	}
	if i := strings.Index(text, "${{"); i >= 0 {
		n := strings.Index(text[i:], "}}")
		if n < 0 {
			return i, 3, ofActions
		}
		if t := ofGitHub(text[i+3 : i+n]); t != "" {
			return i, n + 2, "this is GitHub Actions' way: write ${ " + t + " }"
		}
		return i, n + 2, ofActions
	}
	if i := strings.Index(text, "{{"); i >= 0 && braced.MatchString(text[i:]) {
		m := braced.FindStringSubmatch(text[i:])
		t := strings.NewReplacer(".outputs.result", ".output", ".outputs.parameters.", ".output.", ".outputs.", ".output.", "inputs.parameters.", "input.", "inputs.", "input.", "tasks.", "steps.").Replace(m[1])
		return i, len(m[0]), "this is another language's way: write ${ " + t + " }"
	}
	if wholeCall.MatchString(text) {
		if t := translated(text[1:]); t != "" {
			return 0, len(text), "this is Logic Apps' way: write ${ " + t + " }"
		}
		return 0, strings.IndexByte(text, '('), ofLogicApps
	}
	return 0, 0, ""
}

// githubRoots are the contexts of GitHub Actions with what stands for them.
var githubRoots = strings.NewReplacer("github.event.inputs.", "input.", "github.event.client_payload.", "input.", "github.event.", "input.", "inputs.", "input.",
	"env.", "params.", "vars.", "params.", "needs.", "steps.", ".outputs.", ".output.", "github.run_id", "run.id", "github.workflow", "run.workflow", "matrix.", "item.")

// ofGitHub returns what an expression of GitHub Actions that only reads a value
// is here; empty for any other.
func ofGitHub(src string) string {
	src = strings.TrimSpace(src)
	if !readsValue.MatchString(src) {
		return ""
	}
	return githubRoots.Replace(src)
}

var readsValue = regexp.MustCompile(`^[A-Za-z_][\w-]*(\.[A-Za-z_]\w*)*$`)

// wdlRoots are the functions of Logic Apps that name what an expression reads,
// with what stands for them; %s is their argument.
var wdlRoots = map[string]string{
	"triggerBody": "input", "variables": "vars.%s", "parameters": "params.%s", "item": "item", "items": "loops.%s.item",
	"body": "steps.%s.output.body", "outputs": "steps.%s.output",
}

var (
	wdlCall   = regexp.MustCompile(`^\s*([A-Za-z]+)\(\s*(?:'([A-Za-z_][A-Za-z0-9_]*)')?\s*\)`)
	wdlMember = regexp.MustCompile(`^(\?)?\[\s*(?:'([^']*)'|([0-9]+))\s*\]`)
	wdlDot    = regexp.MustCompile(`^(\?)?\.([A-Za-z_][A-Za-z0-9_]*)`)
	plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// translated returns what an expression of Logic Apps that only reads a value
// is here; empty for any other. Where the first member may be missing, so may
// it here: the schema of the input tells.
func translated(src string) string {
	m := wdlCall.FindStringSubmatch(src)
	if m == nil {
		return ""
	}
	root, ok := wdlRoots[m[1]]
	if !ok || strings.Contains(root, "%s") != (m[2] != "") {
		return ""
	}
	out := strings.Replace(root, "%s", m[2], 1)
	for rest, first := src[len(m[0]):], true; ; first = false {
		if strings.TrimSpace(rest) == "" {
			return out
		}
		optional, name, index, n := wdlAccess(rest)
		if n == 0 {
			return ""
		}
		rest = rest[n:]
		dot := "."
		if optional && !first {
			dot = "?."
		}
		switch {
		case index != "":
			out += strings.TrimSuffix(dot, ".") + "[" + index + "]"
		case plainName.MatchString(name):
			out += dot + name
		default:
			out += strings.TrimSuffix(dot, ".") + fmt.Sprintf("[%q]", name)
		}
	}
}

// wdlAccess reads one access to a member; n is 0 when there is none.
func wdlAccess(src string) (optional bool, name, index string, n int) {
	if m := wdlMember.FindStringSubmatch(src); m != nil {
		return m[1] != "", m[2], m[3], len(m[0])
	}
	if m := wdlDot.FindStringSubmatch(src); m != nil {
		return m[1] != "", m[2], "", len(m[0])
	}
	return false, "", "", 0
}

// jsonPath is a path of JSONPath from its root that names one value, and what
// asks for all elements of the last one.
var (
	jsonPath  = regexp.MustCompile(`^\$((?:\.[A-Za-z_]\w*|\[[0-9]+\]|\['[A-Za-z_]\w*'\])*)(\[\*\])?`)
	inBracket = regexp.MustCompile(`\['([A-Za-z_]\w*)'\]`)
)

// ofJSONPath returns what the path of JSONPath is here that is all of an
// expression, or stands in it at a place; empty where there is none.
func ofJSONPath(src string, at int) string {
	m := jsonPath.FindStringSubmatch(strings.TrimSpace(src))
	if m == nil || len(m[0]) < len(strings.TrimSpace(src)) { // not all of it
		if at < 0 || at >= len(src) {
			return ""
		}
		if m = jsonPath.FindStringSubmatch(src[at:]); m == nil || m[2] != "" {
			return ""
		}
	}
	path := inBracket.ReplaceAllString(m[1], ".$1")
	if path == ".input" || strings.HasPrefix(path, ".input.") || strings.HasPrefix(path, ".input[") {
		return path[1:]
	}
	return "input" + path
}

// neighbourCondition returns the hint for a condition of another language at
// step s, which may be nil.
func neighbourCondition(text string, s *step) string {
	on := ""
	switch strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "${}")) {
	case "failure()":
		on = "failed, timedOut"
	case "always()":
		on = "succeeded, failed, timedOut, skipped"
	case "cancelled()":
		on = "cancelled"
	case "success()":
		return "remove it: a step runs when the one before it succeeded"
	default:
		return ""
	}
	if s == nil || len(s.edges) != 1 || s.n.has("runAfter") {
		return fmt.Sprintf("use catch: or finally: on the step before, or runAfter: { id: [%s] }", on)
	}
	id := s.edges[0].from.id
	if id == "" { // it has no name yet, or one that cannot stand
		id = "NAME"
	}
	return fmt.Sprintf("write runAfter: { %s: [%s] }", id, on)
}

var loosely = regexp.MustCompile(`(?i)^\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)\s*$`)

// durationHint says how a duration is written.
func durationHint(text string) string {
	m := loosely.FindStringSubmatch(text)
	if m == nil {
		return "write it like 500ms, 30s, 5m, 2h, 1d, 1w or 1h30m"
	}
	unit := strings.ToLower(m[2])
	if unit != "ms" && !strings.HasPrefix(unit, "milli") {
		unit = unit[:1]
	} else {
		unit = "ms"
	}
	if m[1]+unit == text {
		return "write a shorter one"
	}
	return fmt.Sprintf("write %q", m[1]+unit)
}
