package dsl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// A neighbour is a key of other workflow languages. write gives what stands for
// it and its value here, empty when the value tells nothing; use says it where
// nothing can be written out.
type neighbour struct {
	use   string
	name  string // the key that takes the same value
	write func(v *node) string
}

// called is a key that has another name here and the same value.
func called(name string) neighbour {
	return neighbour{use: fmt.Sprintf("call it %q", name), name: name}
}

// removed is a key that nothing stands for.
func removed(why string) neighbour { return neighbour{use: "remove it: " + why} }

// waits is a list of steps to wait for, or one.
func waits(v *node) string {
	var ids []string
	switch v.kind {
	case kindString:
		ids = []string{v.text}
	case kindList:
		for _, item := range v.items {
			if text, ok := item.str(); ok {
				ids = append(ids, text)
			}
		}
	default:
		return ""
	}
	return "runAfter: [" + strings.Join(ids, ", ") + "]"
}

// lasts is a number of seconds or minutes.
func lasts(key, unit string) func(v *node) string {
	return func(v *node) string {
		if v.kind != kindNumber {
			return ""
		}
		return key + ": " + v.text + unit
	}
}

// counted is a number.
func counted(form string) func(v *node) string {
	return func(v *node) string {
		if v.kind != kindNumber {
			return ""
		}
		return fmt.Sprintf(form, v.text)
	}
}

// always stands for a key whatever its value is.
func always(text string) func(v *node) string { return func(*node) string { return text } }

// errorCodes is the list of errors that a handler is for.
func errorCodes(v *node) string { return codesAt("when", v) }

// retriedCodes is the list of errors that are worth another attempt.
func retriedCodes(v *node) string { return codesAt("if", v) }

func codesAt(key string, v *node) string {
	var codes []string
	for _, item := range v.items {
		text, ok := item.str()
		if text == "States.ALL" {
			return "remove it: without " + key + ": it is for all errors"
		}
		if ok {
			codes = append(codes, strconv.Quote(text))
		}
	}
	if len(codes) == 0 || len(codes) < len(v.items) {
		return ""
	}
	if len(codes) == 1 {
		return fmt.Sprintf("%s: 'error.code == %s'", key, codes[0])
	}
	return fmt.Sprintf("%s: 'error.code in [%s]'", key, strings.Join(codes, ", "))
}

// awaited is the name of a signal.
func awaited(v *node) string {
	if text, ok := v.str(); ok && plainName.MatchString(text) {
		return "await: { signal: " + text + " }"
	}
	return ""
}

// goesOn is continue-on-error.
func goesOn(v *node) string {
	if v.value == true {
		return "catch: [{ do: [] }]"
	}
	return ""
}

// reads is the verb that does what a type of step of another language does.
func reads(v *node) string {
	text, _ := v.str()
	if use := neighbourTypes[text]; use != "" {
		return "use " + use
	}
	return ""
}

// onlyIf is a text for a setting that is switched on.
func onlyIf(text string) func(v *node) string {
	return func(v *node) string {
		if v.value == true {
			return text
		}
		return ""
	}
}

const (
	inOrder   = "steps run in the order in which they stand; for another one use runAfter:"
	outputsAt = "the output of a step is steps.ID.output"
	verbSays  = "a step says what it does by its verb: action, compose, if, foreach, …"
	callsWith = "use action: connector.operation, and with: for its input"
)

// neighbourKey returns what stands for a key of another workflow language with
// its value at a place, its hint empty when nothing is known, and the name that
// the key has here, if it has one.
func neighbourKey(place, key string, v *node) (hint, name string) {
	n, ok := neighbourPlaces[place][key]
	if !ok {
		n, ok = neighbourKeys[key]
	}
	switch {
	case !ok:
		return "", ""
	case n.write != nil && v != nil:
		text := n.write(v)
		switch {
		case strings.HasPrefix(text, "use "), strings.HasPrefix(text, "remove it"):
			return text, ""
		case text != "":
			return "write " + text, ""
		}
	}
	return n.use, n.name
}

// neighbourTrigger returns the hint for a kind of trigger of another workflow
// language.
func neighbourTrigger(key string, v *node) string {
	if text, ok := v.str(); ok && (key == "type" || key == "kind") {
		switch text {
		case "Recurrence", "SlidingWindow", "schedule", "cron":
			key = "cron"
		case "Request", "Http", "HttpWebhook", "webhook", "http":
			key = "path"
		}
	}
	switch key {
	case "cron", "every", "recurrence", "timer", "interval":
		return `use schedule: { cron: "30 7 * * 1-5" } or schedule: { every: 1h }`
	case "path", "webhook", "request", "method", "url", "workflow_dispatch", "manual":
		return "use http: { method: POST, path: /orders }"
	case "type", "on", "topic", "queue", "push", "message", "cloudEvent":
		return "use event: { type: TYPE }, or http: { path }"
	}
	return ""
}

// neighbourValue returns the hint for a value of another workflow language.
func neighbourValue(text string) string {
	switch text {
	case "Succeeded", "Failed", "Skipped", "Cancelled", "Running", "Waiting":
		return fmt.Sprintf("write %q, with a small letter", strings.ToLower(text))
	case "TimedOut":
		return `write "timedOut"`
	}
	return ""
}

// kindHint helps where a value has the wrong kind.
func (s *structure) kindHint(n *node, sh *shape) string {
	source := n.text
	wantsText := sh.pattern != nil || len(sh.Type) > 0 && sh.Type[0] == "string"
	switch {
	case n.kind == kindNumber && n.key != nil && strings.Contains(sh.what(), "duration"):
		return fmt.Sprintf("a duration has a unit: write \"%ss\" for seconds, \"%sm\" for minutes", source, source)
	case n.kind == kindNumber && wantsText:
		return fmt.Sprintf("quote it, or it is read as a number: %q", source)
	case n.kind == kindBool && wantsText:
		return fmt.Sprintf("quote it: %q", source)
	case n.kind == kindNull && n.key != nil:
		return fmt.Sprintf("write a value behind %q, or leave the key out", n.key.text)
	case n.kind == kindMap && n.style == styleFlow && wantsText:
		return "quote the whole value; { at its start makes it a mapping"
	case n.kind == kindMap && strings.Contains(sh.what(), "list of steps"):
		return "put a - in front of each step: each entry has an id and a verb"
	case n.kind == kindString && (sh.Type != nil && sh.Type[0] == "array" || listOfTexts(sh)):
		if h := neighbourValue(source); h != "" {
			source = strings.Trim(strings.Split(h, ",")[0][len("write "):], "\"")
		}
		return fmt.Sprintf("write it as a list: [%s]", source)
	case n.kind == kindMap && sh.Type != nil && sh.Type[0] == "array":
		return "put a - in front of each entry: it is a list"
	case n.kind == kindString && sh.Type != nil && sh.Type[0] == "boolean":
		return booleanHint(source)
	case n.kind == kindString && sh.Type != nil && (sh.Type[0] == "integer" || sh.Type[0] == "number") && jsonNumber.MatchString(source):
		return fmt.Sprintf("leave the quotes out: %s", source)
	case n.kind == kindString && n.key != nil && len(sh.Required) == 1 && sh.Properties[sh.Required[0]].accepts(n):
		return fmt.Sprintf("write %s: { %s: %s }", n.key.text, sh.Required[0], yamlText(source))
	case n.parent == nil:
		return `a workflow starts with "workflow: NAME"`
	case strings.HasPrefix(sh.what(), "a step"):
		return stepHint(n)
	}
	return ""
}

// listOfTexts tells whether one of the alternatives is a list of texts.
func listOfTexts(sh *shape) bool {
	return slices.ContainsFunc(sh.OneOf, func(o *shape) bool {
		return o.Items != nil && len(o.Items.Type) > 0 && o.Items.Type[0] == "string"
	})
}

// stepHint helps where an entry of a list of steps is no mapping.
func stepHint(n *node) string {
	if n.kind == kindNull {
		return "write the step behind the dash, or take the dash out"
	}
	if n.kind == kindList {
		return "steps that run at once go into parallel: [ … ], a sequence into do: [ … ]"
	}
	return "a step is { id: NAME, VERB: … }"
}

// booleanHint helps where a text stands in place of true or false.
func booleanHint(text string) string {
	if b := booleanWord(text); b != "" {
		return fmt.Sprintf("write %q, without quotes", b)
	}
	return "write true or false"
}

// booleanWord is the boolean that a word is another spelling of, empty when it
// is none.
func booleanWord(text string) string {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "y":
		return "true"
	case "false", "no", "off", "n":
		return "false"
	}
	return ""
}

// patternHint helps where a text does not have the form it needs.
func patternHint(n *node, text string, sh *shape) (diag.Code, string) {
	key := ""
	if n.key != nil {
		key = n.key.text
	}
	switch {
	case strings.ContainsAny(text, "-") && (key == "id" || key == "as" || key == "rollback" || key == ""):
		return codeName, fmt.Sprintf("expressions read - as minus; write %q", strings.ReplaceAll(text, "-", "_"))
	case strings.Contains(sh.what(), "duration"):
		return codeDuration, durationHint(text)
	case key == "workflow":
		name := strings.TrimLeft(strings.Trim(nonName.ReplaceAllString(strings.ToLower(text), "-"), "-"), "-0123456789")
		if name == "" {
			name = "flow-1"
		}
		return codeName, fmt.Sprintf("write %q", name[:min(len(name), 80)])
	case key == "version":
		version := strings.TrimLeft(nonLabel.ReplaceAllString(text, "-"), "-._+")
		if version == "" {
			version = "1.0.0"
		}
		return codeValue, fmt.Sprintf("write %q", version[:min(len(version), 80)])
	case strings.Contains(sh.what(), "name of a workflow"):
		return codeValue, fmt.Sprintf("write %q", strings.Trim(nonName.ReplaceAllString(strings.ToLower(text), "-"), "-"))
	case key == "action" && !strings.Contains(text, "."):
		return codeValue, fmt.Sprintf("name the connector too: write %q", "http."+text)
	case key == "path" && !strings.HasPrefix(text, "/"):
		return codeValue, fmt.Sprintf("write %q", "/"+text)
	case key == "id" || key == "as" || key == "rollback" || key == "" && strings.Contains(sh.what(), "name"):
		name := strings.Trim(nonIdent.ReplaceAllString(text, "_"), "_")
		if name == "" {
			name = "first"
		}
		if name[0] >= '0' && name[0] <= '9' {
			name = "_" + name
		}
		return codeName, fmt.Sprintf("write %q", name[:min(len(name), 80)])
	}
	return codeValue, ""
}
