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
	variant      string
	source       string
	input        string
	http         bool  // can be measured over HTTP
	only         []int // the numbers of callers that make sense; nil: any
	measure      func(context.Context, *meter) (Result, error)
	// Of those that restart measures: what a process does that is killed then,
	// and what the next one measures on the log that is left.
	fill  func(context.Context, *meter) error
	again func(context.Context, *meter, *Result) error
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
	{name: "w6", source: sleeping, input: `{"n":1}`, only: []int{1}, measure: restart, fill: asleep, again: wakeSome},
	{name: "w7", source: pure, input: `{"n":10000}`, only: []int{1}, measure: whole},
	{name: "w8", variant: "up", source: due, input: `{"at":"2100-01-01T00:00:00Z"}`, only: []int{1}, measure: restart, fill: dueSoon, again: storm},
	{name: "w8", variant: "down", source: due, input: `{"at":"2100-01-01T00:00:00Z"}`, only: []int{1}, measure: restart, fill: dueSoon, again: storm},
	{name: "w9", source: long, input: `{"n":1}`, only: []int{1}, measure: restart, fill: longRun, again: resume},
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
  - { id: nap, if: input.n % 2 == 0, wait: 30d }
  - { id: go, if: input.n % 2 == 1, await: { signal: go } }
`

const due = `workflow: bench
version: "1"
input: { type: object, required: [at], properties: { at: { type: string, format: date-time } } }
steps:
  - { id: nap, wait: { until: "${ input.at }" } }
`

const long = head + `steps:
  - id: each
    foreach: "1..input.n"
    as: i
    concurrency: 50
    do: [{ id: call, action: noop.do, repeat: keyed, with: { n: "${ i }" } }]
    output: "${ i }"
  - { id: go, await: { signal: go } }
`

const pure = head + `variables: { n: 0 }
steps:
  - id: loop
    while: vars.n < input.n
    maxPasses: 100000
    do: [{ id: more, set: { n: "${ vars.n + 1 }" } }]
`

// restarted returns the workloads that restart measures.
func restarted() (some []workload) {
	for _, w := range workloads {
		if w.fill != nil {
			some = append(some, w)
		}
	}
	return some
}
