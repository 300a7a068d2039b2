package wdlexpr

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/zone"
)

var (
	paramTime   = param{name: "timestamp", takes: kindString}
	paramFormat = param{name: "format", takes: kindString | kindNull, optional: true}
	paramCount  = param{name: "n", takes: kindInt}
	paramUnit   = param{name: "unit", takes: kindString}
)

// timeFunctions work on timestamps, which are texts.
var timeFunctions = []*function{
	addFunction("addDays", "day", Example{"@addDays('2018-03-15T00:00:00Z', 10)", `"2018-03-25T00:00:00.0000000Z"`}),
	addFunction("addHours", "hour", Example{"@addHours('2018-03-15', -1, 'yyyy-MM-dd HH:mm')", `"2018-03-14 23:00"`}),
	addFunction("addMinutes", "minute", Example{"@addMinutes('2018-03-15T00:10:00Z', 10)", `"2018-03-15T00:20:00.0000000Z"`}),
	addFunction("addSeconds", "second", Example{"@addSeconds('2018-03-15T00:00:00Z', 10)", `"2018-03-15T00:00:10.0000000Z"`}),
	shiftFunction("addToTime", "A time that many units later: Second, Minute, Hour, Day, Week, Month or Year.", 1, Example{"@addToTime('2018-01-31T00:00:00Z', 1, 'Month')", `"2018-02-28T00:00:00.0000000Z"`}),
	shiftFunction("subtractFromTime", "A time that many units earlier.", -1, Example{"@subtractFromTime('2018-01-02T00:00:00Z', 1, 'Day')", `"2018-01-01T00:00:00.0000000Z"`}),
	nowFunction("getFutureTime", "The time that many units from now.", 1, Example{"@getFutureTime(1, 'Month', 'yyyy-MM-dd')", `"2026-02-28"`}),
	nowFunction("getPastTime", "The time that many units ago.", -1, Example{"@getPastTime(5, 'Day', 'D')", `"Monday, January 26, 2026"`}),
	{
		name: "utcNow", params: []param{paramFormat}, result: "string",
		summary:  "The time now, in UTC.",
		examples: []Example{{"@utcNow()", `"2026-01-31T08:09:10.1234567Z"`}, {"@utcNow('yyyy-MM-dd')", `"2026-01-31"`}},
		call: func(m *machine, a []Value) (Value, error) {
			return m.show(dateOf(m.env.Now(), true), a, 0)
		},
	},
	{
		name: "convertFromUtc", params: []param{paramTime, {name: "zone", takes: kindString}, paramFormat}, result: "string",
		summary:  "What the clocks of a zone show at a time in UTC. Zones have their Windows names or those of the IANA.",
		examples: []Example{{"@convertFromUtc('2018-01-01T08:00:00Z', 'Pacific Standard Time')", `"2018-01-01T00:00:00.0000000"`}},
		call:     func(m *machine, a []Value) (Value, error) { return m.convert(a, "UTC", a[1].(string), 1) },
	},
	{
		name: "convertToUtc", params: []param{paramTime, {name: "zone", takes: kindString}, paramFormat}, result: "string",
		summary:  "The time in UTC at which the clocks of a zone show a time.",
		examples: []Example{{"@convertToUtc('2018-01-01T00:00:00', 'Pacific Standard Time')", `"2018-01-01T08:00:00.0000000Z"`}},
		call:     func(m *machine, a []Value) (Value, error) { return m.convert(a, a[1].(string), "UTC", 1) },
	},
	{
		name: "convertTimeZone", params: []param{paramTime, {name: "from", takes: kindString}, {name: "to", takes: kindString}, paramFormat}, result: "string",
		summary:  "What the clocks of a zone show when those of another show a time.",
		examples: []Example{{"@convertTimeZone('2018-07-01T08:00:00', 'UTC', 'W. Europe Standard Time', 'HH:mm')", `"10:00"`}},
		call:     func(m *machine, a []Value) (Value, error) { return m.convert(a, a[1].(string), a[2].(string), 2) },
	},
	{
		name: "dateDifference", params: []param{{name: "start", takes: kindString}, {name: "end", takes: kindString}}, result: "string",
		summary:  "The span between two times, as days.hours:minutes:seconds.",
		examples: []Example{{"@dateDifference('2015-02-08', '2018-07-30')", `"1268.00:00:00"`}, {"@dateDifference('2018-01-01T01:00:00Z', '2018-01-01T00:30:00Z')", `"-00:30:00"`}},
		call: func(m *machine, a []Value) (Value, error) {
			start, err := m.timestamp(a, 0)
			if err != nil {
				return nil, err
			}
			end, err := m.timestamp(a, 1)
			return timeSpanText(end.ticks - start.ticks), err
		},
	},
	partFunction("dayOfMonth", "The day of the month.", Example{"@dayOfMonth('2018-03-15T13:27:36Z')", "15"}, func(d dateTime) int64 { return int64(d.time().Day()) }),
	partFunction("dayOfWeek", "The day of the week, 0 for Sunday.", Example{"@dayOfWeek('2018-03-15T13:27:36Z')", "4"}, func(d dateTime) int64 { return int64(d.time().Weekday()) }),
	partFunction("dayOfYear", "The day of the year.", Example{"@dayOfYear('2018-03-15T13:27:36Z')", "74"}, func(d dateTime) int64 { return int64(d.time().YearDay()) }),
	partFunction("ticks", "The 100 nanoseconds since the start of the year 1.", Example{"@ticks('2018-01-01T00:00:00Z')", "636503616000000000"}, func(d dateTime) int64 { return d.ticks }),
	startFunction("startOfDay", "The start of the day.", Example{"@startOfDay('2018-03-15T13:30:30Z')", `"2018-03-15T00:00:00.0000000Z"`}, func(d dateTime) dateTime {
		return dateTime{d.ticks - d.ticks%ticksPerDay, d.utc}
	}),
	startFunction("startOfHour", "The start of the hour.", Example{"@startOfHour('2018-03-15T13:30:30Z')", `"2018-03-15T13:00:00.0000000Z"`}, func(d dateTime) dateTime {
		return dateTime{d.ticks - d.ticks%(3600*ticksPerSecond), d.utc}
	}),
	startFunction("startOfMonth", "The start of the month.", Example{"@startOfMonth('2018-03-15T13:30:30Z')", `"2018-03-01T00:00:00.0000000Z"`}, func(d dateTime) dateTime {
		return dateTime{d.ticks - d.ticks%ticksPerDay - int64(d.time().Day()-1)*ticksPerDay, d.utc}
	}),
	{
		name: "formatDateTime", params: []param{paramTime, paramFormat, {name: "locale", takes: kindString | kindNull, optional: true}}, result: "string",
		summary:  "A time by a format of .NET: a letter such as d or o, or a pattern such as yyyy-MM-dd HH:mm:ss.",
		examples: []Example{{"@formatDateTime('03/15/2018 12:00:00', 'yyyy-MM-ddTHH:mm:ss')", `"2018-03-15T12:00:00"`}, {"@formatDateTime('2018-03-15', 'dddd d MMMM', 'fr-FR')", `"jeudi 15 mars"`}},
		call:     callFormatDateTime,
	},
	{
		name: "parseDateTime", params: []param{{name: "text", takes: kindString}, {name: "locale", takes: kindString | kindNull, optional: true}, paramFormat}, result: "string",
		summary:  "The timestamp of a time that is written as a culture writes it, or by a format.",
		examples: []Example{{"@parseDateTime('20/10/2014', 'fr-FR')", `"2014-10-20T00:00:00.0000000"`}, {"@parseDateTime('21052019', 'fr-FR', 'ddMMyyyy')", `"2019-05-21T00:00:00.0000000"`}},
		call:     callParseDateTime,
	},
	{
		name: "formatTimeSpan", params: []param{{name: "span", takes: kindString}, {name: "format", takes: kindString}, {name: "locale", takes: kindString | kindNull, optional: true}}, result: "string",
		summary:  "A span of time by a format of .NET: c, g, G, or a pattern such as hh\\:mm.",
		examples: []Example{{`@formatTimeSpan('1.02:03:04', 'd\.hh\:mm')`, `"1.02:03"`}},
		call: func(_ *machine, a []Value) (Value, error) {
			c, err := localeArg(a, 2, english)
			if err != nil {
				return nil, err
			}
			ticks, err := parseTimeSpan(a[0].(string))
			if err != nil {
				return nil, wantsf(1, "be a time span: %v", err)
			}
			return boxed(c.formatTimeSpan(ticks, a[1].(string)))
		},
	},
	{
		name: "guid", params: []param{paramFormat}, result: "string",
		summary:  "A UUID that no other call and no other step has. It derives from the run, the step and the expression. Formats: D, N, B, P, X.",
		examples: []Example{{"@length(guid())", "36"}, {"@equals(guid(), guid())", "false"}},
		call:     callGUID,
	},
}

// timestamp reads the argument at place i.
func (m *machine) timestamp(a []Value, i int) (dateTime, error) {
	d, err := english.parseDate(a[i].(string), m.env.Now())
	if err != nil {
		return dateTime{}, wantsf(i+1, "be a timestamp such as 2018-03-15T13:27:36Z, got %s: %v", quote(a[i].(string)), err)
	}
	return d, nil
}

// show writes a time by the format that is argument i.
func (m *machine) show(d dateTime, a []Value, i int) (Value, error) {
	format := "o"
	if i < len(a) && a[i] != nil {
		format = a[i].(string)
	}
	text, err := english.formatDate(d, format)
	if err != nil {
		return nil, wantsf(i+1, "be a format, got %s: %v", quote(format), err)
	}
	return text, nil
}

func addFunction(name, unit string, example Example) *function {
	return &function{
		name: name, params: []param{paramTime, paramCount, paramFormat}, result: "string",
		summary: "A time that many " + unit + "s later.", examples: []Example{example},
		call: func(m *machine, a []Value) (Value, error) { return m.shift(a, a[1].(int64), unit, 2) },
	}
}

func shiftFunction(name, summary string, sign int64, example Example) *function {
	return &function{
		name: name, params: []param{paramTime, paramCount, paramUnit, paramFormat}, result: "string", summary: summary, examples: []Example{example},
		call: func(m *machine, a []Value) (Value, error) { return m.shift(a, sign*a[1].(int64), a[2].(string), 3) },
	}
}

// shift adds units to the first argument; the format is argument i.
func (m *machine) shift(a []Value, n int64, unit string, i int) (Value, error) {
	d, err := m.timestamp(a, 0)
	if err != nil {
		return nil, err
	}
	if d, err = d.addUnits(n, unit); err != nil {
		return nil, err
	}
	return m.show(d, a, i)
}

func nowFunction(name, summary string, sign int64, example Example) *function {
	return &function{
		name: name, params: []param{paramCount, paramUnit, paramFormat}, result: "string", summary: summary, examples: []Example{example},
		call: func(m *machine, a []Value) (Value, error) {
			d, err := dateOf(m.env.Now(), true).addUnits(sign*a[0].(int64), a[1].(string))
			if err != nil {
				return nil, err
			}
			return m.show(d, a, 2)
		},
	}
}

func partFunction(name, summary string, example Example, part func(dateTime) int64) *function {
	return &function{
		name: name, params: []param{paramTime}, result: "integer", summary: summary, examples: []Example{example},
		call: func(m *machine, a []Value) (Value, error) {
			d, err := m.timestamp(a, 0)
			if err != nil {
				return nil, err
			}
			return part(d), nil
		},
	}
}

func startFunction(name, summary string, example Example, start func(dateTime) dateTime) *function {
	return &function{
		name: name, params: []param{paramTime, paramFormat}, result: "string", summary: summary, examples: []Example{example},
		call: func(m *machine, a []Value) (Value, error) {
			d, err := m.timestamp(a, 0)
			if err != nil {
				return nil, err
			}
			return m.show(start(d), a, 1)
		},
	}
}

// convert takes the first argument from one zone to another. The last zone is
// argument i, the format stands behind it.
func (m *machine) convert(a []Value, from, to string, i int) (Value, error) {
	d, err := m.timestamp(a, 0)
	if err != nil {
		return nil, err
	}
	source, err := zoneOf(from)
	if err != nil {
		return nil, wantsf(2, "be a time zone: %v", err)
	}
	target, err := zoneOf(to)
	if err != nil {
		return nil, wantsf(i+1, "be a time zone: %v", err)
	}
	if d, err = d.fromZone(source); err != nil {
		return nil, wantsf(1, "be a time that exists: %v", err)
	}
	if d, err = d.inZone(target); err != nil {
		return nil, err
	}
	return m.show(d, a, i+1)
}

// zoneOf finds a zone by its name; case and punctuation do not count.
func zoneOf(name string) (*time.Location, error) {
	loc, err := zone.Load(name)
	if err == nil {
		return loc, nil
	}
	if len(name) < 64 {
		plain := plainName(name)
		if plain == "coordinateduniversaltime" || plain == "utc" || plain == "gmt" {
			return time.UTC, nil
		}
		for _, known := range zone.Windows() {
			if plainName(known) == plain {
				return zone.Load(known)
			}
		}
	}
	return nil, err
}

// plainName is a name without case and punctuation.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '.', '(', ')', ',', '\'':
			return -1
		}
		return lower(r)
	}, name)
}

func callFormatDateTime(m *machine, a []Value) (Value, error) {
	c, err := localeArg(a, 2, english)
	if err != nil {
		return nil, err
	}
	d, err := m.timestamp(a, 0)
	if err != nil {
		return nil, err
	}
	format := "o"
	if len(a) > 1 && a[1] != nil {
		format = a[1].(string)
	}
	text, err := c.formatDate(d, format)
	if err != nil {
		return nil, wantsf(2, "be a format, got %s: %v", quote(format), err)
	}
	return text, nil
}

func callParseDateTime(m *machine, a []Value) (Value, error) {
	c, err := localeArg(a, 1, english)
	if err != nil {
		return nil, err
	}
	text := a[0].(string)
	var d dateTime
	if len(a) > 2 && a[2] != nil {
		d, err = c.parseExact(text, a[2].(string), m.env.Now())
	} else {
		d, err = c.parseDate(text, m.env.Now())
	}
	if err != nil {
		return nil, wantsf(1, "be a date as %s writes it, got %s: %v", c.label(), quote(text), err)
	}
	return boxed(invariant.formatDate(d, "o"))
}

// label is the name of a culture for messages.
func (c *culture) label() string {
	if c.name == "" {
		return "the invariant culture"
	}
	return c.name
}

var errGUIDFormat = errors.New("the format is one of D, N, B, P and X")

func callGUID(m *machine, a []Value) (Value, error) {
	digest := m.digest("guid")
	id := digest[:16]
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	plain := hex.EncodeToString(id)
	dashed := plain[:8] + "-" + plain[8:12] + "-" + plain[12:16] + "-" + plain[16:20] + "-" + plain[20:]
	format := "D"
	if len(a) > 0 && a[0] != nil {
		format = strings.ToUpper(a[0].(string))
	}
	switch format {
	case "", "D":
		return dashed, nil
	case "N":
		return plain, nil
	case "B":
		return "{" + dashed + "}", nil
	case "P":
		return "(" + dashed + ")", nil
	case "X":
		text := fmt.Sprintf("{0x%s,0x%s,0x%s,{", plain[:8], plain[8:12], plain[12:16])
		for i := 8; i < 16; i++ {
			text += fmt.Sprintf("0x%02x,", id[i])
		}
		return strings.TrimSuffix(text, ",") + "}}", nil
	}
	return nil, errGUIDFormat
}
