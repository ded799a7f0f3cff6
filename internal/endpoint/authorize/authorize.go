package authorize

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Purpose is the name of this endpoint in the transactions of a sign-in.
const Purpose = "authorize"

// Codes issues codes. *authorization.Authorizations is one.
type Codes interface {
	IssueCode(ctx context.Context, c *authorization.Code) (string, error)
}

// Config is what the endpoint needs.
type Config struct {
	Lookup directory.Lookup
	Pages  *page.Pages
	Hints  session.Hints
	Codes  Codes
	// Check says what is wrong with the resources and scopes of a request, before
	// anybody signed in. consent.Consents has it.
	Check func(ctx context.Context, q *consent.Request) error
	// TokenHint reads an id_token_hint: the account it was issued for, if it is a
	// token of ours, expired or not. Errors are failures of the directory.
	TokenHint func(ctx context.Context, token string) (signin.Account, bool, error)
	// Begin signs somebody in for a valid request.
	Begin func(w http.ResponseWriter, r *http.Request, tx *signin.Transaction, q *Request)
	// Refused, if not nil, hears of each refusal that an application was told.
	Refused func(r *http.Request, p *frontchannel.Party, code int)
	Now     func() time.Time
	Log     *slog.Logger
}

// Endpoint serves /authorize.
type Endpoint struct{ Config }

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{c} }

// Handler serves one form of the endpoint, 1 or 2. The tenant is the path value
// "tenant".
func (e *Endpoint) Handler(version int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &Request{endpoint: e, path: r.PathValue("tenant"), version: version, Party: &frontchannel.Party{}}
		var err error
		if q.form, err = web.ReadFrontChannel(w, r); err != nil {
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

// prove proves a request up to its redirect URI, and then the rest of it.
func (q *Request) prove(ctx context.Context) error {
	var err error
	q.Party, err = frontchannel.Prove(ctx, q.endpoint.Lookup, frontchannel.Claim{
		Tenant: q.path, ClientID: q.form.Get("client_id"), RedirectURI: q.form.Get("redirect_uri"),
	})
	if err != nil {
		return err
	}
	return q.validate(ctx)
}

// transaction is what the pages carry of the request.
func (q *Request) transaction() *signin.Transaction {
	return &signin.Transaction{Purpose: Purpose, Path: q.Authority.Text, Version: q.version, Params: q.form.Encode()}
}

// Load proves the request of a transaction again: an application may have been
// disabled since, or have lost its redirect URI.
func (e *Endpoint) Load(ctx context.Context, tx *signin.Transaction) (*Request, error) {
	q := &Request{endpoint: e, path: tx.Path, version: tx.Version, Party: &frontchannel.Party{}}
	var err error
	if q.form, err = oauth2.ParseForm(tx.Params); err != nil {
		return nil, err
	}
	return q, q.prove(ctx)
}

// details are what an error page may show. The application is named once it is
// known to be one that the tenant may see.
func (q *Request) details() page.Details {
	return page.Details{Application: q.Name(), ClientID: string(q.ClientID), Locales: locales(q.form)}
}
