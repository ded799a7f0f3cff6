package directory

import (
	"context"
	"errors"
)

// Restore brings a deleted object back with its id, and says what it is.
func (o *Operations) Restore(ctx context.Context, c Caller, id ID) (Kind, error) {
	kind, err := o.deleted(ctx, c, id)
	if err != nil {
		return "", err
	}
	err = o.Deleted.Restore(ctx, c.Tenant, id, o.event(c, "Restore "+string(kind), kind, id, ""))
	if clash, ok := errors.AsType[*RuleError](err); ok && clash.Kind == Conflict && clash.Property == "appId" {
		return "", refusal(Conflict, "appId", "The service principal cannot be created, updated, or restored because its service principal name is already in use.")
	}
	return kind, asClash(err)
}

// Purge removes a deleted object for good.
func (o *Operations) Purge(ctx context.Context, c Caller, id ID) error {
	kind, err := o.deleted(ctx, c, id)
	if err != nil {
		return err
	}
	return o.Deleted.Purge(ctx, c.Tenant, id, o.event(c, "Hard Delete "+string(kind), kind, id, ""))
}

// deleted finds what a deleted object is. Who may only touch what it owns has
// no part in the recycle bin.
func (o *Operations) deleted(ctx context.Context, c Caller, id ID) (Kind, error) {
	if c.OwnedOnly {
		return "", forbidden()
	}
	return o.Deleted.Deleted(ctx, c.Tenant, id)
}
