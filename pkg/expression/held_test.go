package expression

import (
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/internal/spent"
)

// What an evaluation can hold at once is bounded by its steps, whatever its
// functions make of what they read.
func TestHeld(t *testing.T) {
	big := strings.Repeat("\x01", 64<<10)
	for _, src := range []string{
		`len(map(1..10000, base64(input)))`,
		`len(map(1..10000, base64url(input)))`,
		`len(map(1..10000, urlEncode(input)))`,
		`len(map(1..10000, toJSON(input)))`,
		`len(map(1..10000, input + string(#)))`,
		`len(map(1..10000, upper(input + "a")))`,
		`len(map(1..10000, replace(input, "\u0001", "abcdefgh")))`,
		`len(map(1..900000, ({})))`,
		`len(map(1..400000, ({"a": #})))`,
		`len(map(1..100000, ({"a": #, "b": #, "c": #, "d": #, "e": #, "f": #, "g": #, "h": #, "i": #})))`,
		`len(map(1..400000, [#]))`,
		`len(map(1..400000, []))`,
		`len(map(1..900000, # + 1000))`,
		`len(map(1..1000, 1..1000))`,
		`len(map(1..10000, split(input, "")))`,
	} {
		t.Run(src, func(t *testing.T) {
			p, err := Load(src, nil)
			if err != nil {
				t.Fatal(err)
			}
			allocated := spent.Memory(func() { _, err = p.Eval(heldEnv{big}) })
			if err == nil || !strings.Contains(err.Error(), "steps") {
				t.Errorf("the error is %v", err)
			}
			if made := allocated >> 20; made > 160 { // what was dropped on the way included
				t.Errorf("allocated %d MiB", made)
			}
		})
	}
}

// heldEnv gives one text.
type heldEnv struct{ input string }

func (e heldEnv) Read(Read) (any, error) { return e.input, nil }
func (heldEnv) Now() time.Time           { return time.Time{} }
func (heldEnv) Seed() string             { return "" }
