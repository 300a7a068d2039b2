package wdlexpr

import (
	_ "embed" // the data of the cultures
	"fmt"
	"strconv"
	"strings"
)

// cultureData is a line "CLDR RELEASE", then for each culture a line with its
// name in brackets and lines "key=value", where | stands between parts.
//
//go:embed data/cultures.txt
var cultureData string

// culture is how a language and a country write dates and numbers.
type culture struct {
	name                                               string
	months, monthsOfDay, shortMonths, shortMonthsOfDay []string // from January on; of a day: beside its number
	days, shortDays                                    []string // from Sunday on
	halves                                             []string // AM and PM
	shortDate, longDate, shortTime, longTime           string
	monthDay, yearMonth                                string
	decimal, group, minus, nan, infinity               string
	percent, currency, currencyPattern                 string // the patterns as the CLDR writes them
	groups                                             []int  // sizes of groups of digits, from the point on
	currencyDigits                                     int
}

// Cultures lists the cultures that functions know by name, in the order of the
// data: language and country.
func Cultures() []string {
	names := make([]string, len(cultures))
	for i, c := range cultures {
		names[i] = c.name
	}
	return names
}

// invariant is the culture of no country.
var invariant = &culture{
	months: english.months, monthsOfDay: english.months, shortMonths: english.shortMonths, shortMonthsOfDay: english.shortMonths,
	days: english.days, shortDays: english.shortDays, halves: english.halves,
	shortDate: "MM/dd/yyyy", longDate: "dddd, dd MMMM yyyy", shortTime: "HH:mm", longTime: "HH:mm:ss", monthDay: "MMMM dd", yearMonth: "yyyy MMMM",
	decimal: ".", group: ",", minus: "-", nan: "NaN", infinity: "Infinity", percent: "#,##0 %", currency: "¤", currencyPattern: "¤#,##0.00",
	groups: []int{3}, currencyDigits: 2,
}

// cultures are all cultures, in the order of the data.
var cultures = readCultures()

// english is the culture that holds where none is named.
var english = func() *culture {
	for _, c := range cultures {
		if c.name == "en-US" {
			return c
		}
	}
	panic("wdlexpr: the culture en-US is missing")
}()

func readCultures() []*culture {
	var list []*culture
	var c *culture
	for line := range strings.Lines(cultureData) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "[") {
			c = &culture{name: strings.Trim(line, "[]")}
			list = append(list, c)
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			c.set(key, value)
		}
	}
	return list
}

// set takes one line of the data.
func (c *culture) set(key, value string) {
	texts := map[string]*string{
		"shortDate": &c.shortDate, "longDate": &c.longDate, "shortTime": &c.shortTime, "longTime": &c.longTime,
		"monthDay": &c.monthDay, "yearMonth": &c.yearMonth, "decimal": &c.decimal, "group": &c.group, "minus": &c.minus,
		"nan": &c.nan, "infinity": &c.infinity, "percent": &c.percent, "currency": &c.currency, "currencyPattern": &c.currencyPattern,
	}
	lists := map[string]*[]string{
		"months": &c.months, "monthsOfDay": &c.monthsOfDay, "shortMonths": &c.shortMonths, "shortMonthsOfDay": &c.shortMonthsOfDay,
		"days": &c.days, "shortDays": &c.shortDays, "halves": &c.halves,
	}
	switch text, list := texts[key], lists[key]; {
	case text != nil:
		*text = value
	case list != nil:
		*list = strings.Split(value, "|")
	case key == "grouping":
		c.groups = groupSizes(value)
	case key == "currencyDigits":
		n, err := strconv.Atoi(value)
		if err != nil {
			panic("wdlexpr: bad digits of the culture " + c.name)
		}
		c.currencyDigits = n
	default:
		panic("wdlexpr: unknown line " + key + " of the culture " + c.name)
	}
}

// groupSizes reads the sizes of groups from a pattern such as #,##,##0.###.
func groupSizes(pattern string) []int {
	whole, _, _ := strings.Cut(pattern, ".")
	parts := strings.Split(whole, ",")
	var sizes []int
	for i := len(parts) - 1; i > 0; i-- {
		sizes = append(sizes, len(parts[i]))
	}
	return sizes
}

// cultureOf returns the culture of a name such as de-DE; case does not count,
// a language alone and a country that is not there stand for the language's
// first culture. The empty name is the invariant culture.
func cultureOf(name string) (*culture, error) {
	if name == "" {
		return invariant, nil
	}
	language, _, _ := strings.Cut(name, "-")
	var near *culture
	for _, c := range cultures {
		if strings.EqualFold(c.name, name) {
			return c, nil
		}
		if own, _, _ := strings.Cut(c.name, "-"); near == nil && (strings.EqualFold(own, language) || own == "nb" && strings.EqualFold(language, "no")) {
			near = c
		}
	}
	if near != nil && len(name) <= 11 {
		return near, nil
	}
	return nil, fmt.Errorf("the culture %s is not supported", quote(name))
}
