package logout

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Lookup is what a sign-out has to know of the directory; directory.Lookup has it.
type Lookup interface {
	TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
	ApplicationByAppID(ctx context.Context, appID directory.ID) (*directory.Application, error)
	ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, appID directory.ID) (*directory.ServicePrincipal, error)
}

// Pages draws. *page.Pages is one.
type Pages interface {
	WriteConfirmSignOut(w http.ResponseWriter, r *http.Request, p page.ConfirmSignOut)
	WriteSignedOut(w http.ResponseWriter, r *http.Request, p page.SignedOut)
	WriteError(w http.ResponseWriter, r *http.Request, err error, d page.Details)
}

// Config is what the endpoint needs.
type Config struct {
	Lookup   Lookup
	Sessions *session.Sessions
	Hints    session.Hints
	Tokens   *issue.HintReader
	Subjects issue.Subjects
	Sealer   session.Sealer
	Pages    Pages
	Now      func() time.Time
	Rand     io.Reader
}

// Endpoint serves /logout.
type Endpoint struct{ Config }

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// Handler serves the endpoint of a version, 1 or 2, which differ by their path
// alone. The tenant is the path value "tenant".
func (e *Endpoint) Handler(version int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{version: version}
		if err := e.serve(w, r, v); err != nil {
			e.Pages.WriteError(w, r, err, page.Details{Locales: v.Locales})
		}
	})
}

// visit is one request to sign out, as far as it is known.
type visit struct {
	version int
	tenant  string // of the path
	request
	live []session.Live // of the browser
}

// request is what an application asks for. It travels sealed while the person is
// asked.
type request struct {
	// Client is the application that the request says to come from, "" if nothing
	// names it. It decides only among whose redirect URIs the address is looked for.
	Client directory.ID `json:"client,omitempty"`
	// Foreign: the request names an application other than its ID token does.
	Foreign bool   `json:"foreign,omitempty"`
	Next    string `json:"next,omitempty"` // post_logout_redirect_uri, not proven
	State   []byte `json:"state,omitempty"`
	Locales string `json:"locales,omitempty"`
}

// serve answers a request, unless it gives an error.
func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request, v *visit) error {
	ctx := r.Context()
	form, err := web.ReadFrontChannel(w, r)
	if err != nil {
		return err
	}
	v.Locales = form.Get("ui_locales")
	web.From(ctx).Correlate(form.Get("client-request-id"))
	if err := e.findTenant(ctx, r.PathValue("tenant"), v); err != nil {
		return err
	}
	if v.live, err = e.Sessions.Load(ctx, web.SessionSecrets(r)); err != nil {
		return err
	}
	if r.Method == http.MethodPost && form.Get("flowToken") != "" {
		return e.answer(w, r, v, form)
	}
	return e.begin(w, r, v, form)
}

// findTenant proves that the path names a tenant here, or an alias. Nothing else
// follows from it: a browser's sessions are good for every tenant.
func (e *Endpoint) findTenant(ctx context.Context, segment string, v *visit) error {
	name, err := directory.ParseTenantName(segment)
	if err != nil {
		return aadsts.New(aadsts.InvalidTenantName, segment)
	}
	v.tenant = name.Text
	_, err = directory.FindTenant(ctx, e.Lookup, name)
	if errors.Is(err, directory.ErrNotFound) {
		return aadsts.New(aadsts.TenantNotFound, name.Text)
	}
	return err
}

// begin takes a request of an application or of a person.
func (e *Endpoint) begin(w http.ResponseWriter, r *http.Request, v *visit, form oauth2.Form) error {
	if next := form.Get("post_logout_redirect_uri"); returnable(next) {
		v.Next, v.State = next, []byte(form.Get("state"))
	}
	if client, err := directory.ParseID(form.Get("client_id")); err == nil {
		v.Client = client
	} else {
		v.Foreign = form.Get("client_id") != ""
	}
	who, err := e.hinted(r.Context(), v, form)
	if err != nil {
		return err
	}
	if who == nil && len(v.live) > 0 {
		return e.ask(w, r, v, v.Locales)
	}
	return e.end(w, r, v, who, r.Method == http.MethodGet)
}
