package expression

import (
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/zone"
)

// zoneSteps is what looking up a zone weighs.
const zoneSteps = 50

var (
	aTime     = kindsOf(TypeTime)
	zoneParam = param{
		name: "zone", takes: aText, form: zoneForm,
		prepare: func(text string) (any, error) { return zone.Load(text) },
	}
	unitParam = param{name: "unit", takes: aText, form: unitForm}
	patterned = param{
		name: "pattern", takes: aText, form: datePatternForm,
		prepare: func(text string) (any, error) { return parseDatePattern(text) },
	}
)

func optional(p param) param {
	p.optional = true
	return p
}

var dateFunctions = []*function{
	{
		name: "inZone", params: []param{{name: "time", takes: aTime}, zoneParam}, result: timeType, wdl: "convertFromUtc",
		summary:  "The same time as clocks in the zone show it. A zone is an IANA name (Europe/Berlin) or a Windows name.",
		examples: []Example{{`inZone(date("2026-07-01T12:00:00Z"), "Europe/Berlin")`, `"2026-07-01T14:00:00+02:00"`}},
		call: func(ev *evaluation, a []any) (any, error) {
			loc, err := loadZone(ev, a[1])
			if err != nil {
				return nil, err
			}
			return a[0].(time.Time).In(loc), nil
		},
	},
	{
		name: "formatDate", weight: 10, params: []param{{name: "time", takes: aTime}, patterned, optional(zoneParam)}, result: stringType, wdl: "formatDateTime",
		summary: "The time as text by a pattern: yyyy yy, MMMM MMM MM M, dddd ddd dd d, HH H (24 hours), hh h (12 hours) tt (AM or PM), mm m, ss s, f to fffffff (parts of the second), " +
			"zzz (+01:00), K (Z or +01:00); other letters stand in single quotes. With a zone, as clocks there show it.",
		examples: []Example{
			{`formatDate(date("2026-01-31T08:05:00Z"), "yyyy-MM-dd HH:mm:ss")`, `"2026-01-31 08:05:00"`},
			{`formatDate(now(), "dddd, d MMMM yyyy 'at' h:mm tt", "America/New_York")`, `"Saturday, 31 January 2026 at 3:00 AM"`},
		},
		call: func(ev *evaluation, a []any) (any, error) {
			tokens, loc, err := patternAndZone(ev, "formatDate", a[1:])
			if err != nil {
				return nil, err
			}
			t := a[0].(time.Time)
			if loc != nil {
				t = t.In(loc)
			}
			return formatPattern(t, tokens), nil
		},
	},
	{
		name: "parseDate", weight: 10, params: []param{{name: "text", takes: aText}, patterned, optional(zoneParam)}, result: timeType, wdl: "parseDateTime",
		summary:  "The time that a text holds, by a pattern like that of formatDate(). Without an offset in the text it is in the zone, or in UTC.",
		examples: []Example{{`parseDate("31.01.2026 09:00", "dd.MM.yyyy HH:mm", "Europe/Berlin")`, `"2026-01-31T09:00:00+01:00"`}, {`parseDate("Jan 5, 2026", "MMM d, yyyy")`, `"2026-01-05T00:00:00Z"`}},
		call: func(ev *evaluation, a []any) (any, error) {
			tokens, loc, err := patternAndZone(ev, "parseDate", a[1:])
			if err != nil {
				return nil, err
			}
			if loc == nil {
				loc = time.UTC
			}
			t, err := parsePattern(a[0].(string), tokens, loc)
			if err != nil {
				return nil, failf("parseDate(): %s is no time like that: %v", describeKey(a[0]), err)
			}
			return inRange(t)
		},
	},
	{
		name: "addTime", weight: 5, params: []param{{name: "time", takes: aTime}, {name: "count", takes: anInt}, unitParam}, result: timeType, wdl: "addToTime",
		summary: `The time so many units later, or earlier with a negative count, as the calendar of its zone counts them: "year", "quarter", "month", "week", "day", "hour", "minute", "second" or "millisecond". ` +
			"A month after the 31st is the last day of a shorter month.",
		examples: []Example{{`addTime(date("2026-01-31"), 1, "month")`, `"2026-02-28T00:00:00Z"`}, {`addTime(inZone(date("2026-03-28T08:00:00Z"), "Europe/Berlin"), 1, "day")`, `"2026-03-29T09:00:00+02:00"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			unit := a[2].(string)
			if err := unitForm(unit); err != nil {
				return nil, failf("addTime(): %v", err)
			}
			return addUnits(a[0].(time.Time), a[1].(int), unit)
		},
	},
	{
		name: "startOf", weight: 5, params: []param{{name: "time", takes: aTime}, unitParam}, result: timeType, wdl: "startOfDay",
		summary:  "The first moment of the year, quarter, month, week (from Monday on), day, hour, minute or second that the time is in, in its zone.",
		examples: []Example{{`startOf(date("2026-05-20T10:30:00+02:00"), "month")`, `"2026-05-01T00:00:00+02:00"`}, {`startOf(date("2026-05-20"), "week")`, `"2026-05-18T00:00:00Z"`}},
		call: func(_ *evaluation, a []any) (any, error) {
			unit := a[1].(string)
			if err := unitForm(unit); err != nil {
				return nil, failf("startOf(): %v", err)
			}
			return inRange(startOfUnit(a[0].(time.Time), unit))
		},
	},
	{
		name: "dateDiff", weight: 20, params: []param{{name: "from", takes: aTime}, {name: "to", takes: aTime}, unitParam}, result: intType, wdl: "dateDifference",
		summary:  "How many whole units lie between two times, negative when to is the earlier one. The difference itself is to - from.",
		examples: []Example{{`dateDiff(date("2026-01-31"), date("2026-03-01"), "day")`, `29`}, {`dateDiff(date("2000-02-29"), date("2026-02-28"), "year")`, `26`}},
		call: func(_ *evaluation, a []any) (any, error) {
			unit := a[2].(string)
			if err := unitForm(unit); err != nil {
				return nil, failf("dateDiff(): %v", err)
			}
			return unitsBetween(a[0].(time.Time), a[1].(time.Time), unit)
		},
	},
	{
		name: "datePart", params: []param{{name: "time", takes: aTime}, {name: "part", takes: aText, form: partForm}}, result: intType, wdl: "dayOfMonth",
		summary:  `A part of the time in its zone: "year", "quarter", "month", "week" (ISO), "day", "hour", "minute", "second", "millisecond", "dayOfWeek" (0 is Sunday) or "dayOfYear".`,
		examples: []Example{{`datePart(date("2026-05-20"), "dayOfYear")`, `140`}, {`datePart(date("2026-05-20T23:00:00Z"), "hour")`, `23`}},
		call: func(_ *evaluation, a []any) (any, error) {
			if err := partForm(a[1].(string)); err != nil {
				return nil, failf("datePart(): %v", err)
			}
			return datePart(a[0].(time.Time), a[1].(string)), nil
		},
	},
	{
		name: "dayOfWeek", params: []param{{name: "time", takes: aTime}}, result: intType, wdl: "dayOfWeek",
		summary:  "The day of the week in the zone of the time, from 0 for Sunday to 6 for Saturday.",
		examples: []Example{{`dayOfWeek(date("2026-01-31"))`, `6`}},
		call:     func(_ *evaluation, a []any) (any, error) { return int(a[0].(time.Time).Weekday()), nil },
	},
	{
		name: "epoch", params: []param{{name: "time", takes: aTime}, {name: "unit", takes: aText, optional: true, form: epochForm}}, result: intType,
		summary:  `The seconds since 1970 in UTC, or the "millisecond", "microsecond" or "nanosecond".`,
		examples: []Example{{`epoch(date("2026-01-31"))`, `1769817600`}, {`epoch(date("2026-01-31"), "millisecond")`, `1769817600000`}},
		call:     toEpoch,
	},
	{
		name: "fromEpoch", params: []param{{name: "count", takes: anInt}, {name: "unit", takes: aText, optional: true, form: epochForm}}, result: timeType,
		summary:  "The time of so many seconds since 1970, or of other units, in UTC.",
		examples: []Example{{`fromEpoch(1769817600)`, `"2026-01-31T00:00:00Z"`}},
		call:     fromEpoch,
	},
	{
		name: "ticks", params: []param{{name: "time", takes: aTime}}, result: intType, wdl: "ticks",
		summary:  "The count of 100 nanoseconds since the year 1, as .NET counts.",
		examples: []Example{{`ticks(date("2026-01-31"))`, `639054144000000000`}},
		call: func(_ *evaluation, a []any) (any, error) {
			t := a[0].(time.Time)
			if t.Year() < 1 {
				return nil, errYear
			}
			const toUnix = 62135596800
			return int((t.Unix()+toUnix)*1e7 + int64(t.Nanosecond()/100)), nil
		},
	},
	{
		name: "durationIn", params: []param{{name: "duration", takes: kindsOf(TypeDuration)}, {name: "unit", takes: aText, form: lengthForm}}, result: numberType,
		summary:  `The duration as a number of units: "week", "day", "hour", "minute", "second" or "millisecond".`,
		examples: []Example{{`durationIn(duration("90m"), "hour")`, `1.5`}},
		call: func(_ *evaluation, a []any) (any, error) {
			length, ok := lengths[a[1].(string)]
			if !ok {
				return nil, failf("durationIn(): %v", lengthForm(a[1].(string)))
			}
			return float64(a[0].(Duration)) / float64(length), nil
		},
	},
	{
		name: "isoDuration", params: []param{{name: "duration", takes: kindsOf(TypeDuration)}}, result: stringType, wdl: "formatTimeSpan",
		summary:  "The duration as ISO 8601 writes it.",
		examples: []Example{{`isoDuration(duration("1d12h500ms"))`, `"P1DT12H0.5S"`}, {`isoDuration(duration("0s"))`, `"PT0S"`}},
		call:     func(_ *evaluation, a []any) (any, error) { return isoDuration(time.Duration(a[0].(Duration))), nil },
	},
}

// loadZone returns a zone by its name, or as it was prepared.
func loadZone(ev *evaluation, x any) (*time.Location, error) {
	if p, ok := x.(prepared); ok {
		return p.value.(*time.Location), nil
	}
	name := x.(string)
	if err := ev.charge(zoneSteps); err != nil {
		return nil, err
	}
	loc, err := zone.Load(name)
	if err != nil {
		return nil, failf("%v", err)
	}
	return loc, nil
}

// patternAndZone reads a pattern and a zone, which may be left out.
func patternAndZone(ev *evaluation, fn string, a []any) ([]dateToken, *time.Location, error) {
	tokens, err := datePatternOf(ev, a[0])
	if err != nil {
		return nil, nil, asFailure(fn, err)
	}
	if len(a) < 2 {
		return tokens, nil, nil
	}
	loc, err := loadZone(ev, a[1])
	return tokens, loc, err
}

// datePatternOf returns the tokens of a pattern, or those that were prepared.
func datePatternOf(ev *evaluation, x any) ([]dateToken, error) {
	if p, ok := x.(prepared); ok {
		return p.value.([]dateToken), nil
	}
	if err := ev.charge(patternSteps); err != nil {
		return nil, err
	}
	return parseDatePattern(x.(string))
}

// patternSteps is what reading a pattern of dates weighs.
const patternSteps = 20

var dateParts = []string{"year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "dayOfWeek", "dayOfYear"}

func datePart(t time.Time, part string) int {
	switch part {
	case "year":
		return t.Year()
	case "quarter":
		return (int(t.Month())-1)/3 + 1
	case "month":
		return int(t.Month())
	case "week":
		_, week := t.ISOWeek()
		return week
	case "day":
		return t.Day()
	case "hour":
		return t.Hour()
	case "minute":
		return t.Minute()
	case "second":
		return t.Second()
	case "millisecond":
		return t.Nanosecond() / int(time.Millisecond)
	case "dayOfWeek":
		return int(t.Weekday())
	default:
		return t.YearDay()
	}
}

var (
	partForm    = oneOf("a part", dateParts)
	epochUnits  = []string{"second", "millisecond", "microsecond", "nanosecond"}
	epochForm   = oneOf("a unit", epochUnits)
	lengthUnits = []string{"week", "day", "hour", "minute", "second", "millisecond"}
	lengthForm  = oneOf("a unit", lengthUnits)
)

// lengths are the units of durations.
var lengths = map[string]time.Duration{
	"week": week, "day": day, "hour": time.Hour, "minute": time.Minute, "second": time.Second, "millisecond": time.Millisecond,
}

// perSecond are the units of epoch().
var perSecond = map[string]int64{"second": 1, "millisecond": 1e3, "microsecond": 1e6, "nanosecond": 1e9}

func epochUnit(fn string, a []any) (int64, error) {
	if len(a) < 2 {
		return 1, nil
	}
	per, ok := perSecond[a[1].(string)]
	if !ok {
		return 0, failf("%s(): %v", fn, epochForm(a[1].(string)))
	}
	return per, nil
}

func toEpoch(_ *evaluation, a []any) (any, error) {
	per, err := epochUnit("epoch", a)
	if err != nil {
		return nil, err
	}
	t := a[0].(time.Time)
	count := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(per))
	count.Add(count, big.NewInt(int64(t.Nanosecond())*per/1e9))
	if !count.IsInt64() {
		return nil, errOverflow
	}
	return int(count.Int64()), nil
}

func fromEpoch(_ *evaluation, a []any) (any, error) {
	per, err := epochUnit("fromEpoch", a)
	if err != nil {
		return nil, err
	}
	n := int64(a[0].(int))
	seconds, rest := n/per, n%per
	if seconds > math.MaxInt32*200 || seconds < -math.MaxInt32*200 {
		return nil, errYear
	}
	return inRange(time.Unix(seconds, rest*(1e9/per)).UTC())
}

func isoDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	var b strings.Builder
	rest := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		rest = -rest
	}
	b.WriteByte('P')
	if days := rest / uint64(day); days > 0 {
		b.WriteString(formatCount(days) + "D")
	}
	rest %= uint64(day)
	if rest > 0 {
		b.WriteByte('T')
	}
	for _, u := range []struct {
		size uint64
		name string
	}{{uint64(time.Hour), "H"}, {uint64(time.Minute), "M"}} {
		if n := rest / u.size; n > 0 {
			b.WriteString(formatCount(n) + u.name)
			rest %= u.size
		}
	}
	if rest > 0 {
		seconds, _ := bounded(new(big.Int).SetUint64(rest), 9)
		text := seconds.String()
		b.WriteString(strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "S")
	}
	return b.String()
}
