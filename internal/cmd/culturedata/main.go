// Command culturedata writes the cultures of pkg/expression/wdlexpr: the names
// of months and days, the patterns of dates and the signs of numbers, as .NET
// derives them from the Unicode CLDR. It reads the folders main of the CLDR's
// JSON packages for dates and numbers (release 48.2):
//
//	go run ./internal/cmd/culturedata -dates DIR -numbers DIR
//
// It is run by hand when the CLDR has a new release.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dates := flag.String("dates", "", "folder main of the CLDR's package for dates")
	numbers := flag.String("numbers", "", "folder main of the CLDR's package for numbers")
	out := flag.String("out", "pkg/expression/wdlexpr/data/cultures.txt", "file to write")
	flag.Parse()
	if err := run(cultures, *dates, *numbers, *out); err != nil {
		fmt.Fprintln(os.Stderr, "culturedata:", err)
		os.Exit(1)
	}
}

// culture is one that is written: its name, its folder in the CLDR and its
// currency.
type culture struct{ name, folder, currency string }

// cultures are all, in the order in which a language alone finds its own.
var cultures = []culture{
	{"bg-BG", "bg", "BGN"},
	{"cs-CZ", "cs", "CZK"},
	{"da-DK", "da", "DKK"},
	{"de-DE", "de", "EUR"},
	{"de-AT", "de-AT", "EUR"},
	{"de-CH", "de-CH", "CHF"},
	{"el-GR", "el", "EUR"},
	{"en-US", "en", "USD"},
	{"en-AU", "en-AU", "AUD"},
	{"en-CA", "en-CA", "CAD"},
	{"en-GB", "en-GB", "GBP"},
	{"en-IE", "en-IE", "EUR"},
	{"en-IN", "en-IN", "INR"},
	{"en-NZ", "en-NZ", "NZD"},
	{"en-ZA", "en-ZA", "ZAR"},
	{"es-ES", "es", "EUR"},
	{"es-AR", "es-AR", "ARS"},
	{"es-MX", "es-MX", "MXN"},
	{"et-EE", "et", "EUR"},
	{"fi-FI", "fi", "EUR"},
	{"fr-FR", "fr", "EUR"},
	{"fr-BE", "fr-BE", "EUR"},
	{"fr-CA", "fr-CA", "CAD"},
	{"fr-CH", "fr-CH", "CHF"},
	{"hr-HR", "hr", "EUR"},
	{"hu-HU", "hu", "HUF"},
	{"id-ID", "id", "IDR"},
	{"is-IS", "is", "ISK"},
	{"it-IT", "it", "EUR"},
	{"it-CH", "it-CH", "CHF"},
	{"ja-JP", "ja", "JPY"},
	{"ko-KR", "ko", "KRW"},
	{"lt-LT", "lt", "EUR"},
	{"lv-LV", "lv", "EUR"},
	{"nb-NO", "no", "NOK"},
	{"nl-NL", "nl", "EUR"},
	{"nl-BE", "nl-BE", "EUR"},
	{"pl-PL", "pl", "PLN"},
	{"pt-BR", "pt", "BRL"},
	{"pt-PT", "pt-PT", "EUR"},
	{"ro-RO", "ro", "RON"},
	{"ru-RU", "ru", "RUB"},
	{"sk-SK", "sk", "EUR"},
	{"sl-SI", "sl", "EUR"},
	{"sv-SE", "sv", "SEK"},
	{"tr-TR", "tr", "TRY"},
	{"uk-UA", "uk", "UAH"},
	{"vi-VN", "vi", "VND"},
	{"zh-CN", "zh", "CNY"},
	{"zh-TW", "zh-Hant", "TWD"},
}

// documented are currency signs that the functions' documentation shows
// otherwise than the CLDR.
var documented = map[string]string{"is-IS": "kr"}

func run(cultures []culture, dates, numbers, out string) error {
	if dates == "" || numbers == "" {
		return errors.New("name the folders with -dates and -numbers")
	}
	var b strings.Builder
	b.WriteString("CLDR 48.2\n")
	for _, c := range cultures {
		if err := writeDates(&b, c.name, filepath.Join(dates, c.folder, "ca-gregorian.json")); err != nil {
			return err
		}
		if err := writeNumbers(&b, c.name, c.currency, filepath.Join(numbers, c.folder)); err != nil {
			return err
		}
	}
	return os.WriteFile(out, []byte(b.String()), 0o644)
}

// tree is a JSON object of the CLDR.
type tree map[string]any

// at returns the tree at a path below t.
func (t tree) at(path ...string) tree {
	for _, name := range path {
		next, _ := t[name].(map[string]any)
		t = next
	}
	return t
}

// text returns a text of t; of a text that is an object, its _value.
func (t tree) text(name string) string {
	switch v := t[name].(type) {
	case string:
		return v
	case map[string]any:
		text, _ := v["_value"].(string)
		return text
	}
	return ""
}

// list returns the texts of t under those names.
func (t tree) list(names ...string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = t.text(name)
	}
	return strings.Join(texts, "|")
}

// read reads a file of the CLDR; its content stands below main and the locale.
func read(file string) (tree, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var doc struct{ Main map[string]tree }
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, locale := range doc.Main { // there is one
		return locale, nil
	}
	return nil, fmt.Errorf("%s: no locale", file)
}

func writeDates(b *strings.Builder, name, file string) error {
	t, err := read(file)
	if err != nil {
		return err
	}
	t = t.at("dates", "calendars", "gregorian")
	months, days := make([]string, 12), []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	for i := range months {
		months[i] = fmt.Sprint(i + 1)
	}
	line := func(key, value string) { fmt.Fprintf(b, "%s=%s\n", key, value) }
	fmt.Fprintf(b, "\n[%s]\n", name)
	line("months", t.at("months", "stand-alone", "wide").list(months...))
	line("monthsOfDay", t.at("months", "format", "wide").list(months...))
	line("shortMonths", t.at("months", "stand-alone", "abbreviated").list(months...))
	line("shortMonthsOfDay", t.at("months", "format", "abbreviated").list(months...))
	line("days", t.at("days", "stand-alone", "wide").list(days...))
	line("shortDays", t.at("days", "stand-alone", "abbreviated").list(days...))
	line("halves", strings.ReplaceAll(t.at("dayPeriods", "format", "abbreviated").list("am", "pm"), "\u202f", " "))
	line("shortDate", strings.ReplaceAll(strings.ReplaceAll(pattern(t.at("dateFormats").text("short")), "yyyy", "yy"), "yy", "yyyy"))
	line("longDate", pattern(t.at("dateFormats").text("full")))
	line("shortTime", pattern(t.at("timeFormats").text("short")))
	line("longTime", pattern(t.at("timeFormats").text("medium")))
	line("monthDay", pattern(t.at("dateTimeFormats", "availableFormats").text("MMMMd")))
	line("yearMonth", pattern(t.at("dateTimeFormats", "availableFormats").text("yMMMM")))
	return nil
}

// pattern turns a pattern of the CLDR into one of .NET.
func pattern(p string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(p); {
		c := p[i]
		if c == '\'' {
			quoted = !quoted
		}
		if quoted || c == '\'' || strings.IndexByte("GyMLdEcabBhHmsK", c) < 0 {
			b.WriteByte(c)
			i++
			continue
		}
		n := i
		for n < len(p) && p[n] == c {
			n++
		}
		b.WriteString(letters(c, n-i))
		i = n
	}
	return strings.TrimSpace(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(b.String()))
}

// letters are n letters of the CLDR as .NET writes them.
func letters(c byte, n int) string {
	switch c {
	case 'y':
		if n == 1 {
			n = 4
		}
	case 'L':
		c = 'M'
	case 'E', 'c':
		c, n = 'd', max(3, min(n, 4))
	case 'a', 'b', 'B':
		c, n = 't', 2
	case 'K':
		c = 'h'
	case 'G':
		return ""
	}
	return strings.Repeat(string(c), n)
}

func writeNumbers(b *strings.Builder, name, currency, folder string) error {
	t, err := read(filepath.Join(folder, "numbers.json"))
	if err != nil {
		return err
	}
	c, err := read(filepath.Join(folder, "currencies.json"))
	if err != nil {
		return err
	}
	t = t.at("numbers")
	symbols := t.at("symbols-numberSystem-latn")
	symbol := cmp.Or(documented[name], c.at("numbers", "currencies", currency).text("symbol"), currency)
	digits := "2"
	switch currency {
	case "ISK", "JPY", "KRW", "VND":
		digits = "0"
	}
	spaces := strings.NewReplacer("\u00a0", " ", "\u200f", "", "\u200e", "", ";", "|")
	standard := t.at("decimalFormats-numberSystem-latn").text("standard")
	fmt.Fprintf(b, "decimal=%s\ngroup=%s\nminus=%s\nnan=%s\ninfinity=%s\npercent=%s\ngrouping=%s\ncurrency=%s\ncurrencyPattern=%s\ncurrencyDigits=%s\n",
		symbols.text("decimal"), symbols.text("group"), symbols.text("minusSign"), symbols.text("nan"), symbols.text("infinity"),
		spaces.Replace(t.at("percentFormats-numberSystem-latn").text("standard")), standard, symbol,
		spaces.Replace(t.at("currencyFormats-numberSystem-latn").text("standard")), digits)
	return nil
}
