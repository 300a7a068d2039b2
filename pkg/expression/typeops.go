package expression

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Union returns the type of a value that is of a or of b.
func Union(a, b *Type) *Type { return unionOf(a, b, 0) }

// nothing is the type of the elements of an empty list: beside another list it
// takes nothing from what is known of that.
var nothing = &Type{}

// maxTypeDepth bounds the work on types that contain each other.
const maxTypeDepth = 64

func unionOf(a, b *Type, depth int) *Type {
	switch {
	case a == b, b == nothing:
		return a
	case a == nothing:
		return b
	case a.kind() == TypeNull:
		return b.withNull()
	case b.kind() == TypeNull:
		return a.withNull()
	case a.kind() == TypeSecret || b.kind() == TypeSecret:
		// What may be a secret is treated as one.
		return &Type{Kind: TypeSecret, Nullable: a.nullable() || b.nullable()}
	case a.kind() == TypeAny || b.kind() == TypeAny || depth > maxTypeDepth:
		if a.nullable() || b.nullable() {
			return anyType.withNull()
		}
		return anyType
	}
	u := Type{Kind: a.Kind, Nullable: a.Nullable || b.Nullable}
	switch {
	case a.Kind != b.Kind:
		if !isNumeric(a.Kind) || !isNumeric(b.Kind) {
			return &Type{Kind: TypeAny, Nullable: u.Nullable}
		}
		u.Kind = TypeNumber
	case a.Kind == TypeString:
		if len(a.Enum) > 0 && len(b.Enum) > 0 {
			u.Enum = slices.Clone(a.Enum)
			for _, text := range b.Enum {
				if !slices.Contains(u.Enum, text) {
					u.Enum = append(u.Enum, text)
				}
			}
		}
	case a.Kind == TypeList:
		u.Elem = unionOf(a.elem(), b.elem(), depth+1)
	case a.Kind == TypeObject:
		u.Fields, u.Open = unionFields(a, b, depth), a.Open || b.Open
		switch {
		case a.Open && b.Open:
			u.Elem = unionOf(a.elem(), b.elem(), depth+1)
		case a.Open:
			u.Elem = a.Elem
		default:
			u.Elem = b.Elem
		}
	}
	return &u
}

// unionFields returns the fields of both objects; one that only one of them
// has is optional.
func unionFields(a, b *Type, depth int) []Field {
	fields := make([]Field, 0, len(a.Fields))
	for _, f := range a.Fields {
		g, ok := b.field(f.Name)
		switch {
		case !ok && b.Open:
			f.Type, f.Optional = unionOf(f.Type, b.elem(), depth+1), true
		case !ok:
			f.Optional = true
		default:
			f.Type, f.Optional = unionOf(f.Type, g.Type, depth+1), f.Optional || g.Optional
			if f.Denied == "" {
				f.Denied, f.Hint = g.Denied, g.Hint
			}
		}
		fields = append(fields, f)
	}
	for _, g := range b.Fields {
		if _, ok := a.field(g.Name); !ok {
			if g.Optional = true; a.Open {
				g.Type = unionOf(g.Type, a.elem(), depth+1)
			}
			fields = append(fields, g)
		}
	}
	return fields
}

func isNumeric(k TypeKind) bool { return k == TypeInt || k == TypeNumber }

// Assignable tells why a value of type from does not fit where to is needed;
// the answer is empty when it does or when that cannot be told before the
// value is there.
func Assignable(from, to *Type) string { return mismatch(from, to, "", 0) }

func mismatch(from, to *Type, path string, depth int) string {
	if to.kind() == TypeAny || from.kind() == TypeAny || depth > maxTypeDepth {
		return ""
	}
	at := ""
	if path != "" {
		at = path + " "
	}
	if from.Kind == TypeNull {
		if to.nullable() {
			return ""
		}
		return fmt.Sprintf("%swants %s, got null", at, to)
	}
	if from.Nullable && !to.nullable() {
		return fmt.Sprintf("%swants %s, got %s", at, to, from)
	}
	if !kindFits(from.Kind, to.Kind) {
		return fmt.Sprintf("%swants %s, got %s", at, to, from.withoutNull())
	}
	switch to.Kind {
	case TypeString:
		return enumMismatch(from, to, at)
	case TypeList:
		return mismatch(from.elem(), to.elem(), path+"/*", depth+1)
	case TypeObject:
		return fieldMismatch(from, to, path, depth)
	default:
		return ""
	}
}

// kindFits tells whether a value of one kind can stand where the other is
// needed. Durations, times and secrets are sent as text; a number may turn out
// to be an integer.
func kindFits(from, to TypeKind) bool {
	switch {
	case from == to, isNumeric(from) && isNumeric(to):
		return true
	case to == TypeString:
		return from == TypeDuration || from == TypeTime || from == TypeSecret || from == TypeDecimal
	}
	return from == TypeString && (to == TypeDuration || to == TypeTime || to == TypeSecret || to == TypeDecimal)
}

func enumMismatch(from, to *Type, at string) string {
	if len(to.Enum) == 0 || len(from.Enum) == 0 {
		return ""
	}
	for _, text := range from.Enum {
		if !slices.Contains(to.Enum, text) {
			return fmt.Sprintf("%swants %s, got %q", at, to.withoutNull(), text)
		}
	}
	return ""
}

func fieldMismatch(from, to *Type, path string, depth int) string {
	for _, want := range to.Fields {
		got, ok := from.field(want.Name)
		if !ok {
			if !want.Optional && !from.Open {
				return fmt.Sprintf("%s is missing", path+"/"+want.Name)
			}
			continue
		}
		if got.Optional && !want.Optional {
			return fmt.Sprintf("%s may be absent", path+"/"+want.Name)
		}
		target := want.Type
		if want.Optional && got.Optional {
			target = target.withNull()
		}
		if why := mismatch(got.Type, target, path+"/"+want.Name, depth+1); why != "" {
			return why
		}
	}
	for _, got := range from.Fields {
		if _, ok := to.field(got.Name); ok {
			continue
		}
		if !to.Open {
			return fmt.Sprintf("%s is not known here%s", path+"/"+got.Name, didYouMean(got.Name, to.fieldNames()))
		}
		if why := mismatch(got.Type, to.elem(), path+"/"+got.Name, depth+1); why != "" {
			return why
		}
	}
	if from.Open && to.Open {
		return mismatch(from.elem(), to.elem(), path+"/*", depth+1)
	}
	return ""
}

// Recorded returns the type that a value of type t has once it was recorded:
// durations and times have become text.
func (t *Type) Recorded() *Type { return recordedType(t, 0) }

func recordedType(t *Type, depth int) *Type {
	if t == nil || depth > maxTypeDepth {
		return t
	}
	u := *t
	switch t.Kind {
	case TypeDuration, TypeTime, TypeDecimal:
		u.Kind = TypeString
	case TypeList:
		u.Elem = recordedType(t.Elem, depth+1)
	case TypeObject:
		u.Elem = recordedType(t.Elem, depth+1)
		u.Fields = make([]Field, len(t.Fields))
		for i, f := range t.Fields {
			f.Type = recordedType(f.Type, depth+1)
			u.Fields[i] = f
		}
	default:
		return t
	}
	return &u
}

// TypeOf returns the type of a decoded literal. A text is known by its value,
// so that it can be held against an enum.
func TypeOf(x any) *Type {
	switch v := x.(type) {
	case nil:
		return nullType
	case bool:
		return boolType
	case int, int64:
		return intType
	case float64:
		return numberType
	case json.Number:
		return numberType
	case string:
		return &Type{Kind: TypeString, Enum: []string{v}}
	case Duration:
		return durationType
	case time.Time:
		return timeType
	case Sealed:
		return secretType
	case Decimal:
		return decimalType
	case []any:
		t := &Type{Kind: TypeList, Elem: nothing}
		for i, elem := range v {
			if i == 0 {
				t.Elem = TypeOf(elem)
				continue
			}
			t.Elem = Union(t.Elem, TypeOf(elem))
		}
		return t
	case map[string]any:
		t := &Type{Kind: TypeObject}
		for _, name := range sortedNames(v) {
			t.Fields = append(t.Fields, Field{Name: name, Type: TypeOf(v[name])})
		}
		return t
	}
	return anyType
}

// TypeOfData returns the type of decoded JSON that stands for others like it:
// a text may be any text, and what is null may be anything.
func TypeOfData(x any) *Type { return dataType(TypeOf(x), 0) }

func dataType(t *Type, depth int) *Type {
	if t == nil || depth > maxTypeDepth {
		return anyType
	}
	u := *t.withoutEnum()
	switch u.Kind {
	case TypeNull:
		return anyType.withNull()
	case TypeList:
		u.Elem = dataType(t.Elem, depth+1)
	case TypeObject:
		u.Fields = make([]Field, len(t.Fields))
		for i, f := range t.Fields {
			f.Type = dataType(f.Type, depth+1)
			u.Fields[i] = f
		}
	default:
	}
	return &u
}
