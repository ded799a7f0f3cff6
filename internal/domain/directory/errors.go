package directory

import "errors"

// ErrNotFound is returned for an object that does not exist in the tenant, or
// no longer.
var ErrNotFound = errors.New("directory: not found")

// ErrUnavailable wraps failures of the storage itself: locked, full, gone.
// Whoever meets it answers that the service is unavailable.
var ErrUnavailable = errors.New("directory: storage unavailable")

// A RuleError is a refusal by a rule of the model. Its text is for the caller.
type RuleError struct {
	Kind     RuleKind
	Property string // Graph name of the property at fault, may be empty
	Message  string
}

// RuleKind groups refusals by how an API answers them.
type RuleKind int

// The kinds of refusals.
const (
	Invalid            RuleKind = iota // a value is not allowed
	Conflict                           // a unique value is taken
	EnabledEntitlement                 // a scope or role must be disabled before it is removed
	Forbidden                          // the caller may not do this to this object
	ReadOnly                           // the property cannot be set
	Missing                            // an object that the call refers to does not exist
	Quota                              // a limit of the directory is reached
	BadReference                       // an owner, member or assignment refers to what cannot be referred to
	ObjectConflict                     // a unique value is taken; Graph answers 400 and names the property
)

func (e *RuleError) Error() string { return e.Message }
