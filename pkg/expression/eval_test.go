package expression

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// evalEnv is what the cases read.
func evalEnv(t *testing.T) testEnv {
	t.Helper()
	decode := func(text string) any {
		x, err := DecodeRaw([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	return testEnv{
		{Root: RootInput}: decode(`{"id": "o-1", "tier": "gold", "total": 12.5, "big": 9007199254740993, "huge": 18446744073709551616,
			"max": 9223372036854775807, "min": -9223372036854775808, "name": "Größe", "none": null, "empty": [],
			"items": [{"sku": "b", "qty": 2}, {"sku": "a", "qty": 1}, {"sku": "c", "qty": 2}], "mixed": [1, "a", null]}`),
		{Root: RootSteps, Name: "a", Field: "output"}:   decode(`{"id": "x", "total": 3}`),
		{Root: RootSteps, Name: "a", Field: "status"}:   "succeeded",
		{Root: RootVars, Name: "n"}:                     41,
		{Root: RootLoops, Name: "ship", Field: "item"}:  decode(`{"sku": "s", "qty": 3}`),
		{Root: RootLoops, Name: "ship", Field: "index"}: 2,
		{Root: RootSecrets, Name: "KEY"}:                Sealed{Secret: "KEY"},
		{Root: RootRun, Field: "id"}:                    "run-7",
		{Root: RootParams, Name: "limit"}:               100,
	}
}

var evalAliases = map[string]Read{
	"line":  {Root: RootLoops, Name: "ship", Field: "item"},
	"index": {Root: RootLoops, Name: "ship", Field: "index"},
}

// TestEval holds the results of expressions, loaded without being judged,
// against the cases. Each is evaluated ten times and must never differ.
func TestEval(t *testing.T) {
	env := evalEnv(t)
	runCases(t, "eval", func(t *testing.T, source string) string {
		p, err := Load(source, evalAliases)
		if err != nil {
			return err.Error()
		}
		first := showResult(p.Eval(env))
		for range 9 {
			if got := showResult(p.Eval(env)); got != first {
				t.Errorf("%s = %s, then %s", source, first, got)
			}
		}
		return first
	})
}

func showResult(x any, err error) string {
	var failed *Error
	if errors.As(err, &failed) {
		return fmt.Sprintf("%s: %s", failed.Code, failed.Message)
	}
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := Encode(x)
	if err != nil {
		return "encode: " + err.Error()
	}
	text := string(b)
	if len(text) > 200 {
		text = fmt.Sprintf("%s... (%d bytes)", text[:100], len(text))
	}
	switch x.(type) {
	case Duration, time.Time:
		return fmt.Sprintf("%s (%s)", text, strings.TrimPrefix(describe(x), "a "))
	}
	return text
}
