package wdlexpr

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Decode reads JSON. The order of members is kept; of a name that comes twice
// the last member counts. A number without fraction and exponent is an int64,
// or when it is larger an integral Decimal; any other one is a float64.
func Decode(b []byte) (Value, error) {
	return decode(string(b), nil)
}

// decode reads JSON; m pays for the values, unless it is nil.
func decode(text string, m *machine) (Value, error) {
	d := &decoder{Decoder: json.NewDecoder(strings.NewReader(text)), m: m}
	d.UseNumber()
	x, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err == nil || !strings.Contains(err.Error(), "EOF") {
		return nil, fmt.Errorf("something follows the JSON at byte %d", d.InputOffset())
	}
	return x, nil
}

// decoder reads values, each of which takes a step of m.
type decoder struct {
	*json.Decoder
	m *machine
}

var errJSONEnd = errors.New("the JSON ends too early")

func (d *decoder) value(depth int) (Value, error) {
	if depth > expression.MaxDepth {
		return nil, errDepth
	}
	if err := d.m.chargeIf(1); err != nil {
		return nil, err
	}
	token, err := d.Token()
	if err != nil {
		return nil, jsonError(err)
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return d.list(depth)
		}
		return d.object(depth)
	case json.Number:
		return numberOf(string(v)), nil
	default:
		return v, nil
	}
}

func (d *decoder) list(depth int) (Value, error) {
	list := []Value{}
	for d.More() {
		x, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	_, err := d.Token()
	return list, jsonError(err)
}

func (d *decoder) object(depth int) (Value, error) {
	var names []string
	var values []Value
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, jsonError(err)
		}
		x, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		text, ok := name.(string)
		if !ok {
			return nil, errors.New("the name of a member is missing")
		}
		names, values = append(names, text), append(values, x)
	}
	if _, err := d.Token(); err != nil {
		return nil, jsonError(err)
	}
	return NewObject(names, values), nil
}

func jsonError(err error) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("the JSON is not valid at byte %d: %s", syntax.Offset, strings.TrimPrefix(err.Error(), "json: "))
	case strings.Contains(err.Error(), "EOF"):
		return errJSONEnd
	}
	return err
}

// numberOf returns the value of a valid JSON number.
func numberOf(text string) Value {
	if strings.ContainsAny(text, ".eE") {
		return floatOf(text)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if len(text) <= 30 {
		if d, err := parseDecimal(text); err == nil {
			d.whole = true
			return d
		}
	}
	return floatOf(text)
}

// floatOf reads a number; one that is too large is infinite.
func floatOf(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return math.NaN()
	}
	return f
}
