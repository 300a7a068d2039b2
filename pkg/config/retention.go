package config

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/keelstep/keelstep/pkg/diag"
	"github.com/keelstep/keelstep/pkg/expression"
)

// Retention says how long runs are kept once they ended, by status; runs of a
// workflow may have ages of their own. The zero value is DefaultRetention.
type Retention struct {
	Ages      Ages
	Workflows map[string]Ages
	// Every is the time between two passes over the runs, Sweep that between two
	// searches for payloads that nobody names; 0: as the engine likes.
	Every, Sweep time.Duration
}

// Ages is how long runs are kept, by the status with which they ended; Never
// has them kept for good.
type Ages map[string]time.Duration

// Never is the age that no run reaches.
const Never time.Duration = math.MaxInt64

// RetentionStatuses is the statuses that retention speaks of, in the order in
// which they are shown. A run that is stuck has not ended: none is dropped.
var RetentionStatuses = []string{"succeeded", "failed", "timedOut", "cancelled"}

// DefaultRetention is the ages of what nobody says anything about. The two
// other statuses are kept as long as failed.
var DefaultRetention = Ages{"succeeded": 30 * 24 * time.Hour, "failed": 90 * 24 * time.Hour}

// Age returns how long a run of this workflow and status is kept: what is said
// for the workflow, else for all, else the default. timedOut and cancelled are
// as failed where only that is given.
func (r Retention) Age(workflow, status string) time.Duration {
	if !slices.Contains(RetentionStatuses, status) {
		return Never
	}
	for _, ages := range []Ages{r.Workflows[workflow], r.Ages, DefaultRetention} {
		if age, ok := ages[status]; ok {
			return age
		}
		if age, ok := ages["failed"]; ok && status != "succeeded" {
			return age
		}
	}
	return Never
}

// Shortest returns the least age there is.
func (r Retention) Shortest() time.Duration {
	least := Never
	for _, status := range RetentionStatuses {
		least = min(least, r.Age("", status))
	}
	for _, ages := range r.Workflows {
		for _, age := range ages {
			least = min(least, age)
		}
	}
	return least
}

// With returns r with what rules say in place of what it says itself. A rule is
// STATUS=AGE or WORKFLOW/STATUS=AGE, such as succeeded=7d or order/failed=never.
func (r Retention) With(rules ...string) (Retention, error) {
	out := Retention{Ages: Ages{}, Workflows: map[string]Ages{}, Every: r.Every, Sweep: r.Sweep}
	for status, age := range r.Ages {
		out.Ages[status] = age
	}
	for workflow, ages := range r.Workflows {
		out.Workflows[workflow] = Ages{}
		for status, age := range ages {
			out.Workflows[workflow][status] = age
		}
	}
	for _, rule := range rules {
		left, text, ok := strings.Cut(rule, "=")
		if !ok {
			return r, fmt.Errorf("%q is no rule: write STATUS=AGE or WORKFLOW/STATUS=AGE, such as succeeded=7d", rule)
		}
		age, err := parseAge(text)
		if err != nil {
			return r, err
		}
		workflow, status, of := strings.Cut(left, "/")
		if !of {
			workflow, status = "", left
		}
		if !slices.Contains(RetentionStatuses, status) {
			return r, fmt.Errorf("%q is no status that a run ends with: there are %s", status, strings.Join(RetentionStatuses, ", "))
		}
		if !of {
			out.Ages[status] = age
			continue
		}
		if out.Workflows[workflow] == nil {
			out.Workflows[workflow] = Ages{}
		}
		out.Workflows[workflow][status] = age
	}
	return out, nil
}

// parseAge reads a duration or never.
func parseAge(text string) (time.Duration, error) {
	if text == "never" {
		return Never, nil
	}
	d, err := expression.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no age: write it like 12h, 30d or never", text)
	}
	return d, nil
}

// retention reads how long runs are kept.
func (l *loader) retention(env *Environment, doc map[string]any) {
	raw, _ := doc["retention"].(map[string]any)
	env.Retention = Retention{Ages: l.ages("/retention", raw), Workflows: map[string]Ages{}}
	env.Retention.Every = l.period("/retention/every", raw["every"])
	env.Retention.Sweep = l.period("/retention/sweep", raw["sweep"])
	all, _ := raw["workflows"].(map[string]any)
	for _, name := range sorted(all) {
		ages, _ := all[name].(map[string]any)
		env.Retention.Workflows[name] = l.ages("/retention/workflows/"+escape(name), ages)
	}
}

func (l *loader) ages(pointer string, raw map[string]any) Ages {
	ages := Ages{}
	for _, status := range RetentionStatuses {
		text, ok := raw[status].(string)
		if !ok {
			continue
		}
		age, err := parseAge(text)
		at := pointer + "/" + status
		if err != nil {
			l.noDuration(at, text, "write it like 12h, 30d or never")
			continue
		}
		ages[status] = age
	}
	return ages
}

// period reads how often something is done; 0: nothing says so.
func (l *loader) period(pointer string, raw any) time.Duration {
	text, ok := raw.(string)
	if !ok {
		return 0
	}
	d, err := expression.ParseDuration(text)
	switch {
	case err != nil:
		l.noDuration(pointer, text, "write it like 500ms, 30s, 5m, 2h or 1d")
		return 0
	case d <= 0:
		l.report(codeValue, pointer, fmt.Sprintf("%s is no time between two passes", text), "take more than 0s; an age of never keeps runs for good")
	}
	return d
}

// noDuration reports a text that is no stretch of time, unless the schema did.
func (l *loader) noDuration(pointer, text, hint string) {
	if !slices.ContainsFunc(l.structure, func(d diag.Diagnostic) bool { return d.Path == pointer }) {
		l.report(codeDuration, pointer, fmt.Sprintf("%q is not a stretch of time", text), hint)
	}
}
