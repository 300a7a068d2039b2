package dsl

import (
	"fmt"
	"strings"

	"github.com/keelstep/keelstep/pkg/diag"
)

// neighbourKeys are keys of other workflow languages, with what stands for
// them here.
var neighbourKeys = map[string]string{
	// GitHub Actions
	"needs":             "use runAfter: [id]; without it a step follows the one above",
	"uses":              "use action: connector.operation with with:",
	"run":               "use action: connector.operation with with:",
	"jobs":              "use steps: [ … ]; steps that run at once go into parallel:",
	"on":                "use triggers:",
	"env":               "values per deployment are parameters:, per run input:",
	"continue-on-error": "use catch: [{ do: [] }]",
	"timeout-minutes":   "use timeout: 5m",
	"strategy":          "use foreach: with concurrency:",
	"outputs":           "use output:",
	"inputs":            "use input: with a JSON Schema",
	// Azure Logic Apps
	"actions":              "use steps: a list; each entry has an id",
	"type":                 "a step says what it does by its verb: action, compose, if, foreach, …",
	"definition":           "the document itself is the workflow: workflow, version, steps",
	"foreach_":             "use foreach:",
	"expression":           "use if: with the expression",
	"operationOptions":     "use concurrency: 1 or onError:",
	"runtimeConfiguration": "use concurrency: on foreach, secure: for hidden data",
	"trackedProperties":    "use compose: for values to look up",
	"retryPolicy":          "use retry: { attempts, delay, backoff }",
	"limit":                "use timeout: and maxPasses:",
	// Step Functions
	"Next":            "steps run in the order in which they stand; for another one use runAfter:",
	"End":             "a workflow ends with its last step; to end it earlier use return:",
	"StartAt":         "the first step of steps: starts",
	"States":          "use steps: a list; each entry has an id",
	"Type":            "a step says what it does by its verb: action, compose, switch, foreach, …",
	"Resource":        "use action: connector.operation",
	"Parameters":      "use with:",
	"ResultPath":      "the output of a step is steps.ID.output",
	"ResultSelector":  "the output of a step is steps.ID.output; shape it where it is used",
	"OutputPath":      "the output of a step is steps.ID.output",
	"InputPath":       "say in with: what the step needs",
	"Retry":           "use retry: { attempts, delay, backoff }",
	"Catch":           "use catch: [{ when: error.code == \"…\", do: [ … ] }]",
	"ErrorEquals":     "use when: error.code == \"…\"",
	"MaxAttempts":     "use attempts:, which counts the first",
	"IntervalSeconds": "use delay: 1s",
	"BackoffRate":     "use backoff: exponential",
	"Choices":         "use if: or switch:",
	"Iterator":        "use foreach: with do:",
	"ItemsPath":       "use foreach: with the list",
	"Branches":        "use parallel:",
	"TimeoutSeconds":  "use timeout: 30s",
	"Seconds":         "use wait: 30s",
	// Others
	"depends_on": "use runAfter: [id]",
	"dependsOn":  "use runAfter: [id]",
	"when":       "use if:",
	"for_each":   "use foreach:",
	"forEach":    "use foreach:",
	"for":        "use foreach:",
	"sleep":      "use wait: 30s",
	"delay":      "use wait: 30s, or retry: { delay: 1s }",
	"raise":      "use fail: { code, message }",
	"throw":      "use fail: { code, message }",
	"try":        "put the steps into do: and add catch: to that step",
	"args":       "use with:",
	"retries":    "use retry: { attempts: 3 }",
	"on_error":   "use catch:",
	"error":      "use catch: to handle, fail: to raise",
}

// neighbourKey returns the hint for a key of another workflow language.
func neighbourKey(key string) string { return neighbourKeys[key] }

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

// neighbourIn returns the hint for an expression of another language inside
// of a text, and where it stands; hint is empty when there is none.
func neighbourIn(text string) (at, length int, hint string) {
	if i := strings.Index(text, "@{"); i >= 0 {
		return i, 2, "this is Logic Apps' way: write ${ … }, with input, steps.NAME.output and vars.NAME"
	}
	if i := strings.Index(text, "${{"); i >= 0 {
		return i, 3, "this is GitHub Actions' way: write ${ … } with one brace"
	}
	for _, call := range []string{"@triggerBody(", "@body(", "@outputs(", "@variables(", "@parameters(", "@item(", "@items(", "@actions(", "@concat(", "@equals("} {
		if strings.HasPrefix(text, call) {
			return 0, len(call) - 1, "this is Logic Apps' way: write ${ … }, with input, steps.NAME.output and vars.NAME"
		}
	}
	return 0, 0, ""
}

// neighbourCondition returns the hint for a condition of another language.
func neighbourCondition(text string) string {
	switch strings.TrimSpace(strings.Trim(strings.TrimSpace(text), "${}")) {
	case "failure()":
		return "use catch: on the step that may fail, or runAfter: { id: [failed, timedOut] }"
	case "always()":
		return "use finally: on the step, or runAfter with all statuses"
	case "success()":
		return "leave it out: a step runs when the one before it succeeded"
	case "cancelled()":
		return "use finally: on the step, or runAfter: { id: [cancelled] }"
	}
	return ""
}

// kindHint helps where a value has the wrong kind.
func (s *structure) kindHint(n *node, sh *shape) string {
	source := n.text
	wantsText := sh.pattern != nil || len(sh.Type) > 0 && sh.Type[0] == "string"
	switch {
	case n.kind == kindNumber && n.key != nil && strings.Contains(sh.what(), "duration"):
		return fmt.Sprintf("a duration has a unit: %ss, %sm", source, source)
	case n.kind == kindNumber && wantsText:
		return fmt.Sprintf("quote it, or YAML reads it as a number: %q", source)
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
func patternHint(n *node, text string) (diag.Code, string) {
	key := ""
	if n.key != nil {
		key = n.key.text
	}
	switch {
	case strings.ContainsAny(text, "-") && (key == "id" || key == "as" || key == "rollback" || key == ""):
		return codeName, fmt.Sprintf("expressions read - as minus; write %q", strings.ReplaceAll(text, "-", "_"))
	case key == "timeout" || key == "wait" || key == "delay" || key == "maxDelay" || key == "attemptTimeout" || key == "deadline" || key == "cancelGrace":
		return codeDuration, "write it like 500ms, 30s, 5m, 2h, 1d, 1w or 1h30m"
	case key == "workflow":
		return codeName, fmt.Sprintf("write %q", strings.Trim(nonName.ReplaceAllString(strings.ToLower(text), "-"), "-0123456789"))
	case key == "action" && !strings.Contains(text, "."):
		return codeValue, "name the connector too, such as http." + text
	case key == "path" && !strings.HasPrefix(text, "/"):
		return codeValue, fmt.Sprintf("write %q", "/"+text)
	case key == "id" || key == "as" || key == "" || key == "rollback":
		return codeName, ""
	}
	return codeValue, ""
}
