package expression

import "strings"

// Counterpart is a function of Azure Logic Apps and what is written here in
// its place.
type Counterpart struct {
	Name string // as Logic Apps spells it; it does not tell upper from lower case there
	Here string
}

// Counterparts returns the functions of Logic Apps' expressions, by group and
// in the order of the group, each with what is written here.
func Counterparts() []Counterpart { return append([]Counterpart(nil), counterparts...) }

var counterparts = []Counterpart{
	// Text.
	{"concat", `a + b, or text with ${ } in it; concat() joins lists`},
	{"length", "len(x)"},
	{"endsWith", "a endsWith b"},
	{"startsWith", "a startsWith b"},
	{"formatNumber", "formatNumber(number, digits)"},
	{"guid", "uuid()"},
	{"indexOf", "indexOf(text, part)"},
	{"lastIndexOf", "lastIndexOf(text, part)"},
	{"nthIndexOf", "split(text, part) and the lengths of its parts"},
	{"isFloat", "isFloat(text)"},
	{"isInt", "isInt(text)"},
	{"replace", "replace(text, old, new)"},
	{"slice", "text[from:to]"},
	{"split", "split(text, separator)"},
	{"substring", "substring(text, from, length), or text[from:to]"},
	{"toLower", "lower(text)"},
	{"toUpper", "upper(text)"},
	{"trim", "trim(text)"},
	{"trimByteOrderMark", `trimPrefix(text, "\uFEFF")`},
	{"encodeXmlValue", "htmlEscape(text)"},
	{"decodeXmlValue", "htmlUnescape(text)"},
	{"encodeXmlName", `replace(name, " ", "_x0020_")`},
	{"decodeXmlName", `replace(name, "_x0020_", " ")`},
	{"utf8Length", "len(hex(text)) / 2"},
	{"utf16Length", "len(text), which counts characters"},
	// Collections.
	{"chunk", "chunk(list, size)"},
	{"contains", "text contains part, or element in list, or \"name\" in object"},
	{"empty", "empty(x)"},
	{"first", "first(list)"},
	{"last", "last(list)"},
	{"intersection", "intersection(a, b)"},
	{"union", "union(a, b), and merge(a, b) of objects"},
	{"join", "join(list, separator)"},
	{"reverse", "reverse(list)"},
	{"skip", "skip(list, count)"},
	{"take", "take(list, count)"},
	{"sort", "sort(list), or sortBy(list, .member)"},
	{"item", "the name that foreach gives the item with as, or # in filter() and map()"},
	{"items", "the name that foreach gives the item with as, or loops.NAME.item"},
	{"iterationIndexes", "loops.NAME.index"},
	// Logic.
	{"and", "a and b"},
	{"or", "a or b"},
	{"not", "not a"},
	{"if", "condition ? a : b"},
	{"equals", "a == b"},
	{"greater", "a > b"},
	{"greaterOrEquals", "a >= b"},
	{"less", "a < b"},
	{"lessOrEquals", "a <= b"},
	// Conversion.
	{"array", "[x]"},
	{"createArray", "[a, b]"},
	{"base64", "base64(text)"},
	{"base64ToBinary", "the text in base64 as it is"},
	{"base64ToString", "base64Decode(text)"},
	{"decodeBase64", "base64Decode(text)"},
	{"binary", "base64(text)"},
	{"bool", `x == "true", or x != 0`},
	{"dataUri", `"data:text/plain;base64," + base64(text)`},
	{"dataUriToBinary", `split(uri, ",")[1]`},
	{"dataUriToString", `base64Decode(split(uri, ",")[1])`},
	{"decodeDataUri", `base64Decode(split(uri, ",")[1])`},
	{"decimal", "decimal(x)"},
	{"float", "float(text)"},
	{"int", "int(text)"},
	{"json", "fromJSON(text)"},
	{"string", "string(x)"},
	{"uriComponent", "urlEncode(text)"},
	{"encodeUriComponent", "urlEncode(text)"},
	{"uriComponentToString", "urlDecode(text)"},
	{"decodeUriComponent", "urlDecode(text)"},
	{"uriComponentToBinary", "base64(urlDecode(text))"},
	{"xml", "the XML as a text; there are no XML values"},
	{"xpath", "extract(text, pattern), or an action that reads XML"},
	// Numbers.
	{"add", "a + b"},
	{"sub", "a - b"},
	{"mul", "a * b"},
	{"div", `a / b, or int(divide(a, b, 0, "down")) for a whole number`},
	{"mod", "a % b"},
	{"max", "max(a, b), or max(list)"},
	{"min", "min(a, b), or min(list)"},
	{"rand", "from + random(to - from)"},
	{"range", "from..to"},
	// Times.
	{"addDays", `addTime(time, count, "day")`},
	{"addHours", `addTime(time, count, "hour")`},
	{"addMinutes", `addTime(time, count, "minute")`},
	{"addSeconds", `addTime(time, count, "second")`},
	{"addToTime", "addTime(time, count, unit)"},
	{"subtractFromTime", "addTime(time, -count, unit)"},
	{"convertFromUtc", "inZone(time, zone)"},
	{"convertTimeZone", "inZone(date(text, zone), other)"},
	{"convertToUtc", `inZone(date(text, zone), "UTC")`},
	{"dateDifference", "to - from, or dateDiff(from, to, unit)"},
	{"dayOfMonth", `datePart(time, "day")`},
	{"dayOfWeek", "dayOfWeek(time)"},
	{"dayOfYear", `datePart(time, "dayOfYear")`},
	{"formatDateTime", "formatDate(time, pattern)"},
	{"formatTimeSpan", "string(duration), or isoDuration(duration)"},
	{"getFutureTime", "addTime(now(), count, unit)"},
	{"getPastTime", "addTime(now(), -count, unit)"},
	{"parseDateTime", "parseDate(text, pattern), or date(text)"},
	{"startOfDay", `startOf(time, "day")`},
	{"startOfHour", `startOf(time, "hour")`},
	{"startOfMonth", `startOf(time, "month")`},
	{"ticks", "ticks(time)"},
	{"utcNow", "now(), or formatDate(now(), pattern)"},
	// The workflow.
	{"parameters", "params.NAME"},
	{"variables", "vars.NAME"},
	{"actions", "steps.NAME"},
	{"action", "steps.NAME"},
	{"outputs", "steps.NAME.output"},
	{"body", "steps.NAME.output.body, or steps.NAME.output"},
	{"trigger", "trigger"},
	{"triggerOutputs", "trigger"},
	{"triggerBody", "trigger.body, or input"},
	{"result", "steps.NAME.output of each step inside"},
	{"formDataValue", "the member of steps.NAME.output.body"},
	{"formDataMultiValues", "the member of steps.NAME.output.body"},
	{"triggerFormDataValue", "the member of trigger.body"},
	{"triggerFormDataMultiValues", "the member of trigger.body"},
	{"multipartBody", "the member of steps.NAME.output.body"},
	{"triggerMultipartBody", "the member of trigger.body"},
	{"listCallbackUrl", "await with a signal, or task.link in an approval"},
	{"workflow", "run.workflow and run.id"},
	{"appsetting", "params.NAME"},
	{"agentParameters", "params.NAME"},
	// URIs and objects.
	{"uriHost", "parseUrl(text).host"},
	{"uriPath", "parseUrl(text).path"},
	{"uriPathAndQuery", "parseUrl(text).path and its query"},
	{"uriPort", "parseUrl(text).port"},
	{"uriQuery", "parseUrl(text).query"},
	{"uriScheme", "parseUrl(text).scheme"},
	{"addProperty", "put(object, name, value)"},
	{"setProperty", "put(object, name, value)"},
	{"removeProperty", "omit(object, [name])"},
	{"mergeObjects", "merge(a, b)"},
	{"coalesce", "a ?? b"},
}

// byWDL finds counterparts by the lower-case name.
var byWDL = func() map[string]string {
	table := make(map[string]string, len(counterparts))
	for _, c := range counterparts {
		table[strings.ToLower(c.Name)] = c.Here
	}
	return table
}()

// neighbours are names that functions have in other languages.
var neighbours = map[string]string{
	"size": "len(x)", "count_by": "groupBy(list, .member)", "frombase64": "base64Decode(text)", "tobase64": "base64(text)",
	"substr": "text[from:to]", "uppercase": "upper(text)", "lowercase": "lower(text)", "capitalize": "title(text)", "titlecase": "title(text)",
	"stringify": "toJSON(x)", "parse": "fromJSON(text)", "tojsonstring": "toJSON(x)", "str": "string(x)", "number": "float(text)",
	"success": "steps.NAME.status, or runAfter", "failure": "steps.NAME.status, or catch", "always": "finally",
	"format": "text with ${ } in it", "unique": "uniq(list)", "distinct": "uniq(list)", "average": "mean(list)", "avg": "mean(list)",
	"timezone": "inZone(time, zone)", "matches": "text matches pattern", "lpad": "padStart(text, width)", "rpad": "padEnd(text, width)",
	"endof": `addTime(startOf(time, unit), 1, unit)`, "hashfiles": "sha256(text)", "md5sum": "md5(text)", "trunc": "int(x)", "in": "element in list",
	"map_values": "fromPairs(map(toPairs(object), ...))", "tostring": "string(x)", "toint": "int(text)", "tofloat": "float(text)", "isempty": "empty(x)",
	"except": "difference(a, b)", "minus": "difference(a, b)", "escapehtml": "htmlEscape(text)", "urlencode": "urlEncode(text)", "urldecode": "urlDecode(text)",
}

// useInstead returns what is written in the place of a function that is known
// elsewhere, empty when it is known nowhere.
func useInstead(name string) string {
	lower := strings.ToLower(name)
	if here, ok := byWDL[lower]; ok {
		return here
	}
	return neighbours[lower]
}
