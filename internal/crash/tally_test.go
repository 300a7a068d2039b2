package crash_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
)

// tally is what happened.
type tally struct {
	kills, early, terms, pauses, purgers, tools int // kills; the others are some of them
	starts, messages, refused, answers          int
	verified, aside                             int
	filtered, named, cut, gone                  int // purged, and purges that were cut off
	aged, swept                                 int // dropped by the server itself
	copies, compactions, restores, cutCopies    int
}

func (c tally) String() string {
	return fmt.Sprintf("%d kills (%d during recovery, %d SIGTERM, %d with a pause, %d of the process that purges, %d of compact, backup or restore), "+
		"%d starts and %d messages acknowledged, %d requests refused or cut off, %d answers of the world, "+
		"%d runs verified, %d of them set aside and retried; "+
		"purged: %d by filter, %d by name, %d on the file, %d purges cut off; dropped: %d runs by age, %d payloads; "+
		"%d copies, %d copies cut off, %d compactions, %d restores; 0 lost",
		c.kills, c.early, c.terms, c.pauses, c.purgers, c.tools,
		c.starts, c.messages, c.refused, c.answers, c.verified, c.aside,
		c.filtered, c.named, c.gone, c.cut, c.aged, c.swept,
		c.copies, c.cutCopies, c.compactions, c.restores)
}

// What a server says when it dropped something.
var (
	droppedRuns     = regexp.MustCompile(`msg="old runs dropped" runs=(\d+)`)
	droppedPayloads = regexp.MustCompile(`msg="payloads dropped" payloads=(\d+)`)
)

// hear counts what a server that has ended said.
func (c *tally) hear(out *bytes.Buffer) {
	c.aged += total(droppedRuns, out.Bytes())
	c.swept += total(droppedPayloads, out.Bytes())
}

// total adds up the numbers that a pattern finds.
func total(p *regexp.Regexp, b []byte) (n int) {
	for _, m := range p.FindAllSubmatch(b, -1) {
		k, err := strconv.Atoi(string(m[1]))
		if err != nil {
			panic(err) // the pattern has digits alone
		}
		n += k
	}
	return n
}
