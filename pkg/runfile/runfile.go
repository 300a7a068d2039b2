// Package runfile is the form in which runs go from one engine to another:
// JSON lines, each an object of one kind, in the order header, then
// definitions and runs, then end. Behind a run stand the payloads that it
// names, its turns and the messages that wait for it.
//
// Each line carries the hash of itself and all lines before it, so that one
// which was changed, lost or moved is found, by its number. That guards
// against accidents, not against somebody who writes all hashes anew. The
// package does not know what a turn means.
package runfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/keelstep/keelstep/pkg/eventlog"
)

// Format is the version of files that this package writes and reads.
const Format = 1

// MaxLine is how many bytes a line has at most.
const MaxLine = 64 << 20

// partSize is how much of a payload stands in one line.
const partSize = 256 << 10

// Line is one line that was read; one of its fields is set. Number counts from
// 1.
type Line struct {
	Number     int
	Header     *Header
	Definition *Definition
	Run        *Run
	Payload    *eventlog.Payload // whole; Number is that of its last part
	Turn       *Turn
	Message    *Message
	End        *End
}

// Header says what wrote the file.
type Header struct {
	Kind   string `json:"kind"`
	Format int    `json:"format"`
	Source Source `json:"source"`
}

// Source is the program that wrote a file.
type Source struct {
	Program string `json:"program"`
	Version string `json:"version,omitempty"`
}

// Definition is a version of a workflow that runs of the file have. It stands
// before the first of them.
type Definition struct {
	Kind     string          `json:"kind"`
	Workflow string          `json:"workflow"`
	Version  string          `json:"version"`
	Digest   string          `json:"digest"`
	Document json.RawMessage `json:"document"` // canonical JSON
}

// Run begins a run.
type Run struct {
	Kind       string      `json:"kind"`
	Run        string      `json:"run"`
	Workflow   string      `json:"workflow"`
	Version    string      `json:"version"`
	Digest     string      `json:"digest"`
	Status     string      `json:"status"`
	Ended      bool        `json:"ended"`
	StartedAt  time.Time   `json:"startedAt"`
	EndedAt    *time.Time  `json:"endedAt,omitempty"`
	WakeAt     *time.Time  `json:"wakeAt,omitempty"`
	Keys       []string    `json:"keys,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Error      string      `json:"error,omitempty"`
	Records    uint64      `json:"records"`
	Cut        uint64      `json:"cut,omitempty"` // records that the run no longer has
	Messages   int         `json:"messages,omitempty"`
}

// Attribute is a searchable value of a run.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Turn is one record of the run. Facts is what it says, for people and
// programs that read; Data is the record itself.
type Turn struct {
	Kind   string          `json:"kind"`
	Record uint64          `json:"record"`
	At     time.Time       `json:"at"`
	Facts  json.RawMessage `json:"facts,omitempty"`
	Data   []byte          `json:"data"`
}

// Message waits for the run.
type Message struct {
	Kind    string `json:"kind"`
	Sender  string `json:"sender"`
	Seq     uint64 `json:"seq"`
	Outside bool   `json:"outside,omitempty"`
	Data    []byte `json:"data"`
}

// End is the last line.
type End struct {
	Kind  string `json:"kind"`
	Runs  int    `json:"runs"`
	Lines int    `json:"lines"` // this one included
}

// part is some bytes of a payload.
type part struct {
	Kind string `json:"kind"`
	Hash string `json:"hash"`
	Part int    `json:"part"`
	Of   int    `json:"of"`
	Data []byte `json:"data"`
}

// The kinds of lines.
const (
	kindHeader     = "header"
	kindDefinition = "definition"
	kindRun        = "run"
	kindPayload    = "payload"
	kindTurn       = "turn"
	kindMessage    = "message"
	kindEnd        = "end"
)

// RunOf returns the line of a run with this summary.
func RunOf(s eventlog.Summary) Run {
	r := Run{
		Kind: kindRun, Run: s.Stream, Workflow: s.Workflow, Version: s.Version, Digest: s.Digest, Status: s.Status, Ended: s.Ended,
		StartedAt: s.StartedAt.UTC(), EndedAt: at(s.EndedAt), WakeAt: at(s.WakeAt), Keys: s.Keys,
		Reason: s.Reason, Error: s.Error, Records: s.Records, Cut: s.Cut, Messages: s.Inbox,
	}
	for _, a := range s.Attributes {
		r.Attributes = append(r.Attributes, Attribute(a))
	}
	return r
}

// Summary returns the summary that a run's line stands for, of that kind.
func (r *Run) Summary(kind string) eventlog.Summary {
	s := eventlog.Summary{
		Stream: r.Run, Kind: kind, Workflow: r.Workflow, Version: r.Version, Digest: r.Digest, Status: r.Status, Ended: r.Ended,
		StartedAt: r.StartedAt, Keys: r.Keys, Reason: r.Reason, Error: r.Error,
	}
	if r.EndedAt != nil {
		s.EndedAt = *r.EndedAt
	}
	if r.WakeAt != nil {
		s.WakeAt = *r.WakeAt
	}
	for _, a := range r.Attributes {
		s.Attributes = append(s.Attributes, eventlog.Attribute(a))
	}
	return s
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// chain is the hash of a line and all before it.
type chain [sha256.Size]byte

func (c chain) next(body []byte) chain {
	h := sha256.New()
	h.Write(c[:])
	h.Write(body)
	return chain(h.Sum(nil))
}

// chainHead stands between a line's members and its hash, chainTail behind it.
const (
	chainHead = `,"chain":"`
	chainTail = `"}`
	chainSize = len(chainHead) + 2*sha256.Size + len(chainTail)
)

// sealLine returns the line of an object with its hash.
func (c *chain) sealLine(body []byte) []byte {
	*c = c.next(body)
	line := append(body[:len(body)-1], chainHead...)
	line = hex.AppendEncode(line, c[:])
	return append(line, chainTail...)
}

// Error is what is wrong with a file, and where.
type Error struct {
	Line int
	Why  string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }
