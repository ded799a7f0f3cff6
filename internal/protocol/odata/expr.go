package odata

import (
	"strings"
	"time"
)

// Expr is a node of a filter: one of Logical, Not, Comparison, In, Call,
// Lambda, Path, Literal and no other type. All are values; a tree is never
// changed after it was parsed.
type Expr interface {
	// String prints the node in canonical form: lower-case operators, one
	// space around them, no needless parentheses, times in UTC. ParseFilter of
	// a whole filter's String gives an equal tree.
	String() string

	// print appends the canonical form.
	print(b *strings.Builder)
}

// LogicalOp is "and" or "or".
type LogicalOp string

// The logical operators.
const (
	And LogicalOp = "and"
	Or  LogicalOp = "or"
)

// Logical joins two or more conditions. None of its Terms is a Logical of the
// same Op: chains are flat.
type Logical struct {
	Op    LogicalOp
	Terms []Expr
}

// Not negates a condition.
type Not struct {
	X Expr
}

// CompareOp is the operator of a Comparison.
type CompareOp string

// The comparison operators.
const (
	Equal          CompareOp = "eq"
	NotEqual       CompareOp = "ne"
	Greater        CompareOp = "gt"
	GreaterOrEqual CompareOp = "ge"
	Less           CompareOp = "lt"
	LessOrEqual    CompareOp = "le"
)

// flipped is the operator that says the same with its sides exchanged.
func (op CompareOp) flipped() CompareOp {
	switch op {
	case Greater:
		return Less
	case GreaterOrEqual:
		return LessOrEqual
	case Less:
		return Greater
	case LessOrEqual:
		return GreaterOrEqual
	}
	return op
}

// Comparison compares two operands. A constant is always on the right, however
// it was written.
type Comparison struct {
	Op    CompareOp
	Left  Expr // Path or Call
	Right Expr // Literal or Path; a boolean Literal when Left is a Call
}

// In asks whether a property is one of several constants.
type In struct {
	Left Path
	List []Literal // 1 to MaxInList
}

// Func names a function. All of them yield a boolean.
type Func string

// The functions.
const (
	StartsWith Func = "startsWith"
	EndsWith   Func = "endsWith"
	Contains   Func = "contains"
	// IsOf asks whether an object is of a type, named by Call.Arg, for example
	// "microsoft.graph.user".
	IsOf Func = "isof"
)

// Call applies a function to a property.
type Call struct {
	Func Func
	// Path is the property; for IsOf it may be the zero Path: the object itself.
	Path Path
	// Arg is the text compared with, or the type name of IsOf.
	Arg string
}

// Quantifier is "any" or "all".
type Quantifier string

// The quantifiers.
const (
	Any Quantifier = "any"
	All Quantifier = "all"
)

// Lambda asks whether any or all members of a collection fulfil a condition:
// identifierUris/any(x:x eq 'api://orders').
type Lambda struct {
	Path       Path // the collection
	Quantifier Quantifier
	// Var is the name of the range variable; "" for any(), which asks whether
	// the collection has a member at all.
	Var string
	// Body is the condition; nil for any().
	Body Expr
}

// Path names a property.
type Path struct {
	// Var is the range variable that the path begins with, "" if it begins at
	// the resource. A Path inside a Lambda may begin at either.
	Var string
	// Segments are the names, as written. One with a dot in it is a type cast
	// (memberOf/microsoft.graph.group). Empty when Var alone is meant.
	Segments []string
	// Count says that "/$count" follows: the size of the collection.
	Count bool
}

// IsZero reports whether the path names nothing.
func (p Path) IsZero() bool { return p.Var == "" && len(p.Segments) == 0 && !p.Count }

// LiteralKind is the type of a constant, as far as its spelling tells.
type LiteralKind uint8

// The kinds of constants.
const (
	Null LiteralKind = iota + 1
	Bool
	// String: Text is the value. Clients also quote GUIDs and enumeration
	// members, so the property's type decides what it means.
	String
	// GUID: Text is the value in lower case.
	GUID
	// Number: Text is the number as written (integer, decimal or exponent form).
	Number
	// DateTime: Time is the moment, in UTC.
	DateTime
	// Date: Time is midnight UTC of the day.
	Date
	// Duration: Duration is the value.
	Duration
	// Enum: Type is the qualified type name and Text the member.
	Enum
)

// Literal is a constant. Which fields are set follows from Kind.
type Literal struct {
	Kind     LiteralKind
	Text     string
	Type     string
	Bool     bool
	Time     time.Time
	Duration time.Duration
}

// Walk calls visit for e and every node below it, parents first, in the order
// of the text; the paths of Lambda, Call and In and the constants of In
// included. When visit returns false, the nodes below are left out.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	switch e := e.(type) {
	case Logical:
		for _, t := range e.Terms {
			Walk(t, visit)
		}
	case Not:
		Walk(e.X, visit)
	case Comparison:
		Walk(e.Left, visit)
		Walk(e.Right, visit)
	case In:
		Walk(e.Left, visit)
		for _, l := range e.List {
			Walk(l, visit)
		}
	case Call:
		if !e.Path.IsZero() {
			Walk(e.Path, visit)
		}
	case Lambda:
		Walk(e.Path, visit)
		Walk(e.Body, visit)
	}
}
