//go:build !unix

package main

// alive cannot be told here; a server that is gone does not answer.
func alive(int) bool { return true }
