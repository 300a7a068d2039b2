package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/keelstep/keelstep/pkg/expression"
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
	var names []string
	best := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names = append(names, f.Name)
		if len(name) > 2 && strings.HasPrefix(f.Name, name) {
			best = f.Name
		}
	})
	if best == "" {
		best = expression.Nearest(name, names)
	}
	if best == "" {
		return see
	}
	return fmt.Sprintf("did you mean --%s? %s", best, see)
}
