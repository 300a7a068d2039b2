package api

import "net/http"

// Code is the stable name of one kind of problem.
type Code string

// The codes of problems. What a run itself failed with comes with the run's
// own code.
const (
	CodeAnswerInvalid        Code = "AnswerInvalid"
	CodeAuthUnavailable      Code = "AuthUnavailable"
	CodeBackupFailed         Code = "BackupFailed"
	CodeBodyTimeout          Code = "BodyTimeout"
	CodeBookBroken           Code = "BookBroken"
	CodeConcurrencyLimit     Code = "ConcurrencyLimit"
	CodeDeadline             Code = "Deadline"
	CodeDedupeFull           Code = "DedupeFull"
	CodeEventInvalid         Code = "EventInvalid"
	CodeHostNotAllowed       Code = "HostNotAllowed"
	CodeImportRefused        Code = "ImportRefused"
	CodeInboxFull            Code = "InboxFull"
	CodeInputInvalid         Code = "InputInvalid"
	CodeInternal             Code = "Internal"
	CodeInvalidBody          Code = "InvalidBody"
	CodeInvalidDefinition    Code = "InvalidDefinition"
	CodeInvalidJSON          Code = "InvalidJSON"
	CodeInvalidParameter     Code = "InvalidParameter"
	CodeKeyReused            Code = "KeyReused"
	CodeLinkExpired          Code = "LinkExpired"
	CodeLinkInvalid          Code = "LinkInvalid"
	CodeMethodNotAllowed     Code = "MethodNotAllowed"
	CodeNoBackups            Code = "NoBackups"
	CodeNoLimit              Code = "NoLimit"
	CodeNoParameter          Code = "NoParameter"
	CodeNoResponse           Code = "NoResponse"
	CodeNotStuck             Code = "NotStuck"
	CodeQueueFull            Code = "QueueFull"
	CodeRateLimited          Code = "RateLimited"
	CodeResponseInvalid      Code = "ResponseInvalid"
	CodeRouteTaken           Code = "RouteTaken"
	CodeRunCancelled         Code = "RunCancelled"
	CodeRunEnded             Code = "RunEnded"
	CodeRunFailed            Code = "RunFailed"
	CodeRunStuck             Code = "RunStuck"
	CodeSkipped              Code = "Skipped"
	CodeSplitTooLarge        Code = "SplitTooLarge"
	CodeStopping             Code = "Stopping"
	CodeStorageFull          Code = "StorageFull"
	CodeTaskAnswered         Code = "TaskAnswered"
	CodeTaskClosed           Code = "TaskClosed"
	CodeTooLarge             Code = "TooLarge"
	CodeTooManyFailures      Code = "TooManyFailures"
	CodeTriggerPaused        Code = "TriggerPaused"
	CodeUnauthorized         Code = "Unauthorized"
	CodeUnknownPath          Code = "UnknownPath"
	CodeUnknownRun           Code = "UnknownRun"
	CodeUnknownTask          Code = "UnknownTask"
	CodeUnknownDeadLetter    Code = "UnknownDeadLetter"
	CodeUnknownTrigger       Code = "UnknownTrigger"
	CodeUnknownWorkflow      Code = "UnknownWorkflow"
	CodeUnsupportedMediaType Code = "UnsupportedMediaType"
	CodeVersionTaken         Code = "VersionTaken"
)

// codeInfo is what a code stands for: its status, its title, and the page
// that explains it.
type codeInfo struct {
	code    Code
	status  int
	title   string
	explain string
}

// codes is all codes, sorted; docs/errors/http.md is made from it.
var codes = []codeInfo{
	{CodeAnswerInvalid, http.StatusBadRequest, "The answer does not fit the task", "The outcome is none of the options of the task, or the form does not fit its schema: `problems` lists each place of the form and what is wrong there. `detail` says what is wrong."},
	{CodeAuthUnavailable, http.StatusServiceUnavailable, "Callers cannot be checked now", "The http trigger has an `auth` that cannot be applied: its secret has no value or fewer than 16 characters, or the keys of the issuer of tokens cannot be fetched. The engine's log says which. Nothing was started; send the request again later."},
	{CodeBackupFailed, http.StatusInternalServerError, "The backup failed", "The log was not copied: `detail` says why. Runs go on, the log is as it was, and the next copy is tried in its turn."},
	{CodeBodyTimeout, http.StatusRequestTimeout, "The body came too slowly", "The body of a request must arrive within 30 seconds. Send it again over a faster connection."},
	{CodeBookBroken, http.StatusServiceUnavailable, "A book of the engine cannot be used", "What the engine remembers of limits, events or this trigger cannot be read. `engine check` says more; nothing was recorded."},
	{CodeConcurrencyLimit, http.StatusTooManyRequests, "The limit is reached", "The workflow bounds how many runs of one key go at once, and rejects the rest. `run` is the run that was not admitted. Start it again later."},
	{CodeDeadline, http.StatusGatewayTimeout, "The run did not answer in time", "The caller of an http trigger waits for the respond step as long as the trigger's `deadline` says. The run goes on; `Location` says where to look."},
	{CodeDedupeFull, http.StatusTooManyRequests, "Too many keys are remembered", "An http trigger with `dedupe` remembers at most 100,000 keys at once and forgets none before its window is over. Nothing was started. Send the request again later; a shorter `window` needs fewer keys."},
	{CodeEventInvalid, http.StatusBadRequest, "The event is not valid", "The body is no CloudEvent 1.0 in JSON: it needs `specversion`, `id`, `type` and `source`."},
	{CodeHostNotAllowed, http.StatusMisdirectedRequest, "This host name is not served", "An engine that listens on a loopback address answers only for loopback names, so that a web page cannot reach it under a name of its own. Use `127.0.0.1` or `localhost`."},
	{CodeImportRefused, http.StatusBadRequest, "The file of runs is refused", "`detail` names the line, what is wrong with it and what to do. Nothing of the run at that line was taken; the runs before it are there, and are passed over with `skipExisting`."},
	{CodeInboxFull, http.StatusTooManyRequests, "Too much waits for the run", "A run keeps a bounded number of signals that it has not taken. Wait until it has taken some, then send again."},
	{CodeInputInvalid, http.StatusBadRequest, "The input is not valid", "The workflow declares an `input` schema and the input does not fit it: `problems` lists each place and what is wrong there. Or the `input` of an http trigger could not be made out of the request: `detail` says why. Nothing was started."},
	{CodeInternal, http.StatusInternalServerError, "The engine made a mistake", "This is a fault of the engine, not of the request. Its log has the details. Please report it."},
	{CodeInvalidBody, http.StatusBadRequest, "The body is not what is expected", "The body is JSON but has members that the route does not know, or lacks some. See `api/openapi.yaml`."},
	{CodeInvalidDefinition, http.StatusUnprocessableEntity, "The workflow is not valid", "The document has errors. `diagnostics` lists all of them with place and hint. Nothing was deployed."},
	{CodeInvalidJSON, http.StatusBadRequest, "The body is not JSON", "The body must be exactly one JSON value in UTF-8, without members that are named twice, nested at most 128 deep. `detail` says where it breaks."},
	{CodeInvalidParameter, http.StatusBadRequest, "A parameter is not valid", "A parameter of the path, the query or a header has a value that it cannot have. `detail` names it."},
	{CodeKeyReused, http.StatusUnprocessableEntity, "The idempotency key belongs to another request", "The same `Idempotency-Key` was used with another input. Use a new key for a new request."},
	{CodeLinkExpired, http.StatusGone, "The link has expired", "The link to the task was one of this engine, and its time is over. Ask for a new one."},
	{CodeLinkInvalid, http.StatusUnauthorized, "The link is not valid", "The link to the task is not one of this engine, or something of it was changed. Ask for a new one."},
	{CodeMethodNotAllowed, http.StatusMethodNotAllowed, "The path does not take this method", "`Allow` lists the methods that the path takes."},
	{CodeNoBackups, http.StatusConflict, "The environment says nothing of backups", "The engine's environment has no section `backup`, so there is no directory to make copies in. Add one, or fetch a copy with `engine backup FILE`."},
	{CodeNoLimit, http.StatusServiceUnavailable, "The environment has no such limit", "The workflow shares a limit that the engine's environment does not have. Nothing was started. Add it under `limits` and start the engine again."},
	{CodeNoParameter, http.StatusServiceUnavailable, "A parameter has no value", "The workflow declares a parameter without a default and the engine's environment gives it no value that fits its schema. Nothing was started. Give it one and start the engine again."},
	{CodeNoResponse, http.StatusBadGateway, "The run ended without an answer", "The workflow has a respond step, and the run ended without having reached it. `run` says which; its history shows the way it took."},
	{CodeNotStuck, http.StatusConflict, "The run is not stuck", "Only a run that is stuck can be tried again. `POST /v1/runs/{run}/restart` starts a new one like it."},
	{CodeQueueFull, http.StatusTooManyRequests, "Too many runs wait", "As many runs wait for the same key as may. Start it again once some have ended."},
	{CodeRateLimited, http.StatusTooManyRequests, "Too many requests", "The `rateLimit` of the http trigger lets nothing start now. Nothing was started. `Retry-After` says in how many seconds to send the request again."},
	{CodeResponseInvalid, http.StatusBadGateway, "The answer of the run cannot be sent", "The respond step has a status or a header that HTTP cannot carry. `detail` names it; correct the workflow."},
	{CodeRouteTaken, http.StatusConflict, "The route belongs to another workflow", "Another active workflow has an http trigger of the same method and path. Nothing was deployed."},
	{CodeRunCancelled, http.StatusServiceUnavailable, "The run was cancelled", "The run was cancelled before it had answered."},
	{CodeRunEnded, http.StatusConflict, "The run has ended", "A run that has ended takes neither signals nor a cancel. Start a new one."},
	{CodeRunFailed, http.StatusInternalServerError, "The run failed", "The run failed before it had answered. `code` is the code of its error where it has one."},
	{CodeRunStuck, http.StatusConflict, "The run is stuck", "The engine gave the run up: an operator must look at it. `engine runs show` says why."},
	{CodeSkipped, http.StatusConflict, "A run goes on already", "The workflow skips a start while a run of the same key goes on. `run` is the run that was not admitted."},
	{CodeSplitTooLarge, http.StatusRequestEntityTooLarge, "The list is too long", "The `splitOn` of the http trigger makes a run for each element of a list: at most 1,000, 10 MiB together, and no more than its `rateLimit` ever lets start at once. Nothing was started. Send the list in parts."},
	{CodeStopping, http.StatusServiceUnavailable, "The engine is stopping", "The engine is about to end. Send the request again once it runs; use an `Idempotency-Key`, so that nothing is started twice."},
	{CodeStorageFull, http.StatusServiceUnavailable, "The disk is full", "Nothing was recorded because the engine's disk is full; what is there can be read. Writing goes on by itself once there is room: `Retry-After` says in how many seconds to send the request again."},
	{CodeTaskAnswered, http.StatusConflict, "The task has been answered", "Somebody was faster, or this person has answered already. The first answer counts."},
	{CodeTaskClosed, http.StatusGone, "The task is closed", "The task expired, or its run went on without it. An answer has no effect any more."},
	{CodeTooLarge, http.StatusRequestEntityTooLarge, "The body is too large", "A definition may have 1 MiB, an input 10 MiB, a body whose signature is checked 1 MiB. Put larger data where a step can fetch it."},
	{CodeTooManyFailures, http.StatusTooManyRequests, "Too many wrong keys", "One address may show 20 wrong keys at once and one more each second; beyond it the answer is this. A right key is always taken. `Retry-After` says in how many seconds the next one is looked at."},
	{CodeTriggerPaused, http.StatusServiceUnavailable, "The trigger is paused", "Somebody paused the trigger (`engine triggers pause`). Nothing was started. Send the request again once it was resumed."},
	{CodeUnauthorized, http.StatusUnauthorized, "The API key is missing or wrong", "Every route but `/healthz` and `/readyz` needs `Authorization: Bearer KEY`. On a loopback address the engine makes a key at its first start, in `engine.key` of its data directory. An http trigger with `auth` takes what that says instead; what exactly is wrong the answer does not say."},
	{CodeUnknownPath, http.StatusNotFound, "There is nothing at this path", "No route of the API and no http trigger of an active workflow has this path."},
	{CodeUnknownRun, http.StatusNotFound, "There is no such run", "`GET /v1/runs` lists the runs of this engine."},
	{CodeUnknownTask, http.StatusNotFound, "There is no such task", "`GET /v1/runs/{run}/tasks` lists the open tasks of a run."},
	{CodeUnknownDeadLetter, http.StatusNotFound, "There is no such dead letter", "`GET /v1/dead-letters` lists them. One that was tried again or dropped is none any more."},
	{CodeUnknownTrigger, http.StatusNotFound, "There is no such trigger", "`GET /v1/triggers` lists the triggers that have a status: those that fire by themselves, and http triggers with `splitOn`, `dedupe` or `rateLimit`. Only a schedule can be fired by hand."},
	{CodeUnknownWorkflow, http.StatusNotFound, "There is no such workflow", "`GET /v1/definitions` lists the workflows of this engine. Deploy it with `POST /v1/definitions`."},
	{CodeUnsupportedMediaType, http.StatusUnsupportedMediaType, "The body has the wrong type", "Inputs and signals are `application/json`; definitions are `application/yaml` or `application/json`. Bodies are not compressed."},
	{CodeVersionTaken, http.StatusConflict, "The version has another meaning", "A definition with this version and another content was deployed before. A version never changes its meaning: give the document a new `version`."},
}

// infoOf returns what a code stands for; a run's own code is a failed run.
func infoOf(c Code) codeInfo {
	for _, i := range codes {
		if i.code == c {
			return i
		}
	}
	return codeInfo{code: c, status: http.StatusInternalServerError, title: infoOf(CodeRunFailed).title}
}
