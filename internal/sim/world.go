package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/graph"
	"github.com/keelstep/keelstep/pkg/interpreter"
)

// script is what the input of a call tells the world to do. How a call ends
// follows from the world's seed, its key and its attempt alone, so that the
// calm run and the one with faults meet the same world.
type script struct {
	// Do is one of ok; flaky: the first N attempts are turned away; refuse: a
	// final error; dice: one of these three by the key; bad: an output of
	// another type; unsure: the first N attempts may have had an effect and
	// do not say; murky: so does the first, and the others are turned away; hang: the first N attempts do not answer (0: none does);
	// slow: it takes a minute.
	Do string `json:"do"`
	N  int    `json:"n"`
}

// world is what calls reach. It outlives every crash.
type world struct {
	seed uint64
	keys map[string]*account
	list []*account // in the order of their first calls
}

// account is what the world knows of one key.
type account struct {
	key, run, path string
	repeat         graph.Repeat
	input          string // as it was sent first
	effects        int
	unsure         bool // an attempt that may have had an effect has arrived
	again          bool // the workflow asks for more attempts than the rule allows
	hung           bool // it never answers: whether it is sent before its timeout is open
}

// reply is how the world answers an attempt.
type reply struct {
	output  []byte
	err     *graph.Failure
	effect  bool
	silent  bool // it does not answer by itself
	forever bool // nor does any other attempt
	takes   time.Duration
	stopped stopRule
}

// stopRule is what a call does when its context ends.
type stopRule uint8

const (
	answersAnyway stopRule = iota
	answersLost
	answersNever
)

// account returns the account of a call's key and checks that it carries the
// input that it carried first.
func (w *world) account(run string, c interpreter.Call, input []byte, again bool) *account {
	a := w.keys[c.Key]
	if a == nil {
		for _, b := range w.list {
			if b.path == c.Path && b.run == run {
				fail("%s has the keys %s and %s", c.Path, b.key, c.Key)
			}
		}
		a = &account{key: c.Key, run: run, path: c.Path, repeat: c.Repeat, input: string(input), again: again}
		w.keys[c.Key] = a
		w.list = append(w.list, a)
		return a
	}
	if a.input != string(input) || a.run != run || a.path != c.Path {
		fail("key %s of %s carried %s first and carries %s for %s", c.Key, a.path, a.input, input, c.Path)
	}
	return a
}

// arrive lets an attempt reach the world and have its effect.
func (w *world) arrive(run string, c interpreter.Call, input []byte, again bool) reply {
	a := w.account(run, c, input, again)
	r := w.reply(c, input)
	if a.unsure && c.Repeat == graph.Never && !a.again {
		fail("call %s may have had its effect and must never be repeated, attempt %d comes all the same", c.Path, c.Attempt)
	}
	a.hung = a.hung || r.silent && r.forever
	if r.effect && (c.Repeat != graph.Keyed || a.effects == 0) {
		a.effects++
	}
	if r.err == nil || !r.err.Certain {
		a.unsure = true
	}
	if c.Repeat == graph.Never && a.effects > 1 && !a.again {
		fail("call %s is never repeated and had %d effects", c.Path, a.effects)
	}
	return r
}

// reply returns how an attempt ends.
func (w *world) reply(c interpreter.Call, input []byte) reply {
	var s script
	if json.Unmarshal(input, &s) != nil || s.Do == "" {
		s.Do = "ok"
	}
	h := hash(w.seed, c.Key)
	if s.Do == "dice" {
		s.Do, s.N = [...]string{"ok", "ok", "flaky", "refuse"}[h>>8%4], 1
	}
	attempt := hash(w.seed, c.Key, strconv.Itoa(c.Attempt))
	r := reply{
		takes: time.Duration(1+attempt%400) * time.Millisecond, effect: true, stopped: stopRule(h >> 16 % 3),
		output: fmt.Appendf(nil, `{"n":%d,"ok":true,"text":"t%d"}`, h%10, h>>4%1000),
	}
	first := s.N == 0 || c.Attempt <= s.N
	switch {
	case s.Do == "flaky" && first:
		r.effect = false
		r.err = &graph.Failure{Code: "Busy", Message: "busy", Status: 503, Certain: true}
		if attempt%4 == 0 {
			r.err.RetryAfter = 3 * time.Second
		}
	case s.Do == "refuse":
		r.effect = false
		r.err = &graph.Failure{Code: "Refused", Message: "refused", Status: 409, Final: true}
	case s.Do == "bad":
		r.output = []byte(`{"n":"none","ok":true,"text":""}`)
	case s.Do == "unsure" && first:
		r.effect = attempt%2 == 0
		r.err = lostError("Reset", "the connection was reset")
	case s.Do == "murky" && c.Attempt == 1:
		r.effect = attempt%2 == 0
		r.err = lostError("Reset", "the connection was reset")
	case s.Do == "murky":
		r.effect = false
		r.err = &graph.Failure{Code: "Busy", Message: "busy", Status: 503, Certain: true}
	case s.Do == "hang" && first:
		r.effect, r.silent = attempt%2 == 0, true
		r.forever = s.N == 0
	case s.Do == "slow":
		r.takes += time.Minute
	}
	return r
}

// lostError is the error of a call whose outcome is unknown.
func lostError(code, message string) *graph.Failure {
	return &graph.Failure{Code: code, Message: message, Lost: true}
}

// effects returns the paths of the keys that had an effect, by key, without
// those of calls that hung and those that tell people, which depend on how
// long things take.
func (w *world) effects() map[string]string {
	done := map[string]string{}
	for _, a := range w.list {
		if a.effects > 0 && !a.hung && !strings.Contains(a.path, ".notify[") && !strings.HasPrefix(a.path, "notify[") {
			done[a.key] = a.path
		}
	}
	return done
}
