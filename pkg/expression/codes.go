package expression

// The diagnostic codes of problems in expressions.
const (
	codeSyntax      = "E401" // the expression is not valid
	codeName        = "E402" // unknown name
	codeField       = "E403" // unknown field
	codeOperand     = "E404" // operator and operands do not fit
	codeConstant    = "E405" // a constant that the value can never have
	codeAbsent      = "E406" // may be null or absent, used without a check
	codeFunction    = "E407" // unknown function
	codeArity       = "E408" // wrong number of arguments
	codeArgument    = "E409" // an argument of the wrong type
	codeCondition   = "E410" // a condition must be true or false
	codeList        = "E411" // a list is needed
	codeDenied      = "E412" // cannot be read here
	codeSecret      = "E413" // a secret where it would be recorded
	codeUnsupported = "E414" // not supported in expressions
	codeTooLarge    = "E415" // too large
	codePattern     = "E416" // a pattern that is not valid
	codeTaken       = "E417" // a name that is already taken
	codeLiteral     = "E418" // a constant argument that is not valid
	codeOpenText    = "E419" // ${ without }
	codeSlotName    = "E420" // a constant name is needed
	codeUntyped     = "E425" // nothing is known of a value (asked for)
)
