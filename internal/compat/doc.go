// Package compat keeps a log of each release, with runs in the middle of all
// that a run can be in the middle of, and checks that this build opens it and
// ends each run as the release would have. It has only tests. What is recorded
// is never rewritten: make compat R=NAME adds the log of a new release.
package compat
