package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/keelstep/keelstep/pkg/config"
)

func TestRetentionAge(t *testing.T) {
	const day = 24 * time.Hour
	r := config.Retention{
		Ages:      config.Ages{"failed": 10 * day, "cancelled": 5 * day},
		Workflows: map[string]config.Ages{"order": {"failed": config.Never}, "bulk": {"succeeded": time.Hour}},
	}
	for _, c := range []struct {
		of       config.Retention
		workflow string
		status   string
		want     time.Duration
	}{
		{config.Retention{}, "order", "succeeded", 30 * day},
		{config.Retention{}, "order", "failed", 90 * day},
		{config.Retention{}, "order", "timedOut", 90 * day},
		{config.Retention{}, "order", "cancelled", 90 * day},
		{config.Retention{}, "order", "stuck", config.Never},
		{config.Retention{}, "order", "running", config.Never},
		{r, "other", "succeeded", 30 * day},
		{r, "other", "failed", 10 * day},
		{r, "other", "timedOut", 10 * day},
		{r, "other", "cancelled", 5 * day},
		{r, "order", "cancelled", config.Never},
		{r, "order", "succeeded", 30 * day},
		{r, "bulk", "succeeded", time.Hour},
		{r, "bulk", "timedOut", 10 * day},
	} {
		if got := c.of.Age(c.workflow, c.status); got != c.want {
			t.Errorf("Age(%q, %q) = %v, want %v", c.workflow, c.status, got, c.want)
		}
	}
	if got := r.Shortest(); got != time.Hour {
		t.Errorf("Shortest = %v", got)
	}
	with, err := r.With("succeeded=2d", "order/failed=3d", "new/cancelled=0s")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		workflow, status string
		want             time.Duration
	}{
		{"other", "succeeded", 2 * day}, {"order", "failed", 3 * day}, {"bulk", "succeeded", time.Hour}, {"new", "cancelled", 0},
	} {
		if got := with.Age(c.workflow, c.status); got != c.want {
			t.Errorf("with rules, Age(%q, %q) = %v, want %v", c.workflow, c.status, got, c.want)
		}
	}
	if got := r.Age("order", "failed"); got != config.Never {
		t.Errorf("the rules changed what they were added to: %v", got)
	}
	for rule, says := range map[string]string{
		"7d": "is no rule", "stuck=7d": "is no status", "order/=7d": "is no status", "failed=soon": "is no age", "failed=-1d": "is no age",
	} {
		if _, err := r.With(rule); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("With(%q) = %v, want %q", rule, err, says)
		}
	}
}
