//go:build race

package spent

const race = true
