package directory

import "slices"

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
