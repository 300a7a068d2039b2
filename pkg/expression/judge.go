package expression

import "fmt"

// misuse is what is wrong with an argument that is of the right kind.
type misuse struct {
	at              int // the argument
	code, why, hint string
}

const hintNulls = "leave them out: filter(list, # != null)"

// comparableKind tells whether values of a kind have an order.
func comparableKind(k TypeKind) bool {
	switch family(k) {
	case TypeAny, TypeNumber, TypeString, TypeDuration, TypeTime:
		return true
	default:
		return false
	}
}

// judgeOrdered judges a list whose elements are compared with each other.
func judgeOrdered(name string) func(args []*Type) *misuse {
	return func(args []*Type) *misuse {
		if args[0].kind() != TypeList {
			return nil
		}
		elem := args[0].elem()
		switch {
		case !comparableKind(elem.withoutNull().kind()) && elem.kind() != TypeNull:
			return &misuse{0, codeArgument, fmt.Sprintf("%s() compares numbers, texts, durations or times, these are %s", name, elem.withoutNull().plural()), ""}
		case elem.nullable():
			return &misuse{0, codeAbsent, fmt.Sprintf("elements may be null, which %s() cannot compare", name), hintNulls}
		}
		return nil
	}
}

// judgeExtreme judges single values, or one list, that are compared with each
// other.
func judgeExtreme(name string) func(args []*Type) *misuse {
	list := judgeOrdered(name)
	return func(args []*Type) *misuse {
		if len(args) == 1 && args[0].kind() == TypeList {
			if args[0].nullable() {
				return &misuse{0, codeAbsent, fmt.Sprintf("this may be null, which %s() cannot compare", name), hintAbsent}
			}
			return list(args)
		}
		first := TypeAny
		for i, t := range args {
			k := family(t.withoutNull().kind())
			switch {
			case !comparableKind(k) && t.kind() != TypeNull:
				return &misuse{i, codeArgument, fmt.Sprintf("%s() compares numbers, texts, durations or times, this is %s", name, t.withoutNull()), ""}
			case t.nullable():
				return &misuse{i, codeAbsent, fmt.Sprintf("this may be null, which %s() cannot compare", name), hintAbsent}
			case first == TypeAny:
				first = k
			case k != TypeAny && k != first:
				return &misuse{i, codeArgument, fmt.Sprintf("%s() compares values of one kind, this is %s beside %s", name, t.withoutEnum(), (&Type{Kind: first}).String()), ""}
			}
		}
		return nil
	}
}

// judgeNumbers judges a list of numbers.
func judgeNumbers(name string) func(args []*Type) *misuse {
	return judgeElements(0, name+"() takes numbers", TypeInt, TypeNumber)
}

// judgeNames judges a list of the names of members.
func judgeNames(name string) func(args []*Type) *misuse {
	return judgeElements(1, name+"() takes names of members", TypeString)
}

// judgeElements judges a list whose elements are all of some kinds, and not
// null.
func judgeElements(at int, takes string, ks ...TypeKind) func(args []*Type) *misuse {
	may := kindsOf(ks...)
	return func(args []*Type) *misuse {
		elem := args[at].elem()
		k := elem.withoutNull().kind()
		switch {
		case args[at].kind() != TypeList:
		case k != TypeAny && k != TypeNull && !may.has(k):
			return &misuse{at, codeArgument, fmt.Sprintf("%s, these are %s", takes, elem.withoutNull().plural()), ""}
		case elem.nullable():
			return &misuse{at, codeAbsent, takes + ", elements of this may be null", hintNulls}
		}
		return nil
	}
}
