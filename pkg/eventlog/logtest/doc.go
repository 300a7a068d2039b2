// Package logtest is the contract of eventlog.Store as tests that every store
// passes, and a store whose Appends fail on demand.
package logtest
