package main

import (
	"charm.land/lipgloss/v2"

	"github.com/keelstep/keelstep/pkg/diag"
)

// The styles of everything that is not a run's tree.
var (
	styleBad  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	styleGood = lipgloss.NewStyle().Foreground(lipgloss.Green)
	styleWarn = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	styleDim  = lipgloss.NewStyle().Faint(true)
	styleBold = lipgloss.NewStyle().Bold(true)
)

// findingStyle is how findings are shown in a terminal.
var findingStyle = diag.Style{
	Message: func(s string) string { return styleBold.Render(s) },
	Warning: func(s string) string { return styleWarn.Render(s) },
	Quiet:   func(s string) string { return styleDim.Render(s) },
	Caret:   func(s string) string { return styleBad.Render(s) },
}
