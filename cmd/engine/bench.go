package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/keelstep/keelstep/internal/bench"
)

func benchCommand(a *app) *cobra.Command {
	var concurrency []int
	o := bench.Options{Out: a.out, Clock: a.clock, Self: partOf}
	c := &cobra.Command{
		Use: "bench [WORKLOAD]...", Short: "Measure whole runs on this machine",
		Long: `bench runs workloads on an engine whose log is a file on this disk, and writes
one JSON object a line. Beside each stands the limit of the disk, measured in the
same call: the same number of records of the same size put into a bare journal by
as many goroutines, without an engine; ratio is what the engine reaches of it.

  w1  5 calls in a row, keyed; and again as calls that are never repeated
  w2  20 calls side by side
  w3  100 calls in a row
  w4  runs that wait for a signal, then get it: starts and signals a second
  w5  a foreach of 10,000 calls, 50 at a time
  w6  a log full of sleeping runs, left by a process that was killed: the time
      from the start of the next one until it acknowledged a start, its memory,
      and how long it takes to wake some of them
  w7  a loop of 10,000 passes without a call
  w8  as many timers, all due at one moment, after a kill: how late they fire,
      and how long requests over HTTP take meanwhile; once while the next
      process runs (up), once before it was started (down)
  w9  a run of a foreach over so many items, after a kill: the time to read it,
      with what it saved of its state and without

The directory has to lie on the disk that is meant; nothing is left in it. The
memory is that of this process, which makes the load as well.`,
		Example: "  engine bench w1 --concurrency 128 --duration 10s\n  engine bench w1 --http\n  engine bench w6 --count 1000000 --dir /var/lib/engine",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, n := range concurrency {
				if n < 1 || n > 10_000 {
					return usagef("callers are from 1 to 10,000", "--concurrency %d", n)
				}
			}
			if o.Duration < 100*time.Millisecond || o.Count < 1 {
				return usagef("a duration is at least 100ms, a count at least 1", "--duration %s --count %d", o.Duration, o.Count)
			}
			makeRoomForGarbage()
			o.Workloads, o.Concurrency = args, concurrency
			err := bench.Run(cmd.Context(), o)
			switch {
			case errors.Is(err, bench.ErrUnknown):
				return usagef("the workloads are "+strings.Join(bench.Names(), ", "), "%s", err)
			case err != nil:
				return brokenf("", "%w", err)
			}
			return nil
		},
	}
	c.Flags().IntSliceVar(&concurrency, "concurrency", []int{1, 16, 128}, "callers at once; a line for each")
	c.Flags().DurationVar(&o.Duration, "duration", 5*time.Second, "how long each is measured, and its limit again as long")
	c.Flags().IntVar(&o.Count, "count", 10_000, "runs of w4, w6 and w8, items of w9")
	c.Flags().BoolVar(&o.HTTP, "http", false, "w1 over the HTTP API as well, answered by a respond step")
	c.Flags().StringVar(&o.Dir, "dir", ".", "directory on the disk that is measured")
	c.AddCommand(&cobra.Command{
		Use: "part WORKLOAD CASE AGAIN DIR RUNS", Hidden: true, Short: "Do a part of a measurement and wait to be killed", Args: cobra.ExactArgs(5),
		RunE: func(cmd *cobra.Command, args []string) error {
			again, err := strconv.ParseBool(args[2])
			if err != nil {
				return usagef("", "%s", err)
			}
			n, err := strconv.Atoi(args[4])
			if err != nil {
				return usagef("", "%s", err)
			}
			p := bench.Part{Workload: args[0], Case: args[1], Again: again, Dir: args[3], Runs: n}
			return bench.Child(cmd.Context(), p, a.clock, a.out)
		},
	})
	return c
}

// partOf returns the call of this program that does a part of a measurement.
func partOf(p bench.Part) ([]string, error) {
	self, err := os.Executable()
	return []string{self, "bench", "part", p.Workload, p.Case, strconv.FormatBool(p.Again), p.Dir, strconv.Itoa(p.Runs)}, err
}
