package token

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Version tells the two forms of the endpoint apart.
type Version int

// The forms of the endpoint.
const (
	V1 Version = 1
	V2 Version = 2
)

// Config is what the endpoint needs.
type Config struct {
	Lookup  directory.Lookup
	Clients *clientauth.Authenticator
	Tokens  *issue.Tokens
	// Authorizations keep codes and refresh tokens, Consents say what they are good
	// for, Directory which roles a person has.
	Authorizations *authorization.Authorizations
	Consents       consent.Service
	Directory      Directory
	// Refusals counts refusals of known clients; Refused, if not nil, hears of
	// every refusal, for metrics.
	Refusals *audit.RefusalCounter
	Refused  func(code int)
	Now      func() time.Time
	Log      *slog.Logger
}

// Directory is what is read of a person; Lookup does not keep it, for there are
// too many people.
type Directory interface {
	AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.AppRoleAssignment, error)
	RoleAssignmentsOf(ctx context.Context, t directory.TenantID, principal directory.ID) ([]directory.RoleAssignment, error)
}

// Endpoint serves /token.
type Endpoint struct {
	Config
	loops *loopGuard
}

// New builds the endpoint.
func New(c Config) *Endpoint { return &Endpoint{Config: c, loops: newLoopGuard(maxLoops)} }

// Handler serves one form of the endpoint. The tenant is the path value
// "tenant".
func (e *Endpoint) Handler(v Version) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		x := &exchange{version: v, tenantName: r.PathValue("tenant"), web: web.From(r.Context())}
		resp, err := e.exchange(w, r, x)
		if x.app != nil && fromSPA(x.app, r.Header.Get("Origin")) {
			allowOrigin(w, r)
		}
		if err != nil {
			e.refuse(w, r, x, err)
			return
		}
		w.Header().Set("X-Ms-Clitelem", "1,0,0,,")
		web.WriteJSON(w, r, http.StatusOK, resp)
	})
}

// exchange is what is known of a token request so far. Facts are only added.
type exchange struct {
	version    Version
	tenantName string
	web        *web.Request
	userAgent  string

	form   oauth2.Form
	client *clientauth.Request
	tenant *directory.Tenant
	app    *directory.Application
	sp     *directory.ServicePrincipal // nil where the application has none here
	proven *clientauth.Client

	// What a grant that brings something was found to bring: platform is where it
	// was given out, "" where it is not known. refused is why there is nothing.
	platform directory.RedirectPlatform
	code     *authorization.Found
	token    *authorization.Presented
	refused  error
}

// exchange is the life of a token request, whatever its grant.
func (e *Endpoint) exchange(w http.ResponseWriter, r *http.Request, x *exchange) (*response, error) {
	ctx := r.Context()
	form, err := web.ReadForm(w, r)
	if err != nil {
		return nil, err
	}
	x.form, x.userAgent = form, r.UserAgent()
	x.web.Correlate(form.Get("client-request-id"))
	x.web.Correlate(r.URL.Query().Get("client-request-id"))

	kind, err := grantTypeOf(form)
	if err != nil {
		return nil, err
	}
	if x.tenant, err = e.resolveTenant(ctx, x.tenantName); err != nil {
		return nil, err
	}
	if err := e.identify(ctx, r, x, kind); err != nil {
		return nil, err
	}
	if err := kind.complete(x); err != nil {
		return nil, err
	}
	if kind.find != nil {
		if err := kind.find(e, ctx, x); err != nil {
			return nil, err
		}
	}
	if err := e.prove(ctx, r, x); err != nil {
		return nil, err
	}
	granted, err := kind.redeem(e, ctx, x)
	if err != nil {
		return nil, err
	}
	target, err := e.resolve(ctx, x, granted)
	if err != nil {
		return nil, err
	}
	return e.issue(ctx, x, granted, target)
}

func grantTypeOf(form oauth2.Form) (grantType, error) {
	name := form.Get("grant_type")
	if name == "" {
		return grantType{}, aadsts.New(aadsts.MissingParameter, "grant_type")
	}
	i := slices.IndexFunc(grantTypes, func(g grantType) bool { return g.name == name })
	if i < 0 {
		return grantType{}, aadsts.New(aadsts.UnsupportedGrantType, name)
	}
	return grantTypes[i], nil
}

// identify finds out which client asks, without trusting it yet.
func (e *Endpoint) identify(ctx context.Context, r *http.Request, x *exchange, kind grantType) error {
	var err error
	if x.client, err = readClient(r, x); err != nil {
		return err
	}
	clientID, err := clientauth.Identify(x.client)
	if err != nil {
		return err
	}
	if x.tenant == nil && kind.concreteTenant {
		return aadsts.New(aadsts.TenantRequired)
	}
	err = e.findClient(ctx, x, clientID)
	if errors.Is(err, aadsts.ApplicationNotFound) {
		// Costs what a wrong secret costs, so that time does not tell which
		// applications exist.
		e.Clients.Dummy(x.client)
	}
	return err
}

// readClient collects what the request says about its client. Credentials in
// the query string are not read.
func readClient(r *http.Request, x *exchange) (*clientauth.Request, error) {
	req := &clientauth.Request{
		ClientID:      x.form.Get("client_id"),
		ClientSecret:  x.form.Get("client_secret"),
		AssertionType: x.form.Get("client_assertion_type"),
		Assertion:     x.form.Get("client_assertion"),
		Audiences:     func() []string { return audiences(x.web.Hosts, x.tenant, x.tenantName) },
	}
	headers := r.Header["Authorization"]
	if len(headers) > 1 {
		return nil, aadsts.New(aadsts.DuplicateParameter, "Authorization")
	}
	if len(headers) == 1 {
		var err error
		if req.BasicID, req.BasicSecret, req.HasBasic, err = clientauth.ParseBasic(headers[0]); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// refuse answers with the error and keeps account of it.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, x *exchange, err error) {
	code := 0
	if known := web.Known(err); known != nil {
		code = known.Code().Number()
	}
	w.Header().Set("X-Ms-Clitelem", "1,"+strconv.Itoa(code)+",0,,")
	if e.Refused != nil {
		e.Refused(code)
	}
	// Whatever concerns an unknown tenant or client goes to log and metrics only.
	if x.tenant != nil && x.app != nil {
		e.Refusals.Add(e.Now(), x.tenant.ID.Bytes(), x.app.AppID.Bytes(), code, x.web.Trace)
	}
	web.WriteError(w, r, e.Log, e.Now(), err)
}
