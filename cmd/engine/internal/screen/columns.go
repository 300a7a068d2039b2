package screen

import (
	"strings"
	"time"

	"charm.land/lipgloss/v2"
)

// pad fills s with spaces to n columns.
func pad(s string, n int) string {
	if w := width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}

// padLeft fills s with spaces before it to n columns.
func padLeft(s string, n int) string {
	if w := width(s); w < n {
		return strings.Repeat(" ", n-w) + s
	}
	return s
}

// paint is style.Render, but nothing stays nothing.
func paint(style lipgloss.Style, s string) string {
	if s == "" {
		return ""
	}
	return style.Render(s)
}

// tenth prints seconds with one digit behind the point.
func tenth(d time.Duration) string {
	t := d.Round(100*time.Millisecond) / (100 * time.Millisecond)
	return itoa(int64(t/10)) + "." + itoa(int64(t%10)) + "s"
}

// pair prints a duration in a unit and the one below it.
func pair(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	rest := itoa(int64(d % big / small))
	if len(rest) < 2 {
		rest = "0" + rest
	}
	return itoa(int64(d/big)) + bigName + rest + smallName
}
