package dsl

import (
	"regexp"

	"github.com/keelstep/keelstep/pkg/expression"
)

var (
	nonName  = regexp.MustCompile(`[^a-z0-9]+`)
	nonIdent = regexp.MustCompile(`[^A-Za-z0-9_]+`)
	nonLabel = regexp.MustCompile(`[^A-Za-z0-9._+-]+`)
)

// maxListed is how many names a did-you-mean is given.
const maxListed = 500

// nearest returns the candidate that name was probably meant to be, empty
// when none is near.
func nearest(name string, candidates []string) string { return expression.Nearest(name, candidates) }
