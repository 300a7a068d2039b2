package diag

import "slices"

// Entry explains one code: what the finding is called, why it is a mistake,
// and what to do.
type Entry struct {
	Code        Code
	Title       string
	Explanation string
	Hint        string
	Warning     bool // findings of this code do not stop a document
}

// Codes returns all entries in the order of their codes. The caller may
// change the list.
func Codes() []Entry {
	return slices.Concat(readingCodes[:], structureCodes[:], flowCodes[:], expressionCodes[:], callCodes[:], environmentCodes[:])
}

// Lookup returns the entry of a code; ok is false when there is none.
func Lookup(code Code) (e Entry, ok bool) {
	all := Codes()
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Code == code })
	if i < 0 {
		return Entry{}, false
	}
	return all[i], true
}

// Reading a file: YAML and JSON.
var readingCodes = [...]Entry{
	{Code: "E101", Title: "the file is not valid YAML or JSON", Explanation: "The text cannot be read as YAML (or JSON). Often a value that holds \": \", \"#\", a quote or a bracket at its start is not quoted, or a line is indented differently from the ones around it. Reading goes on at the next step, so later findings are real.", Hint: "Quote the whole value, or correct the indentation."},
	{Code: "E102", Title: "the file holds bytes that are not text", Explanation: "Workflow files are UTF-8 without control characters; lines end with LF or CR LF.", Hint: "Save the file as UTF-8; write special characters as escapes in double quotes."},
	{Code: "E103", Title: "the file is too large", Explanation: "A workflow file may have 1 MiB.", Hint: "Move data out of the workflow, or split it into several."},
	{Code: "E104", Title: "values are nested too deeply", Explanation: "Lists and mappings may be nested 64 levels deep.", Hint: "Move the inner part into a step or a workflow of its own."},
	{Code: "E105", Title: "the file holds too many values", Explanation: "A file may hold 100,000 values. Those that aliases repeat count each time.", Hint: "Split the workflow into several."},
	{Code: "E106", Title: "an alias that cannot be used", Explanation: "A file may use 100 aliases, and none may stand inside of what it names.", Hint: "Write the part out."},
	{Code: "E107", Title: "a key stands twice", Explanation: "A mapping has each key once; readers disagree on which of two values counts.", Hint: "Keep one of them."},
	{Code: "E108", Title: "a YAML tag", Explanation: "YAML reads an exclamation mark at the start of a plain value as a tag, and the value becomes something else or empty.", Hint: "Write not in place of !, or quote the value."},
	{Code: "E109", Title: "a key that is no text", Explanation: "Keys are texts.", Hint: "Write a plain or quoted text as the key."},
	{Code: "E110", Title: "a value that YAML reads as something else", Explanation: "Plain values such as 0755, 1_000, .inf or a date are read as numbers or times by YAML readers, and by different readers differently.", Hint: "Quote the value, or write the number as in JSON."},
	{Code: "E111", Title: "the file is empty", Explanation: "There is nothing in the file but white space and comments.", Hint: "A workflow has at least workflow, version and steps."},
	{Code: "E112", Title: "more than one document", Explanation: "One file holds one workflow.", Hint: "Move what follows the second --- into a file of its own."},
	{Code: "E113", Title: "a merge key", Explanation: "The key << of old YAML is not part of the language.", Hint: "Write the keys out."},
	{Code: "E114", Title: "a comment behind an expression", Explanation: "In a plain value, YAML reads everything behind a space and # as a comment. In an expression # may be part of it, so what is left may be something else than what was meant, even when it still compiles.", Hint: "Quote the whole value, or put the comment on a line of its own."},
}

// Structure and names.
var structureCodes = [...]Entry{
	{Code: "E201", Title: "unknown key", Explanation: "The key is not part of the language at this place.", Hint: "Correct the spelling, or remove it."},
	{Code: "E202", Title: "a key is missing", Explanation: "Something that must be said is not.", Hint: "Add the key."},
	{Code: "E203", Title: "a value of the wrong kind", Explanation: "The place needs another kind of value: a text, a number, a list, a mapping.", Hint: "Write the kind of value that the message names; quote what is meant as text."},
	{Code: "E204", Title: "a value that is not allowed", Explanation: "The value has the right kind but not one of the allowed forms.", Hint: "Take one of the values that the message names."},
	{Code: "E205", Title: "a step without verb, or a trigger without kind", Explanation: "Every step has exactly one verb, which says what it does, and every trigger fires by http, schedule or event.", Hint: "Add the verb, or the kind."},
	{Code: "E206", Title: "a step with two verbs, or a trigger of two kinds", Explanation: "Every step has exactly one verb, which says what it does, and every trigger fires in exactly one way.", Hint: "Make two of it."},
	{Code: "E207", Title: "a key without effect", Explanation: "The key is known, but it does nothing in this step.", Hint: "Remove it, or move it to the step that it belongs to."},
	{Code: "E209", Title: "a name that is not allowed", Explanation: "Names that expressions use are made of letters, digits and _, and do not start with a digit. A hyphen would be read as minus.", Hint: "Use _ in place of -."},
	{Code: "E210", Title: "a name that stands twice", Explanation: "Ids are unique in the whole file, in all branches and loops; ids and paths of triggers, and the entries of a list of names, as well.", Hint: "Rename one of them."},
	{Code: "E211", Title: "a name that is taken", Explanation: "The name of a loop's item may not be that of a function, of a name of the language, or of the item of a loop around it.", Hint: "Take another name."},
	{Code: "E212", Title: "not a duration or time", Explanation: "Durations are written like 500ms, 30s, 5m, 2h, 1d, 1w, in combinations like 1h30m, or as ISO 8601; times as RFC 3339.", Hint: "Give the number a unit."},
	{Code: "E213", Title: "not a valid JSON Schema", Explanation: "Schemas are JSON Schema 2020-12 without references out of the document, at most 64 KiB and 64 levels.", Hint: "Correct the schema at the place that the message names."},
	{Code: "E214", Title: "unknown variable", Explanation: "Variables are declared at the top, with their first value.", Hint: "Declare it under variables, or correct the spelling."},
	{Code: "E215", Title: "a value of the environment that cannot be computed", Explanation: "The expression in an environment failed when it was computed.", Hint: "Correct the expression; it can read secrets.NAME only."},
	{Code: "E216", Title: "a default that does not fit", Explanation: "The default of a parameter must fit the parameter's own schema, and a secret parameter has none.", Hint: "Change the default or the schema."},
	{Code: "E217", Title: "a path that the engine keeps for itself", Explanation: "Paths at /v1, /healthz and /readyz are answered by the engine, so a trigger there is never reached.", Hint: "Take another path."},
	{Code: "E218", Title: "not a schedule", Explanation: "A cron expression has five fields: minute, hour, day of the month, month and weekday; the second in front and the year behind them may be added. A zone is an IANA name such as Europe/Berlin, or a Windows name. An interval is a second at least.", Hint: "Correct the field that the message names."},
	{Code: "E219", Title: "an attribute of two types", Explanation: "Runs are searched by their attributes, so an attribute is a text, a number or a boolean wherever it is tracked.", Hint: "Take another name for one of them, or convert the value."},
	{Code: "E220", Title: "a secret that stands in the file", Explanation: "Whoever can read the file knows it, and so does everyone who sees a copy.", Hint: "Write ${ secrets.NAME }, and give the value where the engine runs."},
	{Code: "E221", Title: "a reference that leads nowhere", Explanation: "A schema may refer to files of the project's folder, relative to the file that it stands in. Nothing is loaded from outside of it, and what a document refers to becomes part of it.", Hint: "Correct the path, or copy the file into the project."},
	{Code: "E222", Title: "unknown limit", Explanation: "The environment has no limit of that name. Limits that connections and workflows share stand in its file, under limits.", Hint: "Correct the spelling, or add the limit to the environment."},
}

// The order of steps.
var flowCodes = [...]Entry{
	{Code: "E301", Title: "unknown step", Explanation: "The step that is named does not exist.", Hint: "Correct the spelling."},
	{Code: "E302", Title: "runAfter names a step of another list", Explanation: "A step can wait for steps of its own list only. A step inside of a block starts when the block does.", Hint: "Wait for the step of this list that the other one is inside of."},
	{Code: "E303", Title: "runAfter inside parallel or race", Explanation: "The steps of parallel and race start all at once; there is no order among them.", Hint: "Put a sequence into a do."},
	{Code: "E304", Title: "steps that wait for each other", Explanation: "None of the steps of the circle can ever start.", Hint: "Take one of them out of runAfter."},
	{Code: "E305", Title: "a step that is never reached", Explanation: "A step before it always fails or ends the run.", Hint: "Remove it, move it up, or put a condition on the step before it."},
	{Code: "E306", Title: "a condition that is never true", Explanation: "A step runs when the one before it succeeded, so a condition that needs its failure is never true.", Hint: "Use runAfter with the statuses to handle, or catch."},
	{Code: "E307", Title: "a step that cannot be rolled back here", Explanation: "rollback names an enclosing step, or one that has ended before.", Hint: "Name such a step."},
	{Code: "E308", Title: "an answer that nobody waits for", Explanation: "respond answers the caller of an http trigger, and there is none that waits.", Hint: "Add an http trigger, or use output."},
	{Code: "E309", Title: "a trigger that waits for an answer in vain", Explanation: "answer: respond makes the caller wait for a respond step, and there is none.", Hint: "Add a respond step, or write answer: accepted."},
	{Code: "E310", Title: "a handler that is never reached", Explanation: "The first handler that matches runs; one without when matches everything.", Hint: "Put the handler without when last."},
	{Code: "E311", Title: "nothing to roll back", Explanation: "No step inside of the one that is named has a compensate.", Hint: "Add compensate to the steps that can be undone.", Warning: true},
}

// Expressions.
var expressionCodes = [...]Entry{
	{Code: "E401", Title: "the expression is not valid", Explanation: "The text cannot be read as an expression.", Hint: "Correct it at the caret."},
	{Code: "E402", Title: "unknown name in an expression", Explanation: "Expressions know input, trigger, params, vars, steps, loops, error, event, run, secrets, index and the items of the loops around them.", Hint: "Correct the spelling."},
	{Code: "E403", Title: "unknown field", Explanation: "The value's type does not have that field.", Hint: "Correct the spelling, or declare the field in the schema that the type comes from."},
	{Code: "E404", Title: "operator and operands do not fit", Explanation: "The operator does not take values of these types.", Hint: "Convert one of them."},
	{Code: "E405", Title: "a constant that the value can never have", Explanation: "The value is one of a fixed set, and the constant is not in it.", Hint: "Take a value of the set."},
	{Code: "E406", Title: "a value that may be absent is used without a check", Explanation: "The value may be null, because the step may not have run or the field may be missing.", Hint: "Use ?. or ??, or check it first."},
	{Code: "E407", Title: "unknown function", Explanation: "There is no function of that name.", Hint: "Correct the spelling."},
	{Code: "E408", Title: "wrong number of arguments", Explanation: "The function takes another number of arguments.", Hint: "See its signature."},
	{Code: "E409", Title: "an argument of the wrong type", Explanation: "The function does not take a value of this type there.", Hint: "Convert it."},
	{Code: "E410", Title: "a condition must be true or false", Explanation: "Nothing but a boolean decides; texts, numbers and null are not taken for true or false.", Hint: "Compare the value with something."},
	{Code: "E411", Title: "a list is needed here", Explanation: "The place goes through a list.", Hint: "Give a list."},
	{Code: "E412", Title: "a name that cannot be read here", Explanation: "The step has certainly not run at this place, is seen elsewhere only, or the name has no value here.", Hint: "Do what the finding's hint says."},
	{Code: "E413", Title: "a secret where it would be recorded", Explanation: "Values of steps are recorded and shown. A secret may stand only where it is sent: in with, in the settings of connections, and in a trigger's auth.", Hint: "Read it where it is sent."},
	{Code: "E414", Title: "not supported in expressions", Explanation: "This part of expr is not part of the language.", Hint: "Write it in another way."},
	{Code: "E415", Title: "an expression that is too large", Explanation: "An expression may have 8,192 characters.", Hint: "Split it over several compose steps."},
	{Code: "E416", Title: "a pattern that is not valid", Explanation: "Regular expressions are those of RE2, at most 512 characters long.", Hint: "Correct the pattern."},
	{Code: "E417", Title: "a name that is already taken", Explanation: "A name declared in an expression may not be one that is known already.", Hint: "Take another name."},
	{Code: "E418", Title: "a constant argument that is not valid", Explanation: "The function cannot do anything with this constant.", Hint: "Correct the constant."},
	{Code: "E419", Title: "${ without its closing }", Explanation: "An expression in a text ends at the brace that matches ${.", Hint: "Close it, or write $${ for the characters themselves."},
	{Code: "E420", Title: "a constant name is needed", Explanation: "params, vars, steps, loops and secrets are read by names that stand in the file.", Hint: "Write the name."},
	{Code: "E421", Title: "an expression at the wrong place", Explanation: "Conditions and other bare places are expressions as they stand; keys and first values of variables are always literal; and the expressions of other languages are text here.", Hint: "Write ${ } only in values, and there as ${ … }."},
	{Code: "E422", Title: "a value that cannot stand in text", Explanation: "In text with ${ } in it, texts, numbers and booleans are written as they are; objects, lists and null have no one way to be written.", Hint: "Use toJSON, or ?? with a text for null."},
	{Code: "E423", Title: "text that reads as an expression", Explanation: "A value is literal unless it holds ${ }, and this one reads as an expression over known names.", Hint: "Write it in ${ } to compute it.", Warning: true},
	{Code: "E424", Title: "a value of the wrong type", Explanation: "The expression gives a value of another type than the place needs.", Hint: "Convert it."},
	{Code: "E425", Title: "a value of which nothing is known", Explanation: "Nothing that is made of the value can be checked before the run. This is said only when it is asked for.", Hint: "Give it a type where it comes from: returns, the input's schema, or the schema of a parameter.", Warning: true},
}

// Calls and connections.
var callCodes = [...]Entry{
	{Code: "E501", Title: "unknown connector or operation", Explanation: "The engine does not have the operation.", Hint: "Correct the spelling; the engine lists its connectors."},
	{Code: "E502", Title: "unknown connection", Explanation: "The connection is not declared in the workflow.", Hint: "Declare it under connections."},
	{Code: "E503", Title: "no connection to call through", Explanation: "The operation needs a connection, and the workflow declares none or several of its connector.", Hint: "Declare one, or name it in the step."},
	{Code: "E504", Title: "a connection that the environment does not bind", Explanation: "The workflow declares the connection, but the environment does not say what it stands for.", Hint: "Add it to the file of the environment."},
	{Code: "E505", Title: "a connection of another connector", Explanation: "The operation and the connection belong to different connectors.", Hint: "Name a connection of the operation's connector."},
	{Code: "E506", Title: "a part of an input is missing", Explanation: "The operation, or the workflow that a trigger starts, needs it.", Hint: "Add it."},
	{Code: "E507", Title: "an unknown part of an input", Explanation: "The operation, or the workflow that a trigger starts, does not take it.", Hint: "Correct the spelling, or remove it."},
	{Code: "E508", Title: "a part of an input has the wrong type or value", Explanation: "The operation, or the workflow that a trigger starts, takes another type, or the value is outside of what it allows.", Hint: "Convert it, or correct the value."},
}

// Environments, and what workflows need of them.
var environmentCodes = [...]Entry{
	{Code: "E601", Title: "a connection that egress closes", Explanation: "The url of the connection leads where the environment's own egress lets no call go, so every call through it would fail.", Hint: "Add the host to egress.allow, or correct the url."},
	{Code: "E602", Title: "settings that the connector does not take", Explanation: "The settings of a connection have the form that its connector gives them.", Hint: "Correct the setting; engine connectors NAME lists what there is."},
	{Code: "E603", Title: "a parameter without a value", Explanation: "The workflow declares a parameter without a default, and the environment does not give it one.", Hint: "Add it under parameters, or give it a default in the workflow."},
	{Code: "E604", Title: "a parameter's value that does not fit", Explanation: "The value that the environment gives does not fit what the workflow declares.", Hint: "Correct the value, or the declaration."},
	{Code: "E605", Title: "a parameter that no workflow has", Explanation: "Nothing reads the value, so what it was meant to change stays as it is.", Hint: "Correct the spelling, or remove it."},
	{Code: "E606", Title: "a connection that no workflow has", Explanation: "Nothing calls through it.", Hint: "Correct the spelling, or remove it.", Warning: true},
	{Code: "E607", Title: "a service that does not exist", Explanation: "An environment may start sample services beside the engine, and settings name one as service://NAME.", Hint: "Correct the name, or add the service."},
}
