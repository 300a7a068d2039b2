package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagProblem rewrites what the flag parser says into one plain sentence.
func flagProblem(err error) string {
	return strings.TrimPrefix(err.Error(), "Error: ")
}

// flagHint says what to do about a flag that there is not, or that was given
// in a wrong way: the nearest name, else where the flags are listed.
func flagHint(cmd *cobra.Command, err error) string {
	see := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return see
	}
	name := unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		if name[0] >= '0' && name[0] <= '9' || name == "." {
			return fmt.Sprintf("if it is no flag, put it behind --: %s -- -%s", cmd.CommandPath(), group)
		}
		if cmd.Flags().Lookup(group) != nil {
			return fmt.Sprintf("did you mean --%s?", group)
		}
		return see
	}
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		d := distance(name, f.Name)
		if strings.HasPrefix(f.Name, name) && len(name) > 2 {
			d = 1
		}
		if !f.Hidden && d < least && d < len(f.Name) {
			best, least = f.Name, d
		}
	})
	if best == "" {
		return see
	}
	return fmt.Sprintf("did you mean --%s? %s", best, see)
}

// distance is how many letters have to be put in, left out, replaced or
// swapped with their neighbour to make b of a.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			same := 1
			if a[i] == b[j] {
				same = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+same)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
