package issue

import "github.com/sekisho-id/sekisho/internal/domain/directory"

// Hosts are the public addresses that belong together: scheme and host, without
// a slash at the end. A client that used the login host gets issuers and
// endpoints of the same row.
type Hosts struct {
	Login string // authorization, token, discovery; issuer of v2 tokens
	STS   string // issuer of v1 tokens
	Graph string // management API and UserInfo
	// Loopback says that the host names this machine only.
	Loopback bool
}

// V2Issuer is the issuer of v2 tokens and of the v2 discovery document.
func (h Hosts) V2Issuer(t directory.TenantID) string { return h.Login + "/" + t.String() + "/v2.0" }

// V1Issuer is the issuer of v1 tokens; it ends in a slash.
func (h Hosts) V1Issuer(t directory.TenantID) string { return h.STS + "/" + t.String() + "/" }
