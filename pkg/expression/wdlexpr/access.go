package wdlexpr

import (
	"fmt"
	"strings"
)

// property returns the property of x with that name. guarded tells that a
// property that is missing, and any of null, is null. slash tells that the name has
// slashes: unless there is a property of the whole name, each stands for a step down.
func (m *machine) property(x Value, name string, guarded, slash bool) (Value, error) {
	o, ok := x.(*Object)
	if !ok {
		if x == nil && guarded {
			return nil, nil
		}
		return nil, noProperty(x, name)
	}
	if n := o.Len(); n > 4*elementsPerStep {
		if err := m.charge(n / elementsPerStep); err != nil {
			return nil, err
		}
	}
	if value, ok := o.Find(name); ok {
		return value, nil
	}
	if slash {
		first, rest, _ := strings.Cut(name, "/")
		if value, ok := o.Find(first); ok && first != "" && rest != "" {
			return m.property(value, rest, guarded, strings.Contains(rest, "/"))
		}
	}
	if guarded {
		return nil, nil
	}
	return nil, failf("the property %s doesn't exist, available properties are %s", quote(name), o.listNames())
}

// noProperty is the error of a property of something that has none.
func noProperty(x Value, name string) error {
	if x == nil {
		return failf("the property %s cannot be read of null: write ? in front of the access where the value may be missing", quote(name))
	}
	if _, ok := x.([]Value); ok {
		return failf("the property %s cannot be read of an array: elements are selected by an integer", quote(name))
	}
	return failf("the property %s cannot be read of %s", quote(name), describe(x))
}

// listNames lists the names of members for messages.
func (o *Object) listNames() string {
	const most = 10
	if o.Len() == 0 {
		return "none"
	}
	names := make([]string, 0, most+1)
	for i, name := range o.names {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", o.Len()-most))
			break
		}
		names = append(names, quote(name))
	}
	return strings.Join(names, ", ")
}

// element returns the element of a list. guarded tells that one beyond its
// ends, and any of null, is null.
func element(x, index Value, guarded bool) (Value, error) {
	if x == nil {
		if guarded {
			return nil, nil
		}
		return nil, failf("an element cannot be read of null: write ? in front of the access where the value may be missing")
	}
	list, ok := x.([]Value)
	if !ok {
		if _, isObject := x.(*Object); isObject {
			return nil, failf("an object cannot be read with %s: properties are selected by a string", describe(index))
		}
		return nil, failf("an element cannot be read of %s", describe(x))
	}
	i, ok := index.(int64)
	if !ok {
		return nil, failf("an array cannot be read with %s: elements are selected by an integer", describe(index))
	}
	if i >= 0 && i < int64(len(list)) {
		return list[i], nil
	}
	if guarded {
		return nil, nil
	}
	return nil, failf("the array index %d is outside of an array with %d elements", i, len(list))
}
