package consent

import (
	"context"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Request is a question: may the client do this in the tenant?
type Request struct {
	Tenant *directory.Tenant
	App    *directory.Application
	// Principal is the application's in Tenant, nil before the first consent.
	Principal *directory.ServicePrincipal
	// User is the person, an object of Tenant. Roles are the template ids of the
	// person's directory roles there.
	User  *directory.User
	Roles []directory.ID

	// Version of the endpoint. At version 1 Resource stands in place of scopes:
	// what was granted of it, or else everything that the client is registered for.
	Version  int
	Scopes   oauth2.Scopes
	Resource string

	// Again asks for everything even if it was granted (prompt=consent).
	Again bool
	// Organisation: the question is put by the admin-consent endpoint, for all
	// people and with the application permissions.
	Organisation bool
}

// Permission is one permission asked for.
type Permission struct {
	// Resource has App set. Its ID is empty where the resource has no service
	// principal in the tenant yet; Grant makes it.
	Resource *directory.ServicePrincipal
	ID       directory.ID
	Value    string // canonical spelling
	// Application permissions (app roles) are granted to the client itself, and
	// only with consent for the organisation.
	Application bool
	AdminOnly   bool // only administrators may grant it
	Granted     bool // before this question

	// Client is the application that gets it: the one that asks, or an API that
	// lists it under knownClientApplications.
	Client *directory.Application

	// Texts of the definition; UserTitle falls back to AdminTitle.
	UserTitle, UserDescription   string
	AdminTitle, AdminDescription string
}

// Assessment is the answer.
type Assessment struct {
	// Asked is everything that the request names (or, with .default and v1, that
	// is registered or granted), most sensitive first, by resource.
	Asked []Permission
	// Missing is what consent would add. Needed tells whether the person has to
	// be asked: something is missing, or the request asks again.
	Missing []Permission
	Needed  bool
	// Refusal is why this person cannot grant it (an *aadsts.Error of 90093,
	// 90094, 900941, 650056 …), nil if they can.
	Refusal error
	// MayOrganisation: the person may grant it on behalf of the organisation.
	MayOrganisation bool
	// PublisherVerified and Own describe the publisher: Own applications belong to
	// the tenant itself.
	PublisherVerified, Own bool
}

// Service answers. It is what Consents implements and what endpoints take.
type Service interface {
	// Assess answers a question. Its errors are *aadsts.Error for what is wrong
	// with the request itself (500011, 50001, 650053, 650052, 650057 …).
	Assess(ctx context.Context, r *Request) (*Assessment, error)
	// Grant records consent to what is missing, as one act, and returns the
	// client's service principal, which it makes if need be. organisation grants
	// for all people of the tenant everything that was asked, what the person alone
	// holds too; only where MayOrganisation. What cannot be written is an
	// *aadsts.Error of 90090.
	Grant(ctx context.Context, by directory.Caller, r *Request, a *Assessment, organisation bool) (*directory.ServicePrincipal, error)
	// Held lists the values of the delegated permissions that the client holds for
	// the user on the resource, in the order of their definition: what goes into
	// `scp`. client is the service principal of the client in the tenant.
	Held(ctx context.Context, t directory.TenantID, client, resource *directory.ServicePrincipal, user directory.ID) ([]string, error)
	// HeldOIDC lists which of openid, profile, email and offline_access the client
	// holds for the user.
	HeldOIDC(ctx context.Context, t directory.TenantID, client *directory.ServicePrincipal, user directory.ID) ([]string, error)
	// HeldAll is Held and HeldOIDC at once.
	HeldAll(ctx context.Context, t directory.TenantID, client, resource *directory.ServicePrincipal, user directory.ID) (values, words []string, err error)
}
