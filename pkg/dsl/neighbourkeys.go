package dsl

const (
	actsBy     = "use action: connector.operation, and with: for its input"
	awaits     = "use await: { signal: NAME }"
	asksPeople = "use approval: { to, title }"
	decides    = "use if: with then: and else:, or switch:"
	emits      = "use emit: { type, data }"
	startsBy   = "use triggers: a list; each has an id and http:, schedule: or event:"
	listsSteps = "use steps: a list; each entry has an id and a verb"
	elsewhere  = "where a workflow runs is not said in its file"
)

// neighbourTypes are types of steps of other workflow languages, with what
// does the same here.
var neighbourTypes = map[string]string{
	"Http": "action: http.get, or another of its operations, and with: for its input", "ApiConnection": "action: connector.operation, and with: for its input", "Task": "action: connector.operation, and with: for its input",
	"Compose": "compose: with the value", "Pass": "compose: with the value", "ParseJson": "compose: \"${ fromJSON(…) }\"",
	"If": "if: with then: and else:", "Choice": "if: with then: and else:, or switch:", "Switch": "switch: with cases:",
	"Foreach": "foreach: with do:", "Map": "foreach: with do:", "Until": "until: with do:", "Scope": "do: with the steps", "Parallel": "parallel: with a list of steps",
	"Wait": "wait: 30s", "Delay": "wait: 30s", "Response": "respond: { status, body }", "Terminate": "terminate: { status }", "Workflow": "call: with the name of the workflow",
	"Succeed": "return: with the output", "Fail": "fail: with a message",
	"InitializeVariable": "variables: at the top", "SetVariable": "set: { NAME: value }", "IncrementVariable": "increment: { NAME: 1 }", "AppendToArrayVariable": "append: { NAME: value }",
	"Query": "compose: \"${ filter(…) }\"", "Select": "compose: \"${ map(…) }\"", "Join": "compose: \"${ join(…) }\"",
}

// neighbourPlaces are keys of other workflow languages that mean something at
// one place only: a key of the language whose mapping they stand in.
var neighbourPlaces = map[string]map[string]neighbour{
	"workflow": {
		"name": called("workflow"), "id": called("workflow"), "Comment": called("description"), "comment": called("description"), "summary": called("description"),
		"contentVersion": called("version"), "Version": called("version"), "apiVersion": {use: "use version: \"1.0.0\""},
		"kind": {use: "use workflow: NAME"}, "metadata": {use: "use workflow: NAME and description:"}, "spec": {use: "the document itself is the workflow: workflow, version, steps"},
		"$schema": {use: "write it as a comment: # yaml-language-server: $schema=URL"},
		"jobs":    {use: "use steps: [ … ]; steps that run at once go into parallel:"},
		"tasks":   called("steps"), "stages": called("steps"), "do": called("steps"), "nodes": {use: listsSteps}, "states": {use: listsSteps}, "templates": {use: listsSteps},
		"dag": {use: listsSteps}, "process": {use: listsSteps},
		"entrypoint": removed("the first step of steps: starts"), "start": removed("the first step of steps: starts"),
		"schedule": {use: startsBy}, "schedule_interval": {use: startsBy}, "cron": {use: startsBy}, "trigger": {use: startsBy}, "events": {use: startsBy},
		"vars": called("variables"), "params": called("parameters"), "inputSchema": called("input"), "schema": called("input"), "arguments": {use: "use input: with a JSON Schema"},
		"secrets":                  removed("secrets are read as ${ secrets.NAME }, and where they come from stands in env/NAME.yaml"),
		"workflowExecutionTimeout": called("timeout"), "workflowRunTimeout": called("timeout"), "activeDeadlineSeconds": {use: "use timeout: 30s", write: lasts("timeout", "s")},
		"onExit": {use: "use finally: on a do: around the steps"}, "onFailure": {use: "use catch: on a do: around the steps"},
		"namespace": removed(elsewhere), "taskQueue": removed(elsewhere), "hosts": removed(elsewhere),
		"permissions": removed("what a call may do is said by its connection"), "activities": removed("operations come from connectors"), "functions": removed("operations come from connectors"),
		"settings": {use: "use timeout:, concurrency: and defaults:"}, "imports": removed("call other workflows with call:"),
	},
	"step": {
		"step": called("id"), "key": called("id"), "title": called("name"), "label": called("name"), "comment": called("description"), "Comment": called("description"),
		"actions": {use: `call it "do", a list: each entry has an id and a verb`, name: "do"}, "steps": called("do"), "body": called("do"), "inputs": called("with"), "input": called("with"), "arguments": called("with"), "parameters": called("with"), "params": called("with"),
		"MaxConcurrency": called("concurrency"), "maxConcurrency": called("concurrency"), "parallelism": called("concurrency"), "batchSize": called("concurrency"),
		"each": called("foreach"), "withItems": called("foreach"), "withParam": called("foreach"), "with_items": called("foreach"), "loop": called("foreach"), "map": called("foreach"), "iterate": called("foreach"),
		"activity": {use: actsBy}, "executeActivity": {use: actsBy}, "callActivity": {use: actsBy}, "serviceTask": {use: actsBy}, "task": {use: actsBy}, "operation": {use: actsBy},
		"request": {use: actsBy}, "function": {use: actsBy}, "node": {use: actsBy}, "operator": {use: actsBy}, "container": {use: actsBy}, "script": {use: actsBy}, "http": {use: actsBy},
		"get": {use: actsBy}, "post": {use: actsBy}, "put": {use: actsBy}, "delete": {use: actsBy}, "patch": {use: actsBy}, "connector": {use: actsBy}, "invoke": {use: actsBy}, "execute": {use: actsBy}, "template": {use: actsBy}, "command": {use: actsBy},
		"childWorkflow": called("call"), "subOrchestration": called("call"), "subworkflow": called("call"), "executeWorkflow": called("call"), "executeChildWorkflow": called("call"), "workflow": called("call"), "callActivityWorkflow": called("call"),
		"timer": called("wait"), "pause": called("wait"), "duration": called("wait"),
		"signal": {use: awaits, write: awaited}, "waitForSignal": {use: awaits, write: awaited}, "waitForExternalEvent": {use: awaits, write: awaited}, "receive": {use: awaits, write: awaited}, "listen": {use: awaits, write: awaited}, "waitFor": {use: awaits, write: awaited},
		"event":   {use: "use emit: { type, data } to publish one, await: { event: TYPE, match } to wait for one"},
		"publish": {use: emits}, "send": {use: emits}, "raiseEvent": {use: emits},
		"userTask": {use: asksPeople}, "human": {use: asksPeople}, "approve": {use: asksPeople}, "suspend": {use: asksPeople}, "manual": {use: asksPeople},
		"goto": removed(inOrder), "next": removed(inOrder), "transition": removed(inOrder), "sequenceFlow": removed(inOrder), "output": {use: "use compose: for a value, output: of loops and do"},
		"repeat": {use: "use while: or until: with do:"}, "all": called("parallel"), "concurrent": called("parallel"), "fork": called("parallel"), "branches": called("parallel"), "any": called("race"), "select": called("race"),
		"sequence": called("do"), "block": called("do"), "scope": called("do"), "group": called("do"), "try": called("do"),
		"choose": {use: decides}, "choice": {use: decides}, "case": {use: `call it "cases", beside switch:`, name: "cases"}, "exclusiveGateway": {use: decides}, "condition": called("if"),
		"elif": {use: "put an if: into else:"}, "elseif": {use: "put an if: into else:"}, "else_if": {use: "put an if: into else:"},
		"assert": {use: "use if: NOT with fail: MESSAGE"}, "throw": called("fail"), "raise": called("fail"), "error": called("fail"), "Error": called("fail"), "boundaryEvent": {use: "use timeout: with onTimeout:, or catch:"},
		"exit": called("return"), "stop": called("return"), "end": called("return"), "succeed": called("return"), "cancel": {use: "use terminate: { status: cancelled }"},
		"transform": called("compose"), "value": called("compose"), "data": called("compose"), "pass": called("compose"), "Result": called("compose"), "assign": called("set"), "let": called("set"), "variable": called("set"), "variables": called("set"),
		"print": removed("each step's input and output are recorded"), "log": removed("each step's input and output are recorded"), "debug": removed("each step's input and output are recorded"),
		"always": called("finally"), "rescue": {use: "use catch: [{ do: [ … ] }]"}, "except": {use: "use catch: [{ do: [ … ] }]"}, "onError": {use: "use catch: [{ do: [ … ] }]"}, "on_failure": {use: "use catch: [{ do: [ … ] }]"},
		"register": removed(outputsAt), "export": removed(outputsAt), "result": removed(outputsAt),
		"ignore_errors": {use: "use catch: [{ do: [] }]", write: goesOn}, "continueOnFail": {use: "use catch: [{ do: [] }]", write: goesOn}, "continueOnError": {use: "use catch: [{ do: [] }]", write: goesOn}, "allow_failure": {use: "use catch: [{ do: [] }]", write: goesOn}, "continueOn": {use: "use catch: [{ do: [] }]"},
		"depends": {use: "use runAfter: [id]"}, "dependencies": {use: "use runAfter: [id]", write: waits}, "after": {use: "use runAfter: [id]", write: waits}, "requires": {use: "use runAfter: [id]", write: waits}, "trigger_rule": {use: "use runAfter: { id: [succeeded, failed] }"},
		"retryStrategy": {use: "use retry: { attempts, delay, backoff }"}, "retryOnFail": {use: "use retry: { attempts, delay, backoff }"},
		"startToCloseTimeout": {use: "use retry: { attemptTimeout: 30s }"}, "scheduleToCloseTimeout": called("timeout"), "heartbeatTimeout": removed("an attempt ends with its answer or its timeout"), "HeartbeatSeconds": removed("an attempt ends with its answer or its timeout"),
		"continueAsNew": removed("a run may be as long as it needs to be"), "query": removed("values that others look for go into track:"),
		"shell": removed("steps call operations of connectors"), "working-directory": removed("steps call operations of connectors"), "runs-on": removed(elsewhere),
		"typeVersion": removed("operations have no versions"), "position": removed("a picture is drawn from the steps"), "enabled": {use: "use if: false"}, "disabled": {use: "use if: false"},
		"Cause": {use: "use fail: { code, message }"}, "Variable": {use: decides}, "Default": {use: "use default: of switch:"}, "ItemProcessor": {use: "use foreach: with do:"},
	},
	"trigger": {
		"name": called("id"), "inputs": called("input"), "with": called("input"), "conditions": {use: "use where: with the condition"}, "filter": called("where"), "if": called("where"), "when": called("where"),
	},
	"retry": {
		"maxAttempts": called("attempts"), "max_attempts": called("attempts"), "maximumAttempts": called("attempts"), "max": called("attempts"), "count": called("attempts"), "limit": called("attempts"), "times": called("attempts"), "maxRetries": {use: "use attempts:, which counts the first"},
		"initialInterval": called("delay"), "interval": called("delay"), "minimumInterval": called("delay"), "wait": called("delay"),
		"backoffCoefficient": {use: "use backoff: exponential", write: always("backoff: exponential")}, "factor": {use: "use backoff: exponential", write: always("backoff: exponential")}, "type": called("backoff"), "strategy": called("backoff"), "retryPolicy": called("backoff"),
		"maximumInterval": called("maxDelay"), "MaxDelaySeconds": {use: "use maxDelay: 30s", write: lasts("maxDelay", "s")}, "JitterStrategy": {use: "use jitter: true", write: always("jitter: true")},
		"ErrorEquals": {use: "use if: error.code == \"…\"", write: retriedCodes}, "when": called("if"), "on": called("if"), "timeout": called("attemptTimeout"), "nonRetryableErrorTypes": {use: "use if: with the errors that are worth another attempt"},
	},
	"catch": {
		"if": called("when"), "error": called("when"), "errors": called("when"), "where": called("when"), "on": called("when"),
		"then": called("do"), "steps": called("do"), "actions": {use: `call it "do", a list: each entry has an id and a verb`, name: "do"}, "as": removed("the error is named error"),
	},
	"terminate":   {"runStatus": called("status"), "runError": {use: "use message:; for a code use fail:"}, "reason": called("message"), "code": removed("an error with a code is raised with fail:")},
	"fail":        {"error": called("code"), "Error": called("code"), "Cause": called("message"), "cause": called("message"), "text": called("message"), "data": called("details")},
	"respond":     {"statusCode": called("status"), "code": called("status"), "content": called("body"), "data": called("body")},
	"concurrency": {"group": called("key"), "max": called("limit"), "runs": called("limit"), "cancel-in-progress": {use: "use onLimit: cancelRunning", write: onlyIf("onLimit: cancelRunning")}, "strategy": called("onLimit")},
	"wait":        {"interval": {use: "use wait: 5m, without braces"}, "for": {use: "use wait: 5m, without braces"}, "duration": {use: "use wait: 5m, without braces"}, "seconds": {use: "use wait: 5s, without braces"}, "timestamp": called("until"), "Timestamp": called("until")},
	"schedule": {
		"frequency": {use: "use every: 1d, or cron:"}, "interval": {use: "use every: 1d, or cron:"}, "expression": called("cron"), "timeZone": called("timezone"), "time_zone": called("timezone"), "tz": called("timezone"),
		"startTime": removed("a schedule starts when it is deployed"), "endTime": removed("a schedule ends when it is taken out"), "catchup": called("catchUp"), "catchupWindow": called("catchUp"), "overlapPolicy": called("overlap"),
	},
	"http":     {"relativePath": called("path"), "url": called("path"), "uri": called("path"), "route": called("path"), "schema": removed("the schema of the body is input: at the top"), "verb": called("method"), "timeout": called("deadline")},
	"await":    {"name": called("signal"), "type": called("event"), "if": called("where"), "when": called("where"), "filter": called("where"), "correlation": called("match")},
	"emit":     {"event": called("type"), "name": called("type"), "eventType": called("type"), "body": called("data"), "payload": called("data"), "topic": called("subject")},
	"approval": {"assignee": called("to"), "assignees": called("to"), "assignedTo": called("to"), "users": called("to"), "subject": called("title"), "name": called("title"), "choices": called("options"), "outcomes": called("options"), "reminder": called("remind")},
	"defaults": {"run": removed("defaults: holds retry: and timeout: of actions"), "retryPolicy": called("retry"), "timeoutSeconds": {use: "use timeout: 30s", write: lasts("timeout", "s")}},
}

// neighbourKeys are keys of other workflow languages that mean the same
// everywhere, with what stands for them here.
var neighbourKeys = map[string]neighbour{
	// GitHub Actions
	"needs":             {use: "use runAfter: [id]; without it a step follows the one above", write: waits},
	"uses":              {use: callsWith},
	"run":               {use: callsWith},
	"on":                {use: "use triggers:"},
	"env":               {use: "values per deployment are parameters:, per run input:"},
	"continue-on-error": {use: "use catch: [{ do: [] }]", write: goesOn},
	"timeout-minutes":   {use: "use timeout: 5m", write: lasts("timeout", "m")},
	"strategy":          {use: "use foreach: with concurrency:"},
	"outputs":           called("output"),
	"inputs":            {use: "use input: with a JSON Schema"},
	// Azure Logic Apps
	"actions":              {use: "use steps: a list; each entry has an id"},
	"type":                 {use: verbSays, write: reads},
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
	"Type":            {use: verbSays, write: reads},
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
	"sleep":      {use: "use wait: 30s", name: "wait", write: lasts("wait", "s")},
	"delay":      {use: "use wait: 30s, or retry: { delay: 1s }", write: lasts("wait", "s")},
	"raise":      called("fail"),
	"throw":      called("fail"),
	"args":       called("with"),
	"retries":    {use: "use retry: { attempts: 3 }", write: counted("retry: { attempts: %s }")},
	"on_error":   {use: "use catch:"},
	"error":      {use: "use catch: to handle, fail: to raise"},
}
