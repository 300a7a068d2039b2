// Package drill restores a backup under load, as an operator would after the
// loss of a machine, and says what was lost and how long it took. It has only
// tests; make drill is the long form.
package drill
