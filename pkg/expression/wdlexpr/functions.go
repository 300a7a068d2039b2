package wdlexpr

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keelstep/keelstep/pkg/expression"
)

// Function describes a function that expressions can call.
type Function struct {
	Name      string
	Signature string // such as replace(text, old, new) -> string
	Summary   string
	Family    string // such as Text or Dates and times
	Examples  []Example
	Here      string // what a workflow of the engine's own language writes in its place
}

// Example is a string of a definition and the JSON of its value; a result that starts with
// "error: " is a failure.
type Example struct{ Source, Result string }

// ExampleContext is what the examples read: the JSON of a context.
const ExampleContext = `{
  "now": "2026-01-31T08:09:10.1234567Z",
  "trigger": {"name": "manual", "outputs": {"headers": {"x-id": "h1"}, "body": {"name": "Ann", "$formdata": [{"key": "tag", "value": "a"}, {"key": "tag", "value": "b"}, {"key": "city", "value": "Bern"}], "$multipart": [{"body": "one"}]}}},
  "actions": {
    "Get order": {"status": "Succeeded", "outputs": {"statusCode": 200, "body": {"id": 7, "lines": ["book", "pen"]}}},
    "Form": {"outputs": {"body": {"$formdata": [{"key": "color", "value": "red"}, {"key": "size", "value": "S"}, {"key": "size", "value": "L"}]}}},
    "Parts": {"outputs": {"body": {"$multipart": [{"body": "one"}, {"body": {"two": 2}}]}}}
  },
  "action": {"name": "Poll"},
  "variables": {"total": 12.5},
  "parameters": {"limit": 10},
  "item": {"sku": "b-1"},
  "items": {"For_each": "book"},
  "iterationIndexes": {"Until": 2},
  "results": {"Scope": [{"name": "Pay", "status": "Failed"}]},
  "workflow": {"name": "orders", "run": {"name": "r-1"}},
  "listCallbackUrl": "https://engine.example/callback",
  "appsettings": {"REGION": "west"},
  "agentParameters": {"city": "Bern"}
}`

// Functions returns all functions by family, in the order of their names.
func Functions() []Function {
	here := map[string]string{}
	for _, c := range expression.Counterparts() {
		here[strings.ToLower(c.Name)] = c.Here
	}
	var all []Function
	for _, family := range families {
		own := slices.Clone(family.functions)
		slices.SortFunc(own, func(a, b *function) int { return strings.Compare(a.name, b.name) })
		for _, f := range own {
			all = append(all, Function{
				Name: f.name, Signature: f.signature() + " -> " + f.result, Summary: f.summary, Family: family.name,
				Examples: f.examples, Here: here[strings.ToLower(cmp.Or(f.like, f.name))],
			})
		}
	}
	return all
}

// Families returns the names of the families in their order.
func Families() []string {
	names := make([]string, len(families))
	for i, family := range families {
		names[i] = family.name
	}
	return names
}

// kinds is a set of kinds of values; the empty set takes anything.
type kinds uint16

const (
	kindNull kinds = 1 << iota
	kindBool
	kindInt
	kindFloat
	kindDecimal
	kindString
	kindArray
	kindObject

	anything   kinds = 0
	kindNumber       = kindInt | kindFloat | kindDecimal
	kindScalar       = kindNumber | kindString | kindBool
)

func kindOf(x Value) kinds {
	switch x.(type) {
	case nil:
		return kindNull
	case bool:
		return kindBool
	case int64:
		return kindInt
	case float64:
		return kindFloat
	case Decimal:
		return kindDecimal
	case string:
		return kindString
	case []Value:
		return kindArray
	case *Object:
		return kindObject
	}
	panic(fmt.Sprintf("wdlexpr: unhandled %T", x))
}

// wantsBool is what a condition should be, in the words by which authors know it.
const wantsBool = "be true or false: Expected boolean"

// wanted says what kinds an argument should be of.
var wanted = map[kinds]string{
	kindBool: wantsBool, kindInt: "be an integer", kindNumber: "be a number", kindString: "be of type string",
	kindArray: "be an array", kindObject: "be of type object", kindArray | kindString: "be an array or a string",
	kindObject | kindArray | kindString:            "be an object, an array or a string",
	kindObject | kindArray | kindString | kindNull: "be an object, an array or a string",
	kindObject | kindArray:                         "be an array or an object",
	kindNumber | kindString:                        "be a number or a string",
	kindNumber | kindArray:                         "be a number or an array of numbers",
	kindScalar:                                     "be a number, a string or a boolean",
	kindString | kindNull:                          "be of type string",
	kindString | kindObject:                        "be a string, or content",
	kindString | kindObject | kindNull:             "be a string, or content",
}

// param is one parameter of a function.
type param struct {
	name     string
	takes    kinds
	wants    string // instead of what wanted says
	optional bool
	rest     bool // any number of further arguments like this one
}

// function is one function of the library.
type function struct {
	name     string
	params   []param
	result   string // what it yields, for the reference
	summary  string
	examples []Example
	aritySay string // instead of how arity says it
	like     string // the function of which it is another name, empty: none
	constant bool   // the first argument must be a constant name
	// call computes the result. The arguments are of the kinds that params
	// name; a missing optional one is not there.
	call func(m *machine, args []Value) (Value, error)
	// compile makes code of a call instead, of a function that reads the
	// workflow or that does not evaluate all of its arguments.
	compile func(c *compiler, f *function, n *callNode) code
}

func (f *function) signature() string {
	params := make([]string, len(f.params))
	for i, p := range f.params {
		params[i] = p.name
		switch {
		case p.rest:
			params[i] += "..."
		case p.optional:
			params[i] += "?"
		}
	}
	return f.name + "(" + strings.Join(params, ", ") + ")"
}

// param returns the parameter of argument i.
func (f *function) param(i int) *param { return &f.params[min(i, len(f.params)-1)] }

var countWords = []string{"no parameters", "one parameter", "two parameters", "three parameters", "four parameters", "five parameters"}

// arity says what is wrong with a call of n arguments, empty when nothing is.
func (f *function) arity(n int) string {
	least, most := 0, len(f.params)
	for _, p := range f.params {
		if !p.optional {
			least++
		}
		if p.rest {
			most = 1 << 20
		}
	}
	if n >= least && n <= most {
		return ""
	}
	var words string
	switch {
	case most > len(f.params):
		words = "at least " + countWords[least]
	case most > least:
		words = strings.Fields(countWords[least])[0] + " to " + countWords[most]
	default:
		words = countWords[least]
	}
	if f.aritySay != "" {
		words = f.aritySay
	} else {
		words = "expects " + words
	}
	return fmt.Sprintf("%s() %s, got %d", f.name, words, n)
}

// invoke checks and charges the arguments, and calls the function.
func (f *function) invoke(m *machine, args []Value) (Value, error) {
	steps := 1
	for i, arg := range args {
		if p := f.param(i); p.takes != anything && p.takes&kindOf(arg) == 0 {
			say := p.wants
			if say == "" {
				say = wanted[p.takes]
			}
			return nil, wants(i+1, say, arg)
		}
		switch v := arg.(type) {
		case string:
			steps += len(v) / bytesPerStep
		case []Value:
			steps += len(v) / elementsPerStep
		case *Object:
			steps += v.Len() / elementsPerStep
		}
	}
	if err := m.charge(steps); err != nil {
		return nil, err
	}
	result, err := f.call(m, args)
	if err != nil {
		return nil, err
	}
	switch v := result.(type) {
	case string:
		err = m.chargeText(len(v))
	case []Value:
		err = m.charge(len(v) / elementsPerStep)
	case *Object:
		err = m.charge(v.Len() / elementsPerStep)
	}
	return result, err
}

// blamed is what is wrong with an argument.
type blamed struct {
	argument int
	say      string
}

// Error says what is wrong, without the function's name.
func (b *blamed) Error() string { return b.say }

// wants is the error of an argument, counted from 1 on, that is not what it
// should be: to "be an array".
func wants(argument int, say string, got Value) error {
	return &blamed{argument, "to " + say + ", got " + show(got)}
}

// wantsf is the error of an argument that is of the right kind.
func wantsf(argument int, format string, args ...any) error {
	return &blamed{argument, "to " + fmt.Sprintf(format, args...)}
}

// show is a value as messages name it.
func show(x Value) string {
	switch v := x.(type) {
	case int64, bool:
		return fmt.Sprint(v)
	case float64:
		return floatText(v)
	case Decimal:
		return v.String()
	}
	return describe(x)
}

// explain puts the function's name in front of an error, and which argument is
// to blame.
func (f *function) explain(err error) error {
	var own *Error
	var bad *blamed
	var lack *expression.Lack
	switch {
	case errors.As(err, &lack):
		return err
	case errors.As(err, &bad):
		which := ordinal(bad.argument) + " parameter"
		if len(f.params) == 1 && !f.params[0].rest {
			which = "parameter"
		}
		return &Error{
			Code: expression.CodeExpressionError, Function: f.name, Argument: bad.argument,
			Message: fmt.Sprintf("%s() expects its %s %s", f.name, which, bad.say),
		}
	case errors.As(err, &own):
		if own.placed || own.Function != "" {
			return own
		}
		named := *own
		named.Function, named.Message = f.name, f.name+"(): "+own.Message
		return &named
	}
	return &Error{Code: expression.CodeExpressionError, Function: f.name, Message: fmt.Sprintf("%s(): %v", f.name, err)}
}

// families are the functions in their order.
var families []struct {
	name      string
	functions []*function
}

// library is all functions by the lower-case name.
var library map[string]*function

// The table is filled here because the functions that compile their calls refer
// to it.
func init() {
	families = []struct {
		name      string
		functions []*function
	}{
		{"Text", textFunctions},
		{"Collections", collectionFunctions},
		{"Logic", logicFunctions},
		{"Conversion", conversionFunctions},
		{"Math", mathFunctions},
		{"Dates and times", timeFunctions},
		{"The workflow", workflowFunctions},
		{"URIs", uriFunctions},
		{"Objects and XML", objectFunctions},
	}
	library = map[string]*function{}
	for _, family := range families {
		for _, f := range family.functions {
			lower := strings.ToLower(f.name)
			if library[lower] != nil {
				panic("wdlexpr: function " + f.name + " is there twice")
			}
			library[lower] = f
		}
	}
}

// find returns the function that a call names, nil when there is none.
func find(name string) *function {
	if f := library[name]; f != nil {
		return f
	}
	return library[strings.ToLower(name)]
}

// nearest returns the function whose name is most like name, empty when none
// is.
func nearest(name string) string {
	var names []string
	for _, family := range families {
		for _, f := range family.functions {
			names = append(names, f.name)
		}
	}
	return expression.Nearest(name, names)
}
