package schedule_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/schedule"
)

// zones is one of each kind: usual changes, half an hour, a change in the
// southern summer, around Ramadan, a day that was skipped, none at all, a
// quarter of an hour, a change at midnight, one that was given up.
var zones = []string{
	"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia",
	"UTC", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Chatham",
}

// model walks through the minutes of real time and says at which of them a
// cron fires, by the rules as an author reads them. It knows lists, ranges and
// steps of numbers only.
type model struct {
	minute, hour, day, month, weekday map[int]bool
	both                              bool // both day fields are restricted
	everyHour                         bool
}

func newModel(cron string) model {
	f := strings.Fields(cron)
	m := model{
		minute: expand(f[0], 0, 59), hour: expand(f[1], 0, 23), day: expand(f[2], 1, 31), month: expand(f[3], 1, 12),
		weekday: expand(f[4], 0, 6), both: f[2][0] != '*' && f[4][0] != '*',
	}
	m.everyHour = len(m.hour) == 24
	return m
}

// expand lists the numbers of a field.
func expand(field string, low, high int) map[int]bool {
	set := map[int]bool{}
	for part := range strings.SplitSeq(field, ",") {
		base, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(base, "-")
		a, b, by := low, high, 1
		if from != "*" {
			a, _ = strconv.Atoi(from)
			if !stepped {
				b = a
			}
		}
		if ranged {
			b, _ = strconv.Atoi(to)
		}
		if stepped {
			by, _ = strconv.Atoi(step)
		}
		for ; a <= b; a += by {
			set[a] = true
		}
	}
	return set
}

// onDay tells whether the cron fires on the day of a local time.
func (m model) onDay(t time.Time) bool {
	if !m.month[int(t.Month())] {
		return false
	}
	d, w := m.day[t.Day()], m.weekday[int(t.Weekday())]
	if m.both {
		return d || w
	}
	return d && w
}

// firings returns when the cron fires from one instant up to another, both
// whole minutes; the other is outside. A fixed hour fires when the clock shows
// its time, or passes it, for the first time; with all hours it fires whenever
// the clock shows its time.
func (m model) firings(zone *time.Location, from, to time.Time) []time.Time {
	var minutes [24 * 60]bool
	for h := range m.hour {
		for i := range m.minute {
			minutes[h*60+i] = true
		}
	}
	day, dayFits := int64(-1), false
	fits := func(wall int64) bool { // in minutes
		if !minutes[wall%(24*60)] {
			return false
		}
		if d := wall / (24 * 60); d != day {
			day, dayFits = d, m.onDay(time.Unix(d*24*60*60, 0).UTC())
		}
		return dayFits
	}
	var out []time.Time
	// What the clock showed at most before from: it never goes back a day.
	shown := int64(0)
	for at := from.Add(-48 * time.Hour); at.Before(from); at = at.Add(time.Minute) {
		shown = max(shown, wallMinute(at, zone))
	}
	last := to.Unix() / 60
	offset := int64(0)
	for at := from.Unix() / 60; at < last; at++ {
		if at%15 == 0 || at == from.Unix()/60 { // no zone changes within a quarter of an hour
			_, o := time.Unix(at*60, 0).In(zone).Zone()
			offset = int64(o / 60)
		}
		wall := at + offset
		if m.everyHour {
			if fits(wall) {
				out = append(out, time.Unix(at*60, 0))
			}
			continue
		}
		due := false
		for ; shown < wall; shown++ {
			due = due || fits(shown+1)
		}
		if due {
			out = append(out, time.Unix(at*60, 0))
		}
	}
	return out
}

func wallMinute(t time.Time, zone *time.Location) int64 {
	_, o := t.In(zone).Zone()
	return (t.Unix() + int64(o)) / 60
}

// compare walks the schedule from one instant to another, forwards and back,
// and returns what differs from want.
func compare(s schedule.Spec, from, to time.Time, want []time.Time) error {
	at := from.Add(-1)
	for i := 0; ; i++ {
		next, ok := s.Next(at)
		if !ok || !next.Before(to) {
			if i < len(want) {
				return fmt.Errorf("after %v nothing fires, want %v", at.In(s.Zone), want[i].In(s.Zone))
			}
			break
		}
		if i >= len(want) || !next.Equal(want[i]) {
			return fmt.Errorf("after %v it fires at %v, want %v", at.In(s.Zone), next, want[min(i, len(want)):min(i+1, len(want))])
		}
		at = next
	}
	at = to
	for _, w := range slices.Backward(want) {
		prev, ok := s.Prev(at)
		if !ok || !prev.Equal(w) {
			return fmt.Errorf("before %v it fires at %v, %v, want %v", at.In(s.Zone), prev, ok, w.In(s.Zone))
		}
		at = prev
	}
	if prev, ok := s.Prev(at); ok && !prev.Before(from) {
		return fmt.Errorf("before %v it fires at %v, want nothing before %v", at.In(s.Zone), prev, from)
	}
	return nil
}

// Thirty years in ten zones, minute by minute.
func TestModel(t *testing.T) {
	from, to := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
	if testing.Short() {
		from, to = time.Date(2011, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2013, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	for _, name := range zones {
		for _, cron := range []string{"30 2 * * *", "*/20 */3 * * *", "7 * * * *"} {
			t.Run(strings.ReplaceAll(name+" "+cron, "/", "÷"), func(t *testing.T) {
				t.Parallel()
				c, err := schedule.Parse(cron)
				if err != nil {
					t.Fatal(err)
				}
				zone := load(t, name)
				want := newModel(cron).firings(zone, from, to)
				if len(want) < 4 {
					t.Fatalf("only %d firings", len(want))
				}
				if err := compare(schedule.Spec{Cron: c, Zone: zone}, from, to, want); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// drawField draws a field of lists, ranges and steps.
func drawField(t *rapid.T, label string, low, high int) string {
	if rapid.IntRange(0, 2).Draw(t, label+" any") == 0 {
		return "*"
	}
	n := rapid.IntRange(1, 3).Draw(t, label+" parts")
	parts := make([]string, n)
	for i := range parts {
		a := rapid.IntRange(low, high-1).Draw(t, label+" from")
		b := rapid.IntRange(a+1, high).Draw(t, label+" to")
		by := rapid.IntRange(1, b-a).Draw(t, label+" step")
		parts[i] = rapid.SampledFrom([]string{
			strconv.Itoa(a), fmt.Sprintf("%d-%d", a, b), fmt.Sprintf("%d-%d/%d", a, b, by), fmt.Sprintf("%d/%d", a, by),
		}).Draw(t, label)
	}
	return strings.Join(parts, ",")
}

func drawCron(t *rapid.T) string {
	hour := drawField(t, "hour", 0, 23)
	return strings.Join([]string{
		drawField(t, "minute", 0, 59), hour, drawField(t, "day", 1, 31), drawField(t, "month", 1, 12), drawField(t, "weekday", 0, 6),
	}, " ")
}

// drawNearChange draws an instant, often close to a change of the zone's clock.
func drawNearChange(t *rapid.T, zone *time.Location) time.Time {
	at := time.Unix(rapid.Int64Range(1e7, 4e9).Draw(t, "instant")/60*60, 0).In(zone)
	if _, end := at.ZoneBounds(); !end.IsZero() && rapid.Bool().Draw(t, "near") {
		at = end.Add(time.Duration(rapid.IntRange(-200, 200).Draw(t, "minutes")) * time.Minute)
	}
	return at
}

// Any cron in any of the zones, for some days around any instant.
func TestModelRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cron := drawCron(t)
		c, err := schedule.Parse(cron)
		if err != nil {
			if strings.Contains(err.Error(), "never fires") {
				t.Skip(err)
			}
			t.Fatalf("Parse(%q): %v", cron, err)
		}
		zone := load(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		from := drawNearChange(t, zone).Add(-12 * time.Hour).Truncate(time.Minute)
		to := from.Add(36 * time.Hour)
		want := newModel(cron).firings(zone, from, to)
		if err := compare(schedule.Spec{Cron: c, Zone: zone}, from, to, want); err != nil {
			t.Errorf("%q in %s: %v", cron, zone, err)
		}
	})
}

// Next goes forward, Prev back, and each finds what the other found.
func TestNextPrev(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := schedule.Spec{Zone: load(t, rapid.SampledFrom(zones).Draw(t, "zone"))}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			c, err := schedule.Parse(drawCron(t))
			if err != nil {
				t.Skip(err)
			}
			s.Cron = c
		case 1:
			s.Every = time.Duration(rapid.Int64Range(int64(schedule.MinEvery), int64(1000*time.Hour)).Draw(t, "every"))
		case 2:
			s.Every = time.Duration(rapid.IntRange(1, 30).Draw(t, "days")) * 24 * time.Hour
		}
		at := drawNearChange(t, s.Zone).Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "nanoseconds")))
		if rapid.Bool().Draw(t, "started") {
			s.Start = at.Add(time.Duration(rapid.IntRange(-10000, 100).Draw(t, "start")) * time.Minute)
		}
		next, ok := s.Next(at)
		if !ok {
			t.Fatalf("%+v: nothing after %v", s, at)
		}
		if !next.After(at) || next.Location() != s.Zone {
			t.Fatalf("%+v: Next(%v) = %v", s, at, next)
		}
		if again, ok := s.Prev(next.Add(1)); !ok || !again.Equal(next) {
			t.Fatalf("%+v: Prev(%v+1ns) = %v, %v", s, next, again, ok)
		}
		if prev, ok := s.Prev(next); ok {
			if prev.After(at) {
				t.Fatalf("%+v: Next(%v) = %v leaves out %v", s, at, next, prev)
			}
			if again, ok := s.Next(prev); !ok || !again.Equal(next) {
				t.Fatalf("%+v: Next(%v) = %v, want %v", s, prev, again, next)
			}
		} else if s.Start.IsZero() {
			t.Fatalf("%+v: nothing before %v", s, next)
		}
		if shift, planned := s.Shift(next); shift != schedule.Moved && planned.Format(time.DateTime) != next.Format(time.DateTime) {
			t.Fatalf("%+v: Shift(%v) = %v, %v", s, next, shift, planned)
		}
	})
}

var sink time.Time

func BenchmarkNext(b *testing.B) {
	berlin := load(b, "Europe/Berlin")
	at := time.Date(2026, 6, 15, 10, 20, 30, 0, time.UTC)
	for _, cron := range []string{"* * * * *", "30 7 * * 1-5", "0 0 LW * *", "0 0 29 2 *", "0 0 29 2 */6"} {
		c, err := schedule.Parse(cron)
		if err != nil {
			b.Fatal(err)
		}
		s := schedule.Spec{Cron: c, Zone: berlin}
		b.Run(strings.ReplaceAll(cron, "/", "÷"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink, _ = s.Next(at)
			}
		})
	}
	for _, every := range []time.Duration{5 * time.Minute, 24 * time.Hour} {
		s := schedule.Spec{Every: every, Zone: berlin}
		b.Run(every.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sink, _ = s.Next(at)
			}
		})
	}
}

func BenchmarkPrev(b *testing.B) {
	c, err := schedule.Parse("30 7 * * 1-5")
	if err != nil {
		b.Fatal(err)
	}
	s := schedule.Spec{Cron: c, Zone: load(b, "Europe/Berlin")}
	at := time.Date(2026, 6, 15, 10, 20, 30, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		sink, _ = s.Prev(at)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schedule.Parse("*/5 7-19 * * MON-FRI"); err != nil {
			b.Fatal(err)
		}
	}
}
