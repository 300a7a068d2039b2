package expression

import (
	"crypto/sha1" //nolint:gosec // UUIDs of version 5 are defined by it; nothing is protected by it
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

var timeFunctions = []*function{
	{
		name: "now", result: timeType, wdl: "utcNow",
		summary:  "The time of the fact that is being handled, in UTC. It is recorded with the result and never taken again.",
		examples: []Example{{`now()`, `"2026-01-31T08:00:00Z"`}},
		call: func(ev *evaluation, _ []any) (any, error) {
			return ev.env.Now().Round(0).UTC(), nil
		},
	},
	{
		name: "date", params: []param{{name: "value", takes: kindsOf(TypeString, TypeTime), form: timeForm}, optional(zoneParam)}, result: timeType,
		summary: "The time that a text in RFC 3339 holds. A date alone is its first moment; without an offset the text is in the zone, or in UTC. " +
			"A time of day that clocks skip is as much later as they skip; one that they show twice is the first of both.",
		examples: []Example{
			{`date("2026-01-31T09:00:00+01:00")`, `"2026-01-31T09:00:00+01:00"`},
			{`date("2026-01-31") + duration("1d")`, `"2026-02-01T00:00:00Z"`},
			{`date("2026-07-01 09:00:00", "Europe/Berlin")`, `"2026-07-01T09:00:00+02:00"`},
		},
		call: toDate,
	},
	{
		name: "duration", params: []param{{name: "value", takes: kindsOf(TypeString, TypeDuration), form: durationForm}}, result: durationType,
		summary:  "The duration that a text holds: 500ms, 30s, 5m, 2h, 1d, 1w, combinations, or ISO 8601. It prints as 36h.",
		examples: []Example{{`duration("1d12h")`, `"36h"`}, {`duration("PT90M") > duration("1h")`, `true`}},
		call: func(_ *evaluation, a []any) (any, error) {
			text, ok := a[0].(string)
			if !ok {
				return a[0], nil
			}
			d, err := ParseDuration(text)
			if err != nil {
				return nil, failf("duration(): %v", err)
			}
			return Duration(d), nil
		},
	},
	{
		name: "uuid", weight: 10, result: stringType, wdl: "guid",
		summary: "A UUID that no other step and no other call in the step has. It derives from run and step.",
		call: func(ev *evaluation, _ []any) (any, error) {
			return ev.uuid(), nil
		},
	},
	{
		name: "random", weight: 10, params: []param{{name: "below", takes: anInt, optional: true}}, result: numberType, wdl: "rand",
		resultOf: func(args []*Type) *Type {
			if len(args) == 1 {
				return intType
			}
			return numberType
		},
		summary: "A number from 0 up to but not including 1, or an integer from 0 up to but not including below. It derives from run and step.",
		call: func(ev *evaluation, a []any) (any, error) {
			digest := sha256.Sum256([]byte(ev.nextSeed("random")))
			bits := binary.BigEndian.Uint64(digest[:])
			if len(a) == 0 {
				return float64(bits>>11) / (1 << 53), nil
			}
			below := a[0].(int)
			if below < 1 {
				return nil, failf("random() needs a bound of 1 or more, got %d", below)
			}
			return int(bits % uint64(below)), nil
		},
	},
}

// ParseTime reads RFC 3339, a date, or a date and a time of day without zone,
// which is taken as UTC.
func ParseTime(s string) (time.Time, error) {
	t, _, err := parseTime(s)
	return t, err
}

// parseTime is ParseTime and tells whether the text has an offset.
func parseTime(s string) (t time.Time, hasOffset bool, err error) {
	// In UTC, so that the zone of the machine never shows.
	if t, err := time.ParseInLocation(time.RFC3339Nano, s, time.UTC); err == nil {
		return t, true, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
		if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
			return t, false, nil
		}
	}
	return time.Time{}, false, fmt.Errorf("%q is no time: write it like 2026-01-31T08:00:00Z or 2026-01-31", shorten(s))
}

func toDate(ev *evaluation, a []any) (any, error) {
	t, isTime := a[0].(time.Time)
	hasOffset := isTime
	if text, ok := a[0].(string); ok {
		var err error
		if t, hasOffset, err = parseTime(text); err != nil {
			return nil, failf("date(): %v", err)
		}
	}
	if len(a) < 2 {
		return t, nil
	}
	loc, err := loadZone(ev, a[1])
	if err != nil {
		return nil, err
	}
	if hasOffset {
		return t.In(loc), nil
	}
	return wallOf(t).in(loc), nil
}

// nextSeed returns a text that is different for each call in the evaluation
// and each program, and the same when the evaluation is made again.
func (ev *evaluation) nextSeed(purpose string) string {
	ev.calls++
	digest := sha256.Sum256([]byte(ev.program.place + "\x00" + ev.program.source))
	return purpose + "/" + strconv.Itoa(ev.calls) + "/" + hex.EncodeToString(digest[:8]) + "/" + ev.env.Seed()
}

// uuidSpace is the name space of our UUIDs.
const uuidSpace = "keelstep.uuid:"

// uuid returns a UUID of version 5.
func (ev *evaluation) uuid() string {
	digest := sha1.Sum([]byte(uuidSpace + ev.nextSeed("uuid"))) //nolint:gosec // see the import
	id := digest[:16]
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
