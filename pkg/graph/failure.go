package graph

import (
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Failure is an error as a workflow sees it, in expressions as error.code and
// so on.
type Failure struct {
	Code, Message string
	Status        int    // of HTTP; 0: none
	Step          string // id of the step that failed
	Attempt       int
	Details       expression.Value
	// Final means that a retry cannot help; Certain that the failed call
	// certainly had no effect; Lost that its outcome is unknown.
	Final, Certain, Lost bool
	RetryAfter           time.Duration
}

// Error returns code and message.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }
