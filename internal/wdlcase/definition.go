package wdlcase

import (
	"github.com/keelstep/keelstep/pkg/expression/wdlexpr"
)

// Strings calls yield with each string of a JSON value, names of members
// included, in order.
func Strings(x wdlexpr.Value, yield func(string)) {
	switch v := x.(type) {
	case string:
		yield(v)
	case []wdlexpr.Value:
		for _, element := range v {
			Strings(element, yield)
		}
	case *wdlexpr.Object:
		for i := range v.Len() {
			name, value := v.At(i)
			yield(name)
			Strings(value, yield)
		}
	}
}
