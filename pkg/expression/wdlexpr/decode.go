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
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	x, err := decodeValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err == nil || !strings.Contains(err.Error(), "EOF") {
		return nil, fmt.Errorf("something follows the JSON at byte %d", d.InputOffset())
	}
	return x, nil
}

var errJSONEnd = errors.New("the JSON ends too early")

func decodeValue(d *json.Decoder, depth int) (Value, error) {
	if depth > expression.MaxDepth {
		return nil, errDepth
	}
	token, err := d.Token()
	if err != nil {
		return nil, jsonError(err)
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return decodeList(d, depth)
		}
		return decodeObject(d, depth)
	case json.Number:
		return numberOf(string(v)), nil
	default:
		return v, nil
	}
}

func decodeList(d *json.Decoder, depth int) (Value, error) {
	list := []Value{}
	for d.More() {
		x, err := decodeValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	_, err := d.Token()
	return list, jsonError(err)
}

func decodeObject(d *json.Decoder, depth int) (Value, error) {
	var names []string
	var values []Value
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, jsonError(err)
		}
		x, err := decodeValue(d, depth+1)
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
