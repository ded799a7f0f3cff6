package directory

import (
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// Caller is who asks for a change, for audit and for ownership.
type Caller struct {
	Tenant TenantID
	// App is the service principal that acts; User the person it acts for, empty
	// for app-only calls. Both are object ids in Tenant.
	App, User     ID
	AppID         ID
	OwnedOnly     bool // may only touch what User, or else App, owns (Application.ReadWrite.OwnedBy)
	RequestID     string
	CorrelationID string
	IPAddress     string
}

// Platform is the caller of what the server itself does.
func Platform(t TenantID) Caller { return Caller{Tenant: t} }

// Event starts the audit event of a change made by c.
func (c Caller) Event(at time.Time, activity string, kind Kind, id ID, name string) *audit.Event {
	a := audit.Actor{Kind: "platform", AppID: string(c.AppID), IPAddress: c.IPAddress}
	switch {
	case c.User != "":
		a.Kind, a.ObjectID = "user", string(c.User)
	case c.App != "":
		a.Kind, a.ObjectID = "app", string(c.App)
	}
	return &audit.Event{
		At: at, Activity: activity, Actor: a,
		TargetKind: string(kind), TargetID: string(id), TargetName: name,
		RequestID: c.RequestID, CorrelationID: c.CorrelationID,
	}
}
