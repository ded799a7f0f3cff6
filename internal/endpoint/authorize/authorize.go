package authorize

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
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
		v := &visit{Party: &frontchannel.Party{}}
		if err := e.prove(w, r, v); err != nil {
			e.Pages.WriteError(w, r, err, v.details())
			return
		}
		e.Pages.WriteNotYet(w, r, page.NotYet{Application: v.Name(), Home: v.Home(), Locales: v.locales()})
	})
}

// visit is what is known of an authorization request so far. Facts are only
// added.
type visit struct {
	form oauth2.Form
	*frontchannel.Party
}

// prove reads a request and proves it up to its redirect URI.
func (e *Endpoint) prove(w http.ResponseWriter, r *http.Request, v *visit) error {
	var err error
	if v.form, err = web.ReadFrontChannel(w, r); err != nil {
		return err
	}
	web.From(r.Context()).Correlate(v.form.Get("client-request-id"))
	v.Party, err = frontchannel.Prove(r.Context(), e.Lookup, frontchannel.Claim{
		Tenant: r.PathValue("tenant"), ClientID: v.form.Get("client_id"), RedirectURI: v.form.Get("redirect_uri"),
	})
	return err
}

// details are what an error page may show of the visit. The application is named
// once it is known to be one that the tenant may see.
func (v *visit) details() page.Details {
	return page.Details{Application: v.Name(), ClientID: string(v.ClientID), Locales: v.locales()}
}

func (v *visit) locales() string { return v.form.Get("ui_locales") }
