package expression

import (
	"testing"
	"time"
)

// testEnv is an environment of slots for tests.
type testEnv map[Read]any

func (e testEnv) Read(r Read) (any, error) {
	if lack, ok := e[r].(*Lack); ok {
		return nil, lack
	}
	return e[r], nil
}
func (testEnv) Now() time.Time { return time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC) }
func (testEnv) Seed() string   { return "run/step" }

// TestFunctionExamples evaluates each example of the library, 100 times: the
// result is the one that the reference shows, and always the same.
func TestFunctionExamples(t *testing.T) {
	for _, f := range Functions() {
		for _, example := range f.Examples {
			p, err := Load(example.Source, nil)
			if err != nil {
				t.Errorf("%s: Load: %v", example.Source, err)
				continue
			}
			for range 100 {
				x, err := p.Eval(testEnv{})
				if err != nil {
					t.Errorf("%s: Eval: %v", example.Source, err)
					break
				}
				got, err := Encode(x)
				if err != nil || string(got) != example.Result {
					t.Errorf("%s = %s, %v, want %s", example.Source, got, err, example.Result)
					break
				}
			}
		}
		if f.Summary == "" || f.Signature == "" {
			t.Errorf("%s has no summary or signature", f.Name)
		}
		if len(f.Examples) == 0 && f.Name != "uuid" && f.Name != "random" {
			t.Errorf("%s has no example", f.Name)
		}
	}
}
