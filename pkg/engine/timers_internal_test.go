package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Timers that are set, cleared and forgotten at random fire in the order of
// their deadlines, those of one moment in the order in which they were set,
// each once: as a list that is searched does.
func TestTimersModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var mu sync.Mutex
		var fired, want []string
		all := newTimers(SystemClock(), func(stream, id string) {
			mu.Lock()
			defer mu.Unlock()
			fired = append(fired, stream+" "+id)
		})
		type entry struct {
			stream, id string
			due        time.Time
			count      int
		}
		var model []entry
		streams := []string{"trigger/w/t", "events"}
		for i := range 30 {
			streams = append(streams, keyed(fmt.Sprint(i)))
		}
		pass := func() {
			time.Sleep(time.Duration(rnd.IntN(20)) * time.Second)
			synctest.Wait()
			slices.SortStableFunc(model, func(a, b entry) int { return a.due.Compare(b.due)*1_000_000 + a.count - b.count })
			for len(model) > 0 && !model[0].due.After(time.Now()) {
				want = append(want, model[0].stream+" "+model[0].id)
				model = model[1:]
			}
		}
		for n := range 10_000 {
			stream, id := streams[rnd.IntN(len(streams))], []string{wake, "a", "b", "c[1]"}[rnd.IntN(4)]
			same := func(e entry) bool { return e.stream == stream && e.id == id }
			switch rnd.IntN(20) {
			case 0:
				all.forget(stream)
				model = slices.DeleteFunc(model, func(e entry) bool { return e.stream == stream })
			case 1, 2, 3, 4, 5:
				all.clear(stream, id)
				model = slices.DeleteFunc(model, same)
			case 6:
				pass()
			default:
				due := time.Now().Add(time.Duration(1+rnd.IntN(60)) * time.Second)
				all.set(stream, id, due)
				if i := slices.IndexFunc(model, same); i >= 0 {
					if model[i].due.Equal(due) {
						break
					}
					model = slices.Delete(model, i, i+1)
				}
				model = append(model, entry{stream, id, due, n})
			}
		}
		time.Sleep(time.Hour)
		for range 10 {
			pass()
		}
		if !slices.Equal(fired, want) {
			t.Errorf("fired\n%s\nwant\n%s", strings.Join(fired, "\n"), strings.Join(want, "\n"))
		}
		if len(want) < 1000 || len(all.order) > 0 || len(all.streams) > 0 {
			t.Errorf("%d fired, %d are left of %d streams", len(want), len(all.order), len(all.streams))
		}
		all.close()
	})
}

// A timer that is due after the end of time is never due, and one of long ago
// is due at once.
func TestTimersFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fired []string
		all := newTimers(SystemClock(), func(_, id string) { fired = append(fired, id) })
		time.Sleep(time.Hour)
		all.set("s", "far", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		all.set("s", "past", time.Time{})
		synctest.Wait()
		time.Sleep(20 * 365 * 24 * time.Hour)
		if len(fired) != 1 || fired[0] != "past" {
			t.Errorf("fired %q", fired)
		}
		all.close()
	})
}
