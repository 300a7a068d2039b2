// Package faults runs a real engine in a process of its own, sees each of its
// system calls on the log's file, and takes the disk away from it: power cuts
// at any moment, failed writes and flushes, a disk that is full. It has only
// tests, and they need Linux.
package faults
