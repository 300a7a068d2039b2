// Package scenario holds scenarios of our own and checks that they end alike
// however they are run: on the interpreter alone, on an engine with a log in
// memory, and on an engine whose log is a file and which is killed on the way.
package scenario
