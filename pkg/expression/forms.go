package expression

import (
	"fmt"
	"slices"
	"strconv"
)

// form tells what is wrong with a text as an argument, nil when it is valid. A
// constant argument is held against it when the expression is compiled.
type form func(text string) error

// oneOf is the form of a text that is one of a few; what names it in the
// message.
func oneOf(what string, known []string) form {
	return func(text string) error {
		if slices.Contains(known, text) {
			return nil
		}
		return fmt.Errorf("%s is one of %s%s", what, quoteAll(known), didYouMean(text, known))
	}
}

var orderNames = []string{"asc", "desc"}

func orderForm(text string) error {
	if !slices.Contains(orderNames, text) {
		return fmt.Errorf(`the order is "asc" or "desc"`)
	}
	return nil
}

func timeForm(text string) error {
	_, err := ParseTime(text)
	return err
}

func durationForm(text string) error {
	_, err := ParseDuration(text)
	return err
}

func patternForm(text string) error {
	_, err := compilePattern(text)
	return err
}

func preparePattern(text string) (any, error) { return compilePattern(text) }

func formatCount(n uint64) string { return strconv.FormatUint(n, 10) }
