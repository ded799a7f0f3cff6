package frontchannel

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Claim is what a request says of itself.
type Claim struct {
	Tenant      string // the tenant segment of the path
	ClientID    string
	RedirectURI string // "" where the request names none
	// Unanswered requests need no address: where none is named and none can be
	// chosen, the Redirect stays empty.
	Unanswered bool
}

// Party is what was proven of a claim. Facts are only added, so that after a
// refusal it holds what an error page may show.
type Party struct {
	Authority directory.TenantName
	// Tenant is nil where the path is an alias.
	Tenant   *directory.Tenant
	ClientID directory.ID
	App      *directory.Application
	// Principal is the application's in Tenant, nil where it has none there.
	Principal *directory.ServicePrincipal
	Redirect  Redirect
}

// Name is the application's, as the tenant calls it; "" before it is known to be
// one that the tenant may see.
func (p *Party) Name() string {
	switch {
	case p.Principal != nil:
		return p.Principal.Name()
	case p.App != nil:
		return p.App.DisplayName
	}
	return ""
}

// Home is the application's home page, "" unless it may be shown as a link.
func (p *Party) Home() string {
	if p.App == nil {
		return ""
	}
	if u := p.App.Web.HomePageURL; u != nil && oauth2.LinkAllowed(*u) {
		return *u
	}
	return ""
}

// Lookup is what Prove has to know; directory.Lookup has it.
type Lookup interface {
	TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
	ApplicationByAppID(ctx context.Context, appID directory.ID) (*directory.Application, error)
	ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error)
}

// Prove checks a claim up to its redirect URI. The party is never nil; its
// Redirect holds an address only without an error, and then always but for
// Unanswered claims. Errors are *aadsts.Error for
// refusals, to be shown on a page, and failures of the directory.
func Prove(ctx context.Context, l Lookup, c Claim) (*Party, error) {
	p := &proof{Lookup: l, Claim: c}
	for _, step := range steps {
		if err := step.run(p, ctx); err != nil {
			return &p.Party, err
		}
	}
	return &p.Party, nil
}

// proof is a claim on its way.
type proof struct {
	Lookup
	Claim Claim
	Party
}

// steps come before any redirect, in their order. Who swaps two of them tells
// strangers more than before: whether an application is disabled, say, before it
// is known to belong here.
var steps = []struct {
	name string
	run  func(*proof, context.Context) error
}{
	{"tenant", (*proof).findTenant},
	{"client", (*proof).findClient},
	{"enabled", (*proof).checkEnabled},
	{"audience", (*proof).checkAudience},
	{"redirect", (*proof).proveRedirect},
}

// findTenant reads the path's tenant and looks it up, unless it is an alias.
func (p *proof) findTenant(ctx context.Context) error {
	name, err := directory.ParseTenantName(p.Claim.Tenant)
	if err != nil {
		return aadsts.New(aadsts.InvalidTenantName, p.Claim.Tenant)
	}
	p.Authority = name
	p.Tenant, err = directory.FindTenant(ctx, p.Lookup, name)
	if errors.Is(err, directory.ErrNotFound) {
		return aadsts.New(aadsts.TenantNotFound, name.Text)
	}
	return err
}

// findClient finds the application, as far as the path's tenant may see it: its
// own, and those that other organisations offer to all. A multi-tenant
// application without a service principal here is seen too: signing in is how it
// gets one.
func (p *proof) findClient(ctx context.Context) error {
	text := p.Claim.ClientID
	if text == "" {
		return aadsts.New(aadsts.MissingParameter, "client_id")
	}
	id, err := directory.ParseID(text)
	if err != nil {
		return aadsts.New(aadsts.InvalidClientID, text)
	}
	p.ClientID = id
	app, err := p.ApplicationByAppID(ctx, id)
	if err != nil && !errors.Is(err, directory.ErrNotFound) {
		return err
	}
	if err != nil || !p.visible(app) {
		return aadsts.New(aadsts.ApplicationNotFound, string(id), p.Authority.Text)
	}
	if p.Tenant != nil {
		sp, err := p.ServicePrincipalByAppID(ctx, p.Tenant.ID, id)
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return err
		}
		p.Principal = sp
	}
	p.App = app
	return nil
}

// visible reports whether an application may be known behind the path.
func (p *proof) visible(a *directory.Application) bool {
	switch p.Authority.Kind {
	case directory.NameCommon, directory.NameConsumers:
		return true
	case directory.NameOrganizations:
		return a.SignInAudience != directory.AudiencePersonal
	}
	return a.OfferedTo(p.Tenant.ID)
}

// checkEnabled refuses an application that was blocked altogether or in the
// tenant.
func (p *proof) checkEnabled(context.Context) error {
	if p.App.Blocked() || p.Principal != nil && !p.Principal.AccountEnabled {
		return aadsts.New(aadsts.ApplicationDisabled, string(p.ClientID))
	}
	return nil
}

// checkAudience compares who may use the application with whom the path lets in.
func (p *proof) checkAudience(context.Context) error {
	switch p.Authority.Kind {
	case directory.NameCommon, directory.NameOrganizations:
		if !p.App.MultiTenant() && !p.App.Personal() {
			return aadsts.New(aadsts.NotMultiTenant, string(p.ClientID))
		}
	case directory.NameConsumers:
		if !p.App.Personal() {
			return aadsts.New(aadsts.WorkAccountsOnly, string(p.ClientID))
		}
	}
	return nil
}
