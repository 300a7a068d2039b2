package graph

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// ChildSpec is the workflow that a CallWorkflow step runs as a child.
type ChildSpec struct {
	Workflow string
	With     *expression.Template // nil: {}
	Detach   bool                 // the step does not wait
	Returns  *expression.Schema   // nil: unchecked
}

// EmitSpec is the CloudEvent that an Emit step publishes.
type EmitSpec struct {
	Type    string
	Subject *expression.Template // nil: none
	Data    *expression.Template // nil: null
}

// MatchField is one condition of a match: the member of the event at Path must
// equal Value, which is evaluated when the match opens.
type MatchField struct {
	Path  string // dotted, such as data.orderId
	Value *expression.Template
}

// Listen is a match that opens when the run starts and keeps what comes under
// Name until an await takes it.
type Listen struct {
	Name, Type string
	Match      []MatchField
}

// ApprovalSpec is a task for people.
type ApprovalSpec struct {
	To, Title *expression.Template
	Options   []string // the first is the one that approves
	// Require is how many answers with the first option end the task; -1: one
	// of each of To. An answer that differs ends it when Require is -1, and
	// otherwise counts for its own option.
	Require int
	Form    *expression.Schema // nil: none
	Notify  *Block             // one action that tells the people; nil: none
	Every   time.Duration      // between reminders; 0: none
	Max     int                // reminders at most
}

// Tracked is a searchable attribute of a run that a step sets at its end.
type Tracked struct {
	Name  string
	Value *expression.Program
}

// Concurrency bounds the runs of a workflow that have one key.
type Concurrency struct {
	Key     *expression.Program // nil: one key for all
	Limit   int
	Named   string // the limit of the environment that counts in place of Limit
	OnLimit OnLimit
	Queue   int // how many may wait
}

// OnLimit is what happens to a start beyond the limit.
type OnLimit uint8

// The rules of onLimit.
const (
	Queue         OnLimit = iota // waits its turn
	Reject                       // 429
	CancelRunning                // the one that runs is cancelled
	Skip                         // 409, nothing starts
)

// ScheduleTrigger fires by the clock of a zone.
type ScheduleTrigger struct {
	Cron    string        // empty: Every
	Every   time.Duration // 0: Cron
	Zone    string        // IANA name; empty: UTC
	Overlap Overlap
	CatchUp time.Duration // how old a missed firing may be; 0: none is made up for
}

// Overlap is what happens when a firing falls due while the last one's run
// still runs.
type Overlap uint8

// The rules of overlap.
const (
	OverlapAllow Overlap = iota
	OverlapSkip
	OverlapQueue
	OverlapCancel
)

// EventTrigger fires for each CloudEvent of a type.
type EventTrigger struct {
	Type string
}

// TriggerPolicy is what every trigger may have besides its kind.
type TriggerPolicy struct {
	Where     *expression.Program // over trigger and event; nil: all
	DedupeKey *expression.Program // nil: none
	Window    time.Duration       // of the dedupe key
	SplitOn   *expression.Program // a list: one run for each; nil: none
	Rate      Rate
	Auth      *Auth // nil: the engine's own key
}

// Rate is how often a trigger may fire. The zero value is no bound.
type Rate struct {
	Count int
	Per   time.Duration
}

// Auth is who may fire an http trigger. Exactly one is set. The templates are
// evaluated to sealed secrets.
type Auth struct {
	Key  *expression.Template // the value of the header or query parameter
	HMAC *HMACAuth
	JWT  *JWTAuth
}

// HMACAuth checks a signature over the body.
type HMACAuth struct {
	Secret    *expression.Template
	Header    string
	Algorithm string // sha256 or sha1
	Prefix    string // in front of the signature in the header
}

// JWTAuth checks a bearer token of an issuer.
type JWTAuth struct {
	Issuer, Audience string
	JWKS             string // URL; empty: discovered from the issuer
	Claims           []Claim
}

// Claim is a value that a token must have.
type Claim struct{ Name, Value string }
