package audit

import "time"

// Event is one change of the directory. Stores write it in the transaction of
// the change. It never holds a secret: Changes names properties and may give
// new values of such as are public.
type Event struct {
	At            time.Time
	Activity      string // "Add application", "Update service principal" …
	Actor         Actor
	TargetKind    string // Graph type name: "application", "user" …
	TargetID      string
	TargetName    string
	Changes       []string // names of the properties that changed
	RequestID     string
	CorrelationID string
}

// Actor is who made a change: an application acting as itself, a person through
// an application, or the platform.
type Actor struct {
	Kind      string // "app", "user", "platform"
	ObjectID  string // service principal or user
	AppID     string
	IPAddress string
}
