package directory

import (
	"context"
	"slices"
)

// StandIn is a cloud resource that ProvisionStandIns adds.
type StandIn struct {
	AppID  ID
	Names  []string // under which tokens for it are asked for
	Scopes int
}

// StandIns lists them.
func StandIns() []StandIn {
	var list []StandIn
	for _, b := range standInApps() {
		list = append(list, StandIn{AppID: b.appID, Names: append(slices.Clone(b.uris), string(b.appID)), Scopes: len(b.scopes)})
	}
	return list
}

// PatchCredentials is the part of a PATCH that concerns credentials, alone.
func (o *Operations) PatchCredentials(ctx context.Context, c Caller, t Target, keys *[]KeyDraft, keep *[]ID) error {
	set, err := o.credentialPatch(keys, keep)
	if err != nil {
		return err
	}
	return o.editTarget(ctx, c, t, activityCredentials, set)
}
