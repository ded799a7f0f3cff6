package adminconsent

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Purpose is the name of this endpoint in the transactions of a sign-in.
const Purpose = "adminconsent"

// Config is what the endpoint needs.
type Config struct {
	Lookup directory.Lookup
	Pages  *page.Pages
	// Check says what is wrong with the resources and scopes of a request, before
	// anybody signed in. consent.Consents has it.
	Check func(ctx context.Context, q *consent.Request) error
	// Begin signs somebody in for a valid request.
	Begin func(w http.ResponseWriter, r *http.Request, tx *signin.Transaction, q *Request)
	// Refused, if not nil, hears of each refusal that an application was told.
	Refused func(r *http.Request, p *frontchannel.Party, code int)
	Now     func() time.Time
	Log     *slog.Logger
}

// Endpoint serves /adminconsent.
type Endpoint struct{ Config }

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// Handler serves one form of the endpoint, 1 or 2. The tenant is the path value
// "tenant".
func (e *Endpoint) Handler(version int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := e.request(r.PathValue("tenant"), version)
		var err error
		if q.form, err = read(w, r); err != nil {
			q.Refuse(w, r, err)
			return
		}
		web.From(r.Context()).Correlate(q.form.Get("client-request-id"))
		if err := q.prove(r.Context()); err != nil {
			q.Refuse(w, r, err)
			return
		}
		e.Begin(w, r, q.transaction(), q)
	})
}

// read takes the parameters of a link: there is no form that posts them.
func read(w http.ResponseWriter, r *http.Request) (oauth2.Form, error) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		return oauth2.Form{}, aadsts.New(aadsts.MethodNotAllowed, http.MethodGet, r.Method)
	}
	return web.ReadFrontChannel(w, r)
}

// Load proves the request of a transaction again.
func (e *Endpoint) Load(ctx context.Context, tx *signin.Transaction) (*Request, error) {
	q := e.request(tx.Path, tx.Version)
	var err error
	if q.form, err = oauth2.ParseForm(tx.Params); err != nil {
		return nil, err
	}
	return q, q.prove(ctx)
}

// Request is a request for consent. Facts are only added.
type Request struct {
	endpoint *Endpoint
	path     string // the tenant segment
	version  int
	form     oauth2.Form
	*frontchannel.Party
	scopes oauth2.Scopes
}

func (e *Endpoint) request(path string, version int) *Request {
	return &Request{endpoint: e, path: path, version: version, Party: &frontchannel.Party{}}
}

// prove proves a request up to its redirect URI, and then what it asks for.
func (q *Request) prove(ctx context.Context) error {
	if err := q.checkPath(); err != nil {
		return err
	}
	var err error
	q.Party, err = frontchannel.Prove(ctx, q.endpoint.Lookup, frontchannel.Claim{
		Tenant: q.path, ClientID: q.form.Get("client_id"), RedirectURI: q.form.Get("redirect_uri"), Unanswered: true,
	})
	if err != nil {
		return err
	}
	if err := q.checkScope(); err != nil || q.Tenant == nil {
		return err
	}
	return q.endpoint.Check(ctx, q.Consent(q.Tenant, q.Principal, nil))
}

// checkPath refuses paths that no organisation stands behind: personal accounts
// have no administrator, and version 2 asks for the organisation by its alias.
func (q *Request) checkPath() error {
	name, err := directory.ParseTenantName(q.path)
	if err != nil {
		return nil // named and refused with all that is proven
	}
	if name.Kind == directory.NameConsumers || name.Kind == directory.NameCommon && q.version == 2 {
		return aadsts.New(aadsts.InvalidTenantName, q.path)
	}
	return nil
}

// checkScope reads what is asked for. Version 1 asks for everything that is
// registered.
func (q *Request) checkScope() error {
	if q.version == 1 {
		return nil
	}
	text := q.form.Get("scope")
	if q.form.Get("resource") != "" {
		return aadsts.New(aadsts.ResourceOnV2)
	}
	var err error
	if q.scopes, err = oauth2.ParseScopes(text); err != nil {
		return aadsts.New(aadsts.InvalidScope, text).Because(err)
	}
	if len(q.scopes.OIDC)+len(q.scopes.List) == 0 {
		return aadsts.New(aadsts.MissingParameter, "scope")
	}
	return nil
}

// transaction is what the pages carry of the request.
func (q *Request) transaction() *signin.Transaction {
	return &signin.Transaction{Purpose: Purpose, Path: q.Authority.Text, Version: q.version, Params: q.form.Encode()}
}

// Wish asks for a fresh sign-in: consent for a whole organisation must not be had
// of an administrator's browser that was left open, or by a link alone.
func (q *Request) Wish() *signin.Wish {
	return &signin.Wish{
		Authority: q.Authority, Tenant: q.Tenant, App: q.App, Principal: q.Principal,
		Login: true, MaxAge: -1,
	}
}

// Flow describes the application for the pages.
func (q *Request) Flow() page.Flow {
	f := page.Flow{Application: q.Name(), Locales: q.locales()}
	if target := q.Redirect.Target(); target != "" {
		f.Targets = []string{target}
	}
	return f
}

// Consent is the question that the request puts for a person: for all people of
// the tenant.
func (q *Request) Consent(t *directory.Tenant, principal *directory.ServicePrincipal, u *directory.User) *consent.Request {
	return &consent.Request{
		Tenant: t, App: q.App, Principal: principal, User: u, Version: q.version, Scopes: q.scopes, Organisation: true,
	}
}

func (q *Request) locales() string { return q.form.Get("ui_locales") }
