package main

import "charm.land/lipgloss/v2"

// The styles of everything that is not a run's tree.
var (
	styleBad  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	styleGood = lipgloss.NewStyle().Foreground(lipgloss.Green)
	styleWarn = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	styleDim  = lipgloss.NewStyle().Faint(true)
	styleBold = lipgloss.NewStyle().Bold(true)
)
