package expression

// TypeKind is the kind of a static type.
type TypeKind uint8

// The kinds of static types. TypeAny checks nothing.
const (
	TypeAny TypeKind = iota
	TypeNull
	TypeBool
	TypeInt
	TypeNumber // integer or not
	TypeString
	TypeList
	TypeObject
	TypeDuration
	TypeTime
	TypeSecret // may stand only where values are sent, never where they are recorded
	TypeDecimal
)

// Type is a static type. Types are immutable once they are part of a Scope
// and may be shared.
type Type struct {
	Kind     TypeKind
	Nullable bool     // may be null or absent
	Enum     []string // of a string: the only values it can have; empty: any
	Elem     *Type    // of a list, or of an object's members beyond Fields; nil: any
	Fields   []Field  // of an object, in order
	Open     bool     // of an object: members beyond Fields are allowed; any of them may be absent
}

// Field is a member of an object type.
type Field struct {
	Name     string
	Type     *Type
	Optional bool   // may be absent
	Denied   string // not empty: reading it here is an error, and this says why
	Hint     string // what to do about Denied
	// Succeeded is, of the output of a step that may not have run, its type
	// where a check of the status has shown that the step succeeded; nil: the
	// check tells no more than Type.
	Succeeded *Type
}

// Name is a root name that an expression may use.
type Name struct {
	Type   *Type
	Alias  *Read  // what the name stands for, when it is not a root of its own (a loop's item)
	Denied string // not empty: using the name here is an error, and this says why
	Hint   string // what to do about Denied
}

// Scope is what an expression at one place can see. Roots that hold slots of
// their own (params, vars, steps, loops, run, secrets) are object types whose
// fields are the slots; steps' fields are objects of output, status and error.
type Scope struct {
	Names map[string]Name
	// Secrets tells that secrets.NAME may stand here (inside with, connection
	// settings and trigger auth).
	Secrets bool
	// WantBool tells that the place needs a boolean (a condition).
	WantBool bool
	// WantList tells that the place needs a list (foreach).
	WantList bool
	// WarnAny asks for a warning at each value of which nothing is known, so
	// that nothing about it is checked.
	WarnAny bool
	// Given is what conditions around the place have shown.
	Given []Facts
}
