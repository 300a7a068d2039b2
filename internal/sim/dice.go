package sim

import "math/rand/v2"

// dice makes choices that follow from a seed alone.
type dice struct{ r *rand.Rand }

func newDice(seed uint64, what string) dice {
	return dice{rand.New(rand.NewPCG(seed, hash(seed, what)))}
}

// n returns a number from 0 to n-1.
func (d dice) n(n int) int { return d.r.IntN(n) }

// chance is true in percent of 100 cases.
func (d dice) chance(percent int) bool { return d.r.IntN(100) < percent }

// one returns one of the choices.
func one[T any](d dice, choices ...T) T { return choices[d.n(len(choices))] }

// hash mixes a seed and texts into a number that is the same on every machine.
func hash(seed uint64, parts ...string) uint64 {
	h := seed ^ 0x9e3779b97f4a7c15
	for _, p := range parts {
		for i := range len(p) {
			h = (h ^ uint64(p[i])) * 0x100000001b3
		}
		h = (h ^ 0xff) * 0xbf58476d1ce4e5b9
		h ^= h >> 31
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	return h
}
