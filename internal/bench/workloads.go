package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// workload is something that is measured.
type workload struct {
	name, repeat string
	source       string
	input        string
	http         bool  // can be measured over HTTP
	only         []int // the numbers of callers that make sense; nil: any
	measure      func(context.Context, *meter) (Result, error)
}

// Names returns the names of the workloads.
func Names() []string {
	var names []string
	for _, w := range workloads {
		if !slices.Contains(names, w.name) {
			names = append(names, w.name)
		}
	}
	return names
}

// callers returns which of the numbers of callers the workload is measured
// with.
func (w workload) callers(asked []int) []int {
	if w.only == nil {
		return asked
	}
	return w.only
}

var workloads = []workload{
	{name: "w1", repeat: "keyed", source: sequence(5, "keyed"), input: `{"n":1}`, http: true, measure: whole},
	{name: "w1", repeat: "never", source: sequence(5, "never"), input: `{"n":1}`, measure: whole},
	{name: "w2", repeat: "keyed", source: fan(20), input: `{"n":1}`, measure: whole},
	{name: "w3", repeat: "keyed", source: sequence(100, "keyed"), input: `{"n":1}`, measure: whole},
	{name: "w4", source: awaiting, input: `{"n":1}`, measure: signals},
	{name: "w5", repeat: "keyed", source: items, input: `{"n":10000}`, only: []int{1}, measure: whole},
	{name: "w6", source: sleeping, input: `{"n":1}`, only: []int{1}, measure: restart},
	{name: "w7", source: pure, input: `{"n":10000}`, only: []int{1}, measure: whole},
}

const head = `workflow: bench
version: "1"
input: { type: object, required: [n], properties: { n: { type: integer } } }
`

// sequence is n calls in a row, answered to the caller over HTTP.
func sequence(n int, repeat string) string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("triggers: [{ id: post, http: { method: POST, path: /bench }, input: \"${ trigger.body }\" }]\nsteps:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - { id: s%d, action: noop.do, repeat: %s, with: { n: \"${ input.n }\", step: %d } }\n", i, repeat, i)
	}
	b.WriteString("  - { id: answer, respond: { status: 200, body: { n: \"${ input.n }\" } } }\n")
	return b.String()
}

// fan is n calls side by side.
func fan(n int) string {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("steps:\n  - id: all\n    parallel:\n")
	for i := range n {
		fmt.Fprintf(&b, "      - { id: s%d, action: noop.do, repeat: keyed, with: { n: \"${ input.n }\", step: %d } }\n", i, i)
	}
	return b.String()
}

const awaiting = head + `steps:
  - { id: go, await: { signal: go } }
output: "${ steps.go.output.data }"
`

const items = head + `steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: noop.do, repeat: keyed, with: { n: "${ i }" } }]
    output: "${ i }"
`

const sleeping = head + `steps:
  - { id: nap, wait: 30d }
`

const pure = head + `variables: { n: 0 }
steps:
  - id: loop
    while: vars.n < input.n
    maxPasses: 100000
    do: [{ id: more, set: { n: "${ vars.n + 1 }" } }]
`
