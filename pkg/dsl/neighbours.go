package dsl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// A neighbour is a key of other workflow languages. write gives what stands for
// it and its value here, empty when the value tells nothing; use says it where
// nothing can be written out.
type neighbour struct {
	use   string
	write func(v *node) string
}

// called is a key that has another name here and the same value.
func called(name string) neighbour { return neighbour{use: fmt.Sprintf("call it %q", name)} }

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
func errorCodes(v *node) string {
	var codes []string
	for _, item := range v.items {
		if text, ok := item.str(); ok {
			codes = append(codes, strconv.Quote(text))
		}
	}
	if len(codes) == 0 || len(codes) < len(v.items) {
		return ""
	}
	if len(codes) == 1 {
		return fmt.Sprintf("when: 'error.code == %s'", codes[0])
	}
	return fmt.Sprintf("when: 'error.code in [%s]'", strings.Join(codes, ", "))
}

// goesOn is continue-on-error.
func goesOn(v *node) string {
	if v.value == true {
		return "catch: [{ do: [] }]"
	}
	return ""
}

const (
	inOrder   = "steps run in the order in which they stand; for another one use runAfter:"
	outputsAt = "the output of a step is steps.ID.output"
	verbSays  = "a step says what it does by its verb: action, compose, if, foreach, …"
	callsWith = "use action: connector.operation with with:"
)

// neighbourKeys are keys of other workflow languages, with what stands for
// them here.
var neighbourKeys = map[string]neighbour{
	// GitHub Actions
	"needs":             {use: "use runAfter: [id]; without it a step follows the one above", write: waits},
	"uses":              {use: callsWith},
	"run":               {use: callsWith},
	"jobs":              {use: "use steps: [ … ]; steps that run at once go into parallel:"},
	"on":                {use: "use triggers:"},
	"env":               {use: "values per deployment are parameters:, per run input:"},
	"continue-on-error": {use: "use catch: [{ do: [] }]", write: goesOn},
	"timeout-minutes":   {use: "use timeout: 5m", write: lasts("timeout", "m")},
	"strategy":          {use: "use foreach: with concurrency:"},
	"outputs":           called("output"),
	"inputs":            {use: "use input: with a JSON Schema"},
	// Azure Logic Apps
	"actions":              {use: "use steps: a list; each entry has an id"},
	"type":                 {use: verbSays},
	"definition":           {use: "the document itself is the workflow: workflow, version, steps"},
	"expression":           {use: "use if: with the expression"},
	"operationOptions":     {use: "use concurrency: 1 or onError:"},
	"runtimeConfiguration": {use: "use concurrency: on foreach, secure: for hidden data"},
	"trackedProperties":    called("track"),
	"retryPolicy":          {use: "use retry: { attempts, delay, backoff }"},
	"limit":                {use: "use timeout: and maxPasses:"},
	// Step Functions
	"Next":            removed(inOrder),
	"End":             removed("a workflow ends with its last step; to end it earlier use return:"),
	"StartAt":         removed("the first step of steps: starts"),
	"States":          {use: "use steps: a list; each entry has an id"},
	"Type":            {use: verbSays},
	"Resource":        {use: callsWith},
	"Parameters":      called("with"),
	"ResultPath":      removed(outputsAt),
	"ResultSelector":  removed(outputsAt + "; shape it where it is used"),
	"OutputPath":      removed(outputsAt),
	"InputPath":       removed("say in with: what the step needs"),
	"Retry":           {use: "use retry: { attempts, delay, backoff }"},
	"Catch":           called("catch"),
	"ErrorEquals":     {use: "use when: error.code == \"…\"", write: errorCodes},
	"MaxAttempts":     {use: "use attempts:, which counts the first", write: counted("attempts: %s")},
	"IntervalSeconds": {use: "use delay: 1s", write: lasts("delay", "s")},
	"BackoffRate":     {use: "use backoff: exponential", write: always("backoff: exponential")},
	"Choices":         {use: "use if: or switch:"},
	"Iterator":        {use: "use foreach: with do:"},
	"ItemsPath":       {use: "use foreach: with the list"},
	"Branches":        {use: "use parallel:"},
	"TimeoutSeconds":  {use: "use timeout: 30s", write: lasts("timeout", "s")},
	"Seconds":         {use: "use wait: 30s", write: lasts("wait", "s")},
	// Others
	"depends_on": {use: "use runAfter: [id]", write: waits},
	"dependsOn":  {use: "use runAfter: [id]", write: waits},
	"when":       called("if"),
	"for_each":   called("foreach"),
	"forEach":    called("foreach"),
	"for":        called("foreach"),
	"sleep":      {use: "use wait: 30s", write: lasts("wait", "s")},
	"delay":      {use: "use wait: 30s, or retry: { delay: 1s }", write: lasts("wait", "s")},
	"raise":      called("fail"),
	"throw":      called("fail"),
	"try":        {use: "put the steps into do: and add catch: to that step"},
	"args":       called("with"),
	"retries":    {use: "use retry: { attempts: 3 }", write: counted("retry: { attempts: %s }")},
	"on_error":   {use: "use catch:"},
	"error":      {use: "use catch: to handle, fail: to raise"},
}

// neighbourKey returns the hint for a key of another workflow language with its
// value, empty when there is none.
func neighbourKey(key string, v *node) string {
	n, ok := neighbourKeys[key]
	switch {
	case !ok:
		return ""
	case n.write != nil && v != nil:
		if text := n.write(v); text != "" {
			return "write " + text
		}
	}
	return n.use
}

// neighbourTrigger returns the hint for a kind of trigger of another workflow
// language.
func neighbourTrigger(key string) string {
	switch key {
	case "cron", "every", "recurrence", "timer":
		return `use schedule: { cron: "30 7 * * 1-5" } or schedule: { every: 1h }`
	case "path", "webhook", "request", "method", "url":
		return "use http: { method: POST, path: /orders }"
	case "type", "on", "topic", "queue":
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
	case n.kind == kindString && sh.Type != nil && sh.Type[0] == "array":
		return fmt.Sprintf("write it as a list: [%s]", source)
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
		return codeName, fmt.Sprintf("write %q", strings.Trim(nonName.ReplaceAllString(strings.ToLower(text), "-"), "-0123456789"))
	case key == "action" && !strings.Contains(text, "."):
		return codeValue, fmt.Sprintf("name the connector too: write %q", "http."+text)
	case key == "path" && !strings.HasPrefix(text, "/"):
		return codeValue, fmt.Sprintf("write %q", "/"+text)
	case key == "id" || key == "as" || key == "rollback" || key == "" && strings.Contains(sh.what(), "name"):
		return codeName, ""
	}
	return codeValue, ""
}
