// Command engine checks, runs and serves workflows. It wires the packages
// together and speaks to people: everything it can do, the packages do.
package main

import (
	"os"
)

func main() {
	os.Exit(execute(os.Args[1:], newApp(os.Stdin, os.Stdout, os.Stderr, os.Environ())))
}
