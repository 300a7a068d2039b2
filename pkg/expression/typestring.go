package expression

import (
	"slices"
	"strconv"
	"strings"
)

var typeNames = [...]string{
	"any value", "null", "a boolean", "an integer", "a number", "a string",
	"a list", "an object", "a duration", "a time", "a secret", "a decimal",
}

// String returns the type in words for messages, such as "a string or null"
// or "a list of integers". The nil type is any value.
func (t *Type) String() string {
	if t == nil {
		return typeNames[TypeAny]
	}
	name := typeNames[t.Kind]
	switch {
	case t.Kind == TypeString && len(t.Enum) > 0:
		name = "one of " + quoteAll(t.Enum)
	case t.Kind == TypeList && t.Elem.kind() != TypeAny:
		name += " of " + t.Elem.plural()
	}
	if t.Nullable && t.Kind != TypeNull && t.Kind != TypeAny {
		name += " or null"
	}
	return name
}

func (t *Type) plural() string {
	switch t.kind() {
	case TypeBool:
		return "booleans"
	case TypeInt:
		return "integers"
	case TypeNumber:
		return "numbers"
	case TypeString:
		return "strings"
	case TypeList:
		return "lists"
	case TypeObject:
		return "objects"
	case TypeDuration:
		return "durations"
	case TypeTime:
		return "times"
	case TypeSecret:
		return "secrets"
	case TypeDecimal:
		return "decimals"
	case TypeNull:
		return "nulls"
	default:
		return "any values"
	}
}

// kind returns the kind, TypeAny of the nil type.
func (t *Type) kind() TypeKind {
	if t == nil {
		return TypeAny
	}
	return t.Kind
}

// nullable tells whether the value may be null or absent.
func (t *Type) nullable() bool { return t != nil && (t.Nullable || t.Kind == TypeNull) }

// elem returns the type of a list's elements.
func (t *Type) elem() *Type {
	if t == nil || t.Elem == nil {
		return anyType
	}
	return t.Elem
}

// field returns the field of that name.
func (t *Type) field(name string) (Field, bool) {
	if t == nil {
		return Field{}, false
	}
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// fieldNames returns the names of the fields that can be read.
func (t *Type) fieldNames() []string {
	var names []string
	for _, f := range t.Fields {
		if f.Denied == "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// withNull returns t, null allowed.
func (t *Type) withNull() *Type {
	if t.nullable() {
		return t
	}
	if t == nil {
		return &Type{Nullable: true}
	}
	u := *t
	u.Nullable = true
	return &u
}

// withoutNull returns t, null not allowed.
func (t *Type) withoutNull() *Type {
	if t == nil || !t.Nullable {
		return t
	}
	u := *t
	u.Nullable = false
	return &u
}

// hasSecret tells whether a value of type t is or holds a secret.
func hasSecret(t *Type, depth int) bool {
	if t == nil || depth > maxTypeDepth {
		return false
	}
	return t.Kind == TypeSecret || hasSecret(t.Elem, depth+1) ||
		slices.ContainsFunc(t.Fields, func(f Field) bool { return hasSecret(f.Type, depth+1) })
}

// quoteAll returns the names quoted, with commas between them.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

// The types without parts. They are shared and never changed.
var (
	anyType      = &Type{Kind: TypeAny}
	nullType     = &Type{Kind: TypeNull}
	boolType     = &Type{Kind: TypeBool}
	intType      = &Type{Kind: TypeInt}
	numberType   = &Type{Kind: TypeNumber}
	stringType   = &Type{Kind: TypeString}
	listType     = &Type{Kind: TypeList}
	objectType   = &Type{Kind: TypeObject, Open: true}
	durationType = &Type{Kind: TypeDuration}
	timeType     = &Type{Kind: TypeTime}
	secretType   = &Type{Kind: TypeSecret}
	decimalType  = &Type{Kind: TypeDecimal}
)

// withoutEnum returns t as any text, when it is one of a few.
func (t *Type) withoutEnum() *Type {
	if t != nil && len(t.Enum) > 0 {
		return &Type{Kind: t.Kind, Nullable: t.Nullable}
	}
	return t
}
