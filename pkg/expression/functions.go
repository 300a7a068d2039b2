package expression

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Function describes a function that expressions can call.
type Function struct {
	Name      string
	Signature string // such as replace(text, old, new, most?) -> string
	Summary   string
	Examples  []Example
	Category  string // such as Text or Times
	WDL       string // the function of Azure Logic Apps that is closest, empty: none is
}

// Example is an expression and the JSON of its result.
type Example struct {
	Source, Result string
}

// Functions returns the function library in the order of the names, the
// functions that take a predicate included.
func Functions() []Function {
	functions := slices.Clone(predicateDocs)
	for _, f := range library { // order does not show: sorted below
		functions = append(functions, f.doc())
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions
}

// kinds is a set of type kinds; the empty set takes anything, null too.
type kinds uint16

func kindsOf(ks ...TypeKind) kinds {
	var set kinds
	for _, k := range ks {
		set |= 1 << k
	}
	return set
}

func (k kinds) has(kind TypeKind) bool { return k == 0 || k&(1<<kind) != 0 }

// String names the kinds: "a string or a list".
func (k kinds) String() string {
	if k == allValues || k == aScalar {
		return map[kinds]string{allValues: "a value that is not null", aScalar: "a text, a number or a boolean"}[k]
	}
	var names []string
	for kind := range typeNames {
		if k&(1<<kind) != 0 {
			names = append(names, typeNames[kind])
		}
	}
	return strings.Join(names, " or ")
}

var (
	anything  = kinds(0)
	aText     = kindsOf(TypeString)
	anInt     = kindsOf(TypeInt)
	aList     = kindsOf(TypeList)
	anObject  = kindsOf(TypeObject)
	sealText  = kindsOf(TypeString, TypeSecret)
	aScalar   = kindsOf(TypeBool, TypeInt, TypeNumber, TypeString, TypeDuration, TypeTime, TypeDecimal)
	allValues = kindsOf(TypeBool, TypeInt, TypeNumber, TypeString, TypeList, TypeObject, TypeDuration, TypeTime, TypeDecimal)
)

// param is one parameter of a function.
type param struct {
	name     string
	takes    kinds
	optional bool
	rest     bool   // any number of further arguments like this one
	form     form   // of a text, nil: any
	code     string // of a problem with the form; empty: codeLiteral
	// prepare makes of a constant text what the function works with, once; the
	// function then gets it as a prepared value. It may be nil.
	prepare func(text string) (any, error)
}

// prepared is what was made of a constant argument when the program was
// compiled. Only functions ever see it.
type prepared struct{ value any }

// function is one function of the library.
type function struct {
	name     string
	params   []param
	result   *Type
	resultOf func(args []*Type) *Type // instead of result
	// judge tells what is wrong with an argument of a kind that params names,
	// nil when nothing is. It may be nil.
	judge    func(args []*Type) *misuse
	summary  string
	examples []Example
	wdl      string // the function of Logic Apps that is closest
	category string
	weight   int // steps of a call, beside those of its arguments
	// call computes the result. The arguments are of the kinds that params
	// name; a missing optional one is not there.
	call func(ev *evaluation, args []any) (any, error)
	// sealed tells that the function can be applied to secrets, later.
	sealed bool
	// passes tells that the function hands on what lists and objects hold
	// without looking at it, and that its static type says so: secrets in them
	// stay secrets.
	passes bool
}

func (f *function) doc() Function {
	var params []string
	for _, p := range f.params {
		text := p.name
		switch {
		case p.rest:
			text += "..."
		case p.optional:
			text += "?"
		}
		params = append(params, text)
	}
	result := f.result
	if result == nil {
		result = f.resultOf(f.generic())
	}
	signature := fmt.Sprintf("%s(%s) -> %s", f.name, strings.Join(params, ", "), strings.TrimPrefix(strings.TrimPrefix(result.String(), "a "), "an "))
	return Function{Name: f.name, Signature: signature, Summary: f.summary, Examples: f.examples, Category: f.category, WDL: f.wdl}
}

// generic returns the types of arguments of which no more is known than what
// the function takes.
func (f *function) generic() []*Type {
	types := make([]*Type, len(f.params))
	for i, p := range f.params {
		switch p.takes {
		case aList:
			types[i] = listType
		case anObject:
			types[i] = objectType
		default:
			types[i] = anyType
		}
	}
	return types
}

// param returns the parameter of argument i, nil when there is none.
func (f *function) param(i int) *param {
	if i < len(f.params) {
		return &f.params[i]
	}
	if n := len(f.params); n > 0 && f.params[n-1].rest {
		return &f.params[n-1]
	}
	return nil
}

// arity returns an error when the function does not take n arguments.
func (f *function) arity(n int) error {
	least, most := 0, len(f.params)
	for _, p := range f.params {
		if !p.optional {
			least++
		}
		if p.rest {
			most = n
		}
	}
	if n >= least && n <= most {
		return nil
	}
	wants := fmt.Sprintf("%d", least)
	switch {
	case most > least && n > most:
		wants = fmt.Sprintf("%d to %d", least, most)
	case n < least && (most > least || f.params[len(f.params)-1].rest):
		wants = fmt.Sprintf("at least %d", least)
	}
	noun := "arguments"
	if wants == "1" || wants == "at least 1" {
		noun = "argument"
	}
	return fmt.Errorf("%s() takes %s %s, got %d", f.name, wants, noun, n)
}

// invoke checks and charges the arguments, then calls the function and charges
// the text that it makes: what an evaluation holds is bounded by its steps. On a
// sealed argument it puts the call off until the secret is opened.
func (f *function) invoke(ev *evaluation, args []any) (any, error) {
	steps, sealed := 1+f.weight, false
	for i, arg := range args {
		p := f.param(i)
		fitted, ok := fit(arg, p.takes)
		if !ok {
			return nil, failf("%s() needs %s as %s, got %s", f.name, p.takes, p.name, describe(arg))
		}
		args[i] = fitted
		switch v := arg.(type) {
		case string:
			steps += len(v) / bytesPerStep
		case []any:
			steps += len(v)
		case map[string]any:
			steps += len(v)
		case Sealed:
			sealed = true
		}
	}
	if err := ev.charge(steps); err != nil {
		return nil, err
	}
	if sealed {
		if !f.sealed {
			return nil, failf("%s() cannot be applied to a secret", f.name)
		}
		return Sealed{Fn: f.name, Args: slices.Clone(args)}, nil
	}
	result, err := f.call(ev, args)
	if text, ok := result.(string); ok && err == nil {
		err = ev.chargeText(len(text))
	}
	return result, err
}

// fit returns arg as a parameter takes it: a number without a fraction counts
// as an integer, an integer as a number.
func fit(arg any, takes kinds) (any, bool) {
	if takes == anything {
		return arg, true
	}
	switch v := arg.(type) {
	case nil:
		return nil, takes.has(TypeNull)
	case bool:
		return v, takes.has(TypeBool)
	case int:
		return v, takes.has(TypeInt) || takes.has(TypeNumber)
	case float64:
		if takes.has(TypeNumber) {
			return v, true
		}
		n, ok := asInt(v)
		return n, ok && takes.has(TypeInt)
	case string:
		return v, takes.has(TypeString)
	case []any:
		return v, takes.has(TypeList)
	case map[string]any:
		return v, takes.has(TypeObject)
	case Duration:
		return v, takes.has(TypeDuration)
	case time.Time:
		return v, takes.has(TypeTime)
	case Decimal:
		return v, takes.has(TypeDecimal)
	case json.Number:
		if !takes.has(TypeDecimal) {
			return nil, false
		}
		d, err := decimalOf(v)
		return d, err == nil
	case Sealed:
		return v, takes.has(TypeSecret)
	case prepared:
		return v, true
	}
	return nil, false
}

// groups are the functions without predicates, by category.
var groups = []struct {
	category  string
	functions []*function
}{
	{"Text", textFunctions},
	{"Escaping and URLs", escapeFunctions},
	{"Numbers", numberFunctions},
	{"Numbers", decimalFunctions},
	{"Lists", listFunctions},
	{"Lists", collectionFunctions},
	{"Times and durations", timeFunctions},
	{"Times and durations", dateFunctions},
	{"JSON and encodings", codingFunctions},
	{"Hashes", hashFunctions},
}

// library is all functions without predicates, by name.
var library = func() map[string]*function {
	table := map[string]*function{}
	for _, group := range groups {
		for _, f := range group.functions {
			if table[f.name] != nil {
				panic("expression: function " + f.name + " is there twice")
			}
			f.category = group.category
			table[f.name] = f
		}
	}
	return table
}()

// IsFunction tells whether expressions know a function of that name.
func IsFunction(name string) bool {
	return library[name] != nil || predicateNames[name]
}
