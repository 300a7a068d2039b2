package expression

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keelstep/keelstep/pkg/zone"
)

// drawTime is any time that can be written, in a zone of its own.
func drawTime(t *rapid.T, label string) time.Time {
	names := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo"}
	loc, err := zone.Load(rapid.SampledFrom(names).Draw(t, label+" zone"))
	if err != nil {
		t.Fatal(err)
	}
	seconds := rapid.Int64Range(time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, label)
	return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, label+" nanos")).In(loc)
}

// TestCalendarProperties holds the arithmetic of dates against what must be
// true of it in all zones.
func TestCalendarProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawTime(t, "time")
		unit := rapid.SampledFrom(calendarUnits).Draw(t, "unit")
		start := startOfUnit(at, unit)
		if start.After(at) || !startOfUnit(start, unit).Equal(start) {
			t.Fatalf("the %s of %v starts at %v, which starts at %v", unit, at, start, startOfUnit(start, unit))
		}
		n := rapid.IntRange(-200, 200).Draw(t, "count")
		added, err := addUnits(at, n, unit)
		if err != nil {
			t.Fatal(err)
		}
		later := added.(time.Time)
		if n > 0 && !later.After(at) || n < 0 && !later.Before(at) {
			t.Fatalf("%v and %d %s is %v", at, n, unit, later)
		}
		between, err := unitsBetween(at, later, unit)
		if err != nil {
			t.Fatal(err)
		}
		// A shifted time of day, or the last day of a short month, may lack a bit
		// of the last unit on the way back.
		if got := between.(int); got != n && (n > 0 || got != n+1) {
			t.Fatalf("%d %s lie between %v and %v, %d were added", got, unit, at, later, n)
		}
	})
}

// TestPatternProperties shows that parseDate() reads what formatDate() writes.
func TestPatternProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawTime(t, "time").Truncate(100 * time.Nanosecond)
		pattern := rapid.SampledFrom([]string{
			"yyyy-MM-dd HH:mm:ss.fffffff zzz", "dddd, d MMMM yyyy 'at' h:m:s.fffffff tt K", "ddd dd MMM yyyy hh 'o''clock' tt mm ss fffffff zzz", "yyyyMMddHHmmssfffffffzzz",
		}).Draw(t, "pattern")
		tokens, err := parseDatePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		text := formatPattern(at, tokens)
		got, err := parsePattern(text, tokens, time.UTC)
		if err != nil || !got.Equal(at) {
			t.Fatalf("%v is %q, which reads as %v, %v", at, text, got, err)
		}
	})
}

// TestWallTime shows that each time of day of a zone comes back as it was, and
// that the first of two is taken.
func TestWallTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawTime(t, "time")
		got := wallOf(at).in(at.Location())
		if wallOf(got) != wallOf(at) || got.After(at) {
			t.Fatalf("%v comes back as %v", at, got)
		}
	})
}

// drawDecimal is any decimal of moderate size.
func drawDecimal(t *rapid.T, label string) Decimal {
	digits, _ := new(big.Int).SetString(rapid.StringMatching(`-?[0-9]{1,40}`).Draw(t, label), 10)
	d, err := bounded(digits, rapid.IntRange(0, 30).Draw(t, label+" scale"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ratOfDecimal(d Decimal) *big.Rat {
	return new(big.Rat).SetFrac(d.num(), tenTo(d.scale))
}

// TestDecimalProperties holds decimals against fractions, which are exact.
func TestDecimalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := drawDecimal(t, "x"), drawDecimal(t, "y")
		a, b := ratOfDecimal(x), ratOfDecimal(y)
		check := func(op string, got any, err error, want *big.Rat) {
			if err != nil || ratOfDecimal(got.(Decimal)).Cmp(want) != 0 {
				t.Fatalf("%v %s %v = %v, %v, want %v", x, op, y, got, err, want.FloatString(60))
			}
		}
		sum, err := x.plus(y)
		check("+", sum, err, new(big.Rat).Add(a, b))
		difference, err := x.minus(y)
		check("-", difference, err, new(big.Rat).Sub(a, b))
		product, err := x.times(y)
		check("*", product, err, new(big.Rat).Mul(a, b))
		if x.compare(y) != a.Cmp(b) {
			t.Fatalf("%v compared with %v is %d", x, y, x.compare(y))
		}
		if again, err := ParseDecimal(x.String()); err != nil || again.compare(x) != 0 || again.scale != x.scale {
			t.Fatalf("%v reads as %v, %v", x, again, err)
		}
		if y.num().Sign() == 0 {
			return
		}
		quotient, err := x.over(y)
		if err != nil {
			t.Fatal(err)
		}
		// As exact as the last of 34 digits, counted from the first.
		exact := new(big.Rat).Quo(a, b)
		off := new(big.Rat).Sub(ratOfDecimal(quotient.(Decimal)), exact)
		bound := new(big.Rat).Mul(exact, new(big.Rat).SetFrac(big.NewInt(1), tenTo(quotientDigits-2)))
		if off.Abs(off).Cmp(bound.Abs(bound)) > 0 {
			t.Fatalf("%v / %v = %v", x, y, quotient)
		}
		scale := rapid.IntRange(0, 40).Draw(t, "digits")
		for m, name := range modeNames {
			rounded, err := x.round(scale, mode(m))
			if err != nil {
				t.Fatal(err)
			}
			off := new(big.Rat).Sub(ratOfDecimal(rounded), a)
			step := new(big.Rat).SetFrac(big.NewInt(1), tenTo(scale))
			if half := strings.HasPrefix(name, "half"); half {
				step.Quo(step, big.NewRat(2, 1))
			}
			if rounded.scale != scale || off.Abs(off).Cmp(step) > 0 {
				t.Fatalf("%v rounded to %d digits (%s) is %v", x, scale, name, rounded)
			}
		}
	})
}

// TestSeeds shows that two programs of one step, and one program at two
// places, do not share what uuid() and random() yield, and that each yields
// the same again.
func TestSeeds(t *testing.T) {
	load := func(source string) *Program {
		p, err := Load(source, nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	eval := func(p *Program) string {
		x, err := p.Eval(testEnv{})
		if err != nil {
			t.Fatal(err)
		}
		return x.(string)
	}
	seen := map[string]string{}
	for name, p := range map[string]*Program{
		"uuid()": load("uuid()"), "uuid() in text": load(`uuid() + ""`), "at /a": load("uuid()").At("/a"), "at /b": load("uuid()").At("/b"),
	} {
		id := eval(p)
		if again := eval(p); again != id {
			t.Errorf("%s yields %s, then %s", name, id, again)
		}
		if other := seen[id]; other != "" {
			t.Errorf("%s and %s yield %s", name, other, id)
		}
		seen[id] = name
	}
}
