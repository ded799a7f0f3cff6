package issue

import (
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Facts are everything that the claims of an app-only access token are made of.
type Facts struct {
	Hosts  Hosts
	Tenant *directory.Tenant
	// Client is who asks, Resource whom the token is for; both are service
	// principals of Tenant with their applications.
	Client   *directory.ServicePrincipal
	Resource *directory.ServicePrincipal
	// Audience is the registered spelling of the name by which the client asked
	// for the resource.
	Audience string
	Roles    []string
	Method   audit.ClientMethod
	// Capabilities are the client's, from the claims parameter (xms_cc).
	Capabilities []string
	// NotBefore is the earliest issue time that the client asked for; zero
	// without such a wish.
	NotBefore time.Time

	RequestID     [16]byte
	UTI           string
	CorrelationID string
	CredentialID  directory.ID
	Grant         audit.Grant
	IPAddress     string
	UserAgent     string
}

// version of the access token: the resource's wish.
func (f *Facts) version() int {
	if f.Resource.App == nil {
		return 1
	}
	return f.Resource.App.AccessTokenVersion()
}
