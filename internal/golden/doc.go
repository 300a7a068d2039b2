// Package golden keeps histories of runs as each release recorded them, and
// checks that this build folds them and goes on from any of their events as
// the release did; and that it refuses those which are damaged or newer, with
// the error that is listed. It has only tests. What is recorded is never
// rewritten: make histories R=NAME adds the set of a new release.
package golden
