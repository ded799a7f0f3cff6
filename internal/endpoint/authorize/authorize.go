package authorize

import (
	"context"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Config is what the endpoint needs.
type Config struct {
	Lookup directory.Lookup
	Pages  *page.Pages
}

// Endpoint serves /authorize.
type Endpoint struct{ Config }

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// Handler serves both forms of the endpoint, which differ in nothing that is
// checked so far. The tenant is the path value "tenant".
func (e *Endpoint) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{segment: r.PathValue("tenant")}
		if err := e.prove(w, r, v); err != nil {
			e.Pages.WriteError(w, r, err, v.details())
			return
		}
		e.Pages.WriteNotYet(w, r, page.NotYet{Application: v.name(), Home: home(v.app), Locales: v.locales()})
	})
}

// visit is what is known of an authorization request so far. Facts are only
// added.
type visit struct {
	segment string // the tenant as the path has it
	form    oauth2.Form

	authority directory.TenantName
	tenant    *directory.Tenant // nil where the path is an alias
	clientID  directory.ID
	app       *directory.Application
	principal *directory.ServicePrincipal // nil where the application has none in the tenant
	redirect  validRedirect
}

// prove reads a request and proves it up to its redirect URI.
func (e *Endpoint) prove(w http.ResponseWriter, r *http.Request, v *visit) error {
	var err error
	if v.form, err = read(w, r); err != nil {
		return err
	}
	web.From(r.Context()).Correlate(v.form.Get("client-request-id"))
	for _, c := range checks {
		if err := c.run(e, r.Context(), v); err != nil {
			return err
		}
	}
	return nil
}

// checks are the steps before a redirect, in their order. Who swaps two of them
// tells strangers more than before: whether an application is disabled, say,
// before it is known to belong here.
var checks = []struct {
	name string
	run  func(*Endpoint, context.Context, *visit) error
}{
	{"tenant", (*Endpoint).findTenant},
	{"client", (*Endpoint).findClient},
	{"enabled", (*Endpoint).checkEnabled},
	{"audience", (*Endpoint).checkAudience},
	{"redirect", (*Endpoint).proveRedirect},
}

// Limits of a request, in bytes. An id_token_hint is a whole token.
const (
	maxParameter = 8 << 10
	maxHint      = 16 << 10
	maxRequest   = 32 << 10
)

func parameterLimit(name string) int {
	if name == "id_token_hint" {
		return maxHint
	}
	return maxParameter
}

// read takes the parameters from the query of a GET or the body of a POST (OpenID
// Connect Core §3.1.2.1); the query of a POST is not looked at, so that no
// parameter can come from two places.
func read(w http.ResponseWriter, r *http.Request) (oauth2.Form, error) {
	switch r.Method {
	case http.MethodGet:
		f, err := web.ReadQuery(r)
		if err == nil && f.TooLong(parameterLimit) != "" {
			err = aadsts.New(aadsts.QueryTooLong)
		}
		return f, err
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		f, err := web.ReadForm(w, r)
		if name := f.TooLong(parameterLimit); err == nil && name != "" {
			err = aadsts.New(aadsts.MalformedRequest, "the parameter "+name+" is too long")
		}
		return f, err
	}
	w.Header().Set("Allow", "GET, POST")
	return oauth2.Form{}, aadsts.New(aadsts.MethodNotAllowed, "GET and POST", r.Method)
}

// details are what an error page may show of the visit. The application is named
// once it is known to be one that the tenant may see.
func (v *visit) details() page.Details {
	return page.Details{Application: v.name(), ClientID: string(v.clientID), Locales: v.locales()}
}

func (v *visit) locales() string { return v.form.Get("ui_locales") }

func (v *visit) name() string {
	switch {
	case v.principal != nil:
		return v.principal.Name()
	case v.app != nil:
		return v.app.DisplayName
	}
	return ""
}

// home is the application's home page, if it may be shown as a link.
func home(a *directory.Application) string {
	if u := a.Web.HomePageURL; u != nil && oauth2.LinkAllowed(*u) {
		return *u
	}
	return ""
}
