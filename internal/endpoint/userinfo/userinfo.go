package userinfo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// Tokens verifies access tokens for one resource. *issue.Verifier is one; it must
// know people.
type Tokens interface {
	Verify(ctx context.Context, token string) (*issue.Verified, error)
}

// Config is what the endpoint needs.
type Config struct {
	// Graph verifies tokens for Graph. Legacy verifies tokens for its predecessor,
	// which the v1 endpoint takes too; nil for none.
	Graph, Legacy Tokens
	Subjects      issue.Subjects
	Tenants       interface {
		TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
	}
	Log *slog.Logger
	// WriteError answers where the server failed.
	WriteError func(http.ResponseWriter, *http.Request, error)
}

// Endpoint serves UserInfo. It is safe for concurrent use.
type Endpoint struct{ cfg Config }

// New makes the endpoint.
func New(cfg Config) (*Endpoint, error) {
	if cfg.Graph == nil || cfg.Subjects.Keeper == nil || cfg.Tenants == nil || cfg.Log == nil || cfg.WriteError == nil {
		return nil, errors.New("userinfo: Config needs Graph, Subjects, Tenants, Log and WriteError")
	}
	return &Endpoint{cfg: cfg}, nil
}

// V2 serves /oidc/userinfo.
func (e *Endpoint) V2() http.Handler { return e.handler([]Tokens{e.cfg.Graph}) }

// V1 serves /{tenant}/openid/userinfo. The token must be of the tenant in the
// path, or of one that the alias there stands for.
func (e *Endpoint) V1() http.Handler {
	accepted := []Tokens{e.cfg.Graph}
	if e.cfg.Legacy != nil {
		accepted = append(accepted, e.cfg.Legacy)
	}
	return e.handler(accepted)
}

func (e *Endpoint) handler(accepted []Tokens) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// The token is the only credential, never a cookie: any origin may read the
		// answer.
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "X-Ms-Request-Id, WWW-Authenticate")
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		body, err := e.serve(w, r, accepted)
		if err != nil {
			e.fail(w, r, err)
			return
		}
		web.WriteJSON(w, r, http.StatusOK, body)
	})
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// claims is the answer (OpenID Connect Core §5.1).
type claims struct {
	Sub        string `json:"sub"`
	Name       string `json:"name,omitempty"`
	FamilyName string `json:"family_name,omitempty"`
	GivenName  string `json:"given_name,omitempty"`
	Email      string `json:"email,omitempty"`
}

func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request, accepted []Tokens) (*claims, error) {
	token, err := bearer(w, r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	v, err := verify(ctx, token, accepted)
	if err != nil {
		return nil, err
	}
	tenant, err := e.cfg.Tenants.TenantByName(ctx, v.Tenant.String())
	if errors.Is(err, directory.ErrNotFound) {
		return nil, invalidToken(err)
	}
	if err != nil {
		return nil, err
	}
	if segment := r.PathValue("tenant"); segment != "" && !names(segment, tenant) {
		return nil, invalidToken(errors.New("the access token is of another tenant than the path"))
	}
	if v.User == "" || !slices.Contains(v.Scopes, "openid") {
		return nil, errScope
	}
	return e.claims(ctx, tenant, v)
}

// verify asks each verifier in turn; the next one is for a token that names
// another resource.
func verify(ctx context.Context, token string, accepted []Tokens) (*issue.Verified, error) {
	var err error
	for _, t := range accepted {
		var v *issue.Verified
		if v, err = t.Verify(ctx, token); err == nil {
			return v, nil
		}
		if !errors.Is(err, issue.ErrTokenAudience) {
			break
		}
	}
	for _, refusal := range []error{
		issue.ErrTokenMalformed, issue.ErrTokenSignature, issue.ErrTokenIssuer, issue.ErrTokenExpired, issue.ErrTokenAudience, issue.ErrTokenRevoked,
	} {
		if errors.Is(err, refusal) {
			return nil, invalidToken(err)
		}
	}
	return nil, err
}

// names reports whether a path's tenant segment stands for the tenant.
func names(segment string, t *directory.Tenant) bool {
	n, err := directory.ParseTenantName(segment)
	if err != nil {
		return false
	}
	switch n.Kind {
	case directory.NameCommon:
		return true
	case directory.NameOrganizations:
		return t.ID != directory.Consumers
	case directory.NameConsumers:
		return t.ID == directory.Consumers
	case directory.NameDomain:
		return t.VerifiedDomain(n.Text)
	}
	return n.Text == t.ID.String()
}

// claims gathers what the scopes of the token allow.
func (e *Endpoint) claims(ctx context.Context, tenant *directory.Tenant, v *issue.Verified) (*claims, error) {
	// The name by which the client knows the person, not the one for Graph: the
	// client compares it with that of its ID token.
	sub, err := e.cfg.Subjects.Subject(ctx, v.Tenant, v.AppID, v.User)
	if err != nil {
		return nil, err
	}
	out := &claims{Sub: sub}
	if slices.Contains(v.Scopes, "profile") {
		out.Name, out.FamilyName, out.GivenName = v.Person.DisplayName, text(v.Person.Surname), text(v.Person.GivenName)
	}
	if slices.Contains(v.Scopes, "email") {
		var home *directory.Tenant
		if v.HomeTenant != v.Tenant {
			home, err = e.cfg.Tenants.TenantByName(ctx, v.HomeTenant.String())
			if err != nil && !errors.Is(err, directory.ErrNotFound) {
				return nil, err
			}
		}
		out.Email, _ = issue.Email(v.Client.App, tenant, home, v.Person)
	}
	return out, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
