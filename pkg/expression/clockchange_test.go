package expression

import (
	"fmt"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/schedule"
	"github.com/keelstep/keelstep/pkg/zone"
)

// Around each change of a clock, dates and schedules mean the same instant by
// a local time: of two the first. Only for a time that the clock skips they
// differ, as the reference says: a schedule fires at the end of the gap, so
// that firings stay in order; a date is later by the length of the gap, so that
// what is added to it stays added.
func TestClockChanges(t *testing.T) {
	skipped, twice := 0, 0
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Africa/Casablanca"} {
		loc, err := zone.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2009, 1, 1, 0, 0, 0, 0, time.UTC)
		for at.Year() < 2013 {
			change, by, ok := schedule.NextChange(at, loc)
			if !ok {
				break
			}
			at = change
			_, offset := change.Add(-time.Second).Zone()
			gap := change.UTC().Add(time.Duration(offset) * time.Second) // the wall time at which the clock is set
			for m := -180; m <= 180; m += 7 {
				wall := gap.Add(time.Duration(m) * time.Minute)
				fires := firing(t, wall, loc)
				date := wallOf(wall).in(loc)
				if in := wall.Sub(gap); by > 0 && in >= 0 && in < by {
					skipped++
					if !fires.Equal(change) || !date.Equal(change.Add(in)) {
						t.Errorf("%s skips %v: fires %v, date %v, the gap ends at %v", name, wall, fires, date, change)
					}
					continue
				}
				if by < 0 && wall.Before(gap) && !wall.Before(gap.Add(by)) {
					twice++
				}
				if !fires.Equal(date) || wallOf(date) != wallOf(wall) {
					t.Errorf("%s at %v: fires %v, date %v", name, wall, fires, date)
				}
			}
		}
	}
	if skipped == 0 || twice == 0 {
		t.Errorf("%d times are skipped, %d come twice", skipped, twice)
	}
}

// firing is when a schedule of one local time fires.
func firing(t *testing.T, wall time.Time, loc *time.Location) time.Time {
	t.Helper()
	cron, err := schedule.Parse(fmt.Sprintf("%d %d %d %d *", wall.Minute(), wall.Hour(), wall.Day(), wall.Month()))
	if err != nil {
		t.Fatal(err)
	}
	at, ok := schedule.Spec{Cron: cron, Zone: loc}.Next(time.Date(wall.Year(), wall.Month(), wall.Day()-3, 0, 0, 0, 0, time.UTC))
	if !ok {
		t.Fatalf("nothing fires at %v", wall)
	}
	return at
}
