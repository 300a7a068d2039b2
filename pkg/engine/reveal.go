package engine

import (
	"errors"
	"time"

	"github.com/keelstep/keelstep/pkg/expression"
	"github.com/keelstep/keelstep/pkg/graph"
)

// Reveal returns the text that a secret of a trigger's auth stands for. Whoever
// calls it sees to it that it is not written down.
func (e *Engine) Reveal(wf *graph.Workflow, t *expression.Template) (string, error) {
	x, err := t.Eval(secretScope{e, wf})
	if err == nil {
		x, err = expression.OpenSealed(x, e.lookup)
	}
	if err != nil {
		return "", err
	}
	text, ok := x.(string)
	if !ok {
		return "", errors.New("the secret is no text")
	}
	return text, nil
}

// secretScope is what a secret of a trigger's auth can see: secrets and
// parameters.
type secretScope struct {
	e  *Engine
	wf *graph.Workflow
}

// Read returns a secret, sealed, or a parameter.
func (s secretScope) Read(r expression.Read) (any, error) {
	switch r.Root {
	case expression.RootSecrets:
		return expression.Sealed{Secret: r.Name}, nil
	case expression.RootParams:
		for _, p := range s.wf.Params {
			if p.Name == r.Name && p.Secret {
				return expression.Sealed{Secret: paramPrefix + r.Name}, nil
			}
		}
		return s.e.Parameter(s.e.ctx, s.wf, r.Name)
	default: // the compiler refuses all others here
		return nil, nil
	}
}

// Now is the time.
func (s secretScope) Now() time.Time { return s.e.clock.Now() }

// Seed is the same each time: a secret is never random.
func (secretScope) Seed() string { return "" }
