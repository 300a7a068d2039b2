package wdlexpr

import (
	"math"
	"strconv"
)

// equal tells whether two values are equal. It pays for what it looks at.
func (m *machine) equal(a, b Value) (bool, error) {
	if err := m.charge(1); err != nil {
		return false, err
	}
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case string:
		switch y := b.(type) {
		case string:
			return x == y, m.chargeText(min(len(x), len(y)))
		case bool:
			return x == strconv.FormatBool(y), nil
		}
		return false, nil
	case bool:
		switch y := b.(type) {
		case bool:
			return x == y, nil
		case string:
			return m.equal(b, a)
		}
		if kindOf(b)&kindNumber != 0 {
			c, ok := compareNumbers(map[bool]Value{false: int64(0), true: int64(1)}[x], b)
			return ok && c == 0, nil
		}
		return false, nil
	case []Value:
		y, ok := b.([]Value)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for i := range x {
			if same, err := m.equal(x[i], y[i]); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case *Object:
		y, ok := b.(*Object)
		if !ok || x.Len() != y.Len() {
			return false, nil
		}
		for i, name := range x.names {
			other, ok := y.Get(name)
			if !ok {
				return false, nil
			}
			if same, err := m.equal(x.values[i], other); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	if _, ok := b.(bool); ok {
		return m.equal(b, a)
	}
	if kindOf(b)&kindNumber == 0 {
		return false, nil
	}
	c, ok := compareNumbers(a, b)
	return ok && c == 0, nil
}

// key returns a text that two values share when they are deeply equal: what
// sets are made by. Members are sorted, numbers are of one kind.
func (m *machine) key(x Value) (string, error) {
	b, err := appendKey(nil, x, 0)
	if err == nil {
		err = m.charge(1 + len(b)/bytesPerStep)
	}
	return string(b), err
}

func appendKey(b []byte, x Value, depth int) ([]byte, error) {
	var err error
	switch v := x.(type) {
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return strconv.AppendInt(b, int64(v), 10), nil
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64), nil
	case Decimal:
		if t := v.trimmed(0); t.scale == 0 {
			return append(b, t.String()...), nil
		}
		return strconv.AppendFloat(b, v.float(), 'g', -1, 64), nil
	case []Value:
		if depth > MaxNesting*5 {
			return nil, errDepth
		}
		b = append(b, '[')
		for _, element := range v {
			if b, err = appendKey(b, element, depth+1); err != nil {
				return nil, err
			}
			b = append(b, ',')
		}
		return append(b, ']'), nil
	case *Object:
		if depth > MaxNesting*5 {
			return nil, errDepth
		}
		b = append(b, '{')
		for _, i := range v.sorted() {
			b = append(appendQuoted(b, v.names[i]), ':')
			if b, err = appendKey(b, v.values[i], depth+1); err != nil {
				return nil, err
			}
			b = append(b, ',')
		}
		return append(b, '}'), nil
	}
	return appendJSON(b, x, depth)
}
