package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// registration is the answer of `app create`. The secret is in it once.
type registration struct {
	Scenario           string   `json:"scenario"`
	DisplayName        string   `json:"displayName"`
	TenantID           string   `json:"tenantId"`
	AppID              string   `json:"appId"`
	ApplicationID      string   `json:"applicationId"`
	ServicePrincipalID string   `json:"servicePrincipalId"`
	Authority          string   `json:"authority"`
	RedirectURIs       []string `json:"redirectUris,omitempty"`
	IdentifierURI      string   `json:"identifierUri,omitempty"`
	Scope              string   `json:"scope,omitempty"`
	AppRole            string   `json:"appRole,omitempty"`
	API                string   `json:"api,omitempty"`
	Permissions        []string `json:"permissions,omitempty"`
	Consented          bool     `json:"consented"`
	Credential         struct {
		Needed      need     `json:"needed"`
		Side        string   `json:"side"`
		Why         string   `json:"why"`
		Prefer      []string `json:"prefer"`
		Kind        string   `json:"kind"`
		KeyID       string   `json:"keyId,omitempty"`
		SecretText  string   `json:"secretText,omitempty"`
		Certificate string   `json:"certificateFile,omitempty"`
		Issuer      string   `json:"issuer,omitempty"`
		Subject     string   `json:"subject,omitempty"`
		Ends        string   `json:"endDateTime,omitempty"`
	} `json:"credential"`
}

// graphApplication is what Graph is sent and answers of an application.
type graphApplication struct {
	ID             string          `json:"id,omitempty"`
	AppID          string          `json:"appId,omitempty"`
	DisplayName    string          `json:"displayName,omitempty"`
	SignInAudience string          `json:"signInAudience,omitempty"`
	IdentifierURIs []string        `json:"identifierUris,omitempty"`
	API            *graphAPI       `json:"api,omitempty"`
	AppRoles       []graphRole     `json:"appRoles,omitempty"`
	Web            *graphRedirects `json:"web,omitempty"`
	SPA            *graphRedirects `json:"spa,omitempty"`
	PublicClient   *graphRedirects `json:"publicClient,omitempty"`
	Required       []graphRequired `json:"requiredResourceAccess,omitempty"`
	Keys           []graphKey      `json:"keyCredentials,omitempty"`
}

type graphAPI struct {
	Version int               `json:"requestedAccessTokenVersion"`
	Scopes  []graphPermission `json:"oauth2PermissionScopes"`
}

type graphPermission struct {
	ID               string `json:"id"`
	Value            string `json:"value"`
	Type             string `json:"type"`
	Enabled          bool   `json:"isEnabled"`
	AdminName        string `json:"adminConsentDisplayName"`
	AdminDescription string `json:"adminConsentDescription"`
	UserName         string `json:"userConsentDisplayName"`
	UserDescription  string `json:"userConsentDescription"`
}

type graphRole struct {
	ID          string   `json:"id"`
	Value       string   `json:"value"`
	DisplayName string   `json:"displayName"`
	Description string   `json:"description"`
	Enabled     bool     `json:"isEnabled"`
	MemberTypes []string `json:"allowedMemberTypes"`
}

type graphRedirects struct {
	URIs []string `json:"redirectUris"`
}

type graphRequired struct {
	AppID  string        `json:"resourceAppId"`
	Access []graphAccess `json:"resourceAccess"`
}

type graphAccess struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type graphKey struct {
	Type        string `json:"type"`
	Usage       string `json:"usage"`
	DisplayName string `json:"displayName"`
	Key         string `json:"key"`
	KeyID       string `json:"keyId,omitempty"`
}

// register makes the application and all that belongs to it.
func register(ctx context.Context, s *shared, g *graph, sc scenario, f *appFlags, pair *keyPair) (*registration, error) {
	var api *resource
	if f.api != "" {
		var err error
		if api, err = findResource(ctx, g, f, sc); err != nil {
			return nil, err
		}
	}
	wanted, err := wantedApplication(s, sc, f, api)
	if err != nil {
		return nil, err
	}
	var made graphApplication
	if err := g.call(ctx, http.MethodPost, "/applications", wanted, &made); err != nil {
		return nil, err
	}
	r := &registration{
		Scenario: sc.name, DisplayName: f.name, AppID: made.AppID, ApplicationID: made.ID,
		RedirectURIs: f.redirects, API: f.api, Permissions: f.permissions,
	}
	for _, step := range []func() error{
		func() error { return r.expose(ctx, g, sc, f) },
		func() error { return r.addServicePrincipal(ctx, g) },
		func() error { return r.addCredential(ctx, s, g, f, pair) },
		func() error { return r.grant(ctx, g, sc, f, api) },
	} {
		if err := step(); err != nil {
			return nil, undo(ctx, g, made.ID, err)
		}
	}
	if err := pair.write(); err != nil {
		return nil, undo(ctx, g, made.ID, err)
	}
	r.Credential.Needed, r.Credential.Side, r.Credential.Why = sc.need, s.say(sc.side), s.say(sc.why)
	for _, p := range preferences {
		if sc.need != never {
			r.Credential.Prefer = append(r.Credential.Prefer, p.kind)
		}
	}
	return r, nil
}

// wantedApplication is the body that registers the application.
func wantedApplication(s *shared, sc scenario, f *appFlags, api *resource) (*graphApplication, error) {
	a := &graphApplication{DisplayName: f.name, SignInAudience: directory.AudienceMyOrg}
	if f.multiTenant {
		a.SignInAudience = directory.AudienceMultiOrg
	}
	switch sc.platform {
	case "web":
		a.Web = &graphRedirects{f.redirects}
	case "spa":
		a.SPA = &graphRedirects{f.redirects}
	case "publicClient":
		a.PublicClient = &graphRedirects{f.redirects}
	}
	if api != nil {
		kind := "Scope"
		if sc.asItself {
			kind = "Role"
		}
		required := graphRequired{AppID: api.AppID}
		for _, p := range api.wanted {
			required.Access = append(required.Access, graphAccess{p.ID, kind})
		}
		a.Required = []graphRequired{required}
	}
	if !sc.exposes {
		return a, nil
	}
	scopeID, err := directory.NewID(s.Rand)
	if err != nil {
		return nil, err
	}
	roleID, err := directory.NewID(s.Rand)
	if err != nil {
		return nil, err
	}
	a.API = &graphAPI{Version: 2, Scopes: []graphPermission{{
		ID: scopeID.String(), Value: f.scope, Type: "User", Enabled: true,
		AdminName: "Access " + f.name, AdminDescription: "Lets the app call " + f.name + " for the signed-in user.",
		UserName: "Access " + f.name, UserDescription: "Lets the app call " + f.name + " for you.",
	}}}
	a.AppRoles = []graphRole{{
		ID: roleID.String(), Value: f.role, DisplayName: f.role, Enabled: true, MemberTypes: []string{"Application"},
		Description: "Lets the app call " + f.name + " as itself.",
	}}
	return a, nil
}

// expose gives an API its App ID URI, which holds its client id.
func (r *registration) expose(ctx context.Context, g *graph, sc scenario, f *appFlags) error {
	if !sc.exposes {
		return nil
	}
	r.IdentifierURI, r.Scope, r.AppRole = "api://"+r.AppID, f.scope, f.role
	return g.call(ctx, http.MethodPatch, "/applications/"+r.ApplicationID, map[string]any{"identifierUris": []string{r.IdentifierURI}}, nil)
}

func (r *registration) addServicePrincipal(ctx context.Context, g *graph) error {
	var sp struct{ ID string }
	if err := g.call(ctx, http.MethodPost, "/servicePrincipals", map[string]any{"appId": r.AppID}, &sp); err != nil {
		return err
	}
	r.ServicePrincipalID = sp.ID
	return nil
}

func (r *registration) addCredential(ctx context.Context, s *shared, g *graph, f *appFlags, pair *keyPair) error {
	c := &r.Credential
	c.Kind = f.credential
	path := "/applications/" + r.ApplicationID
	switch f.credential {
	case secret:
		ends := g.now(s.Now()).Add(time.Duration(f.secretDays) * 24 * time.Hour).UTC().Format(time.RFC3339)
		var made struct {
			KeyID, SecretText, EndDateTime string
		}
		body := map[string]any{"passwordCredential": map[string]any{"displayName": "sekisho app create", "endDateTime": ends}}
		if err := g.call(ctx, http.MethodPost, path+"/addPassword", body, &made); err != nil {
			return err
		}
		c.KeyID, c.SecretText, c.Ends = made.KeyID, made.SecretText, made.EndDateTime
	case certificate:
		key := graphKey{
			Type: directory.KeyTypeX509, Usage: directory.UsageVerify, DisplayName: pair.name,
			Key: base64.StdEncoding.EncodeToString(pair.certificate.Raw),
		}
		if err := g.call(ctx, http.MethodPatch, path, graphApplication{Keys: []graphKey{key}}, nil); err != nil {
			return err
		}
		c.Certificate, c.Ends = pair.file, pair.certificate.NotAfter.UTC().Format(time.RFC3339)
	case federated:
		c.Issuer, c.Subject = f.issuer, f.subject
		return g.call(ctx, http.MethodPost, path+"/federatedIdentityCredentials", map[string]any{
			"name": "workload", "issuer": f.issuer, "subject": f.subject, "audiences": []string{f.audience},
		}, nil)
	}
	return nil
}

// grant consents to the permissions as the administrator, where asked.
func (r *registration) grant(ctx context.Context, g *graph, sc scenario, f *appFlags, api *resource) error {
	if api == nil || !f.consent {
		return nil
	}
	r.Consented = true
	if !sc.asItself {
		scope := ""
		for i, p := range api.wanted {
			if i > 0 {
				scope += " "
			}
			scope += p.Value
		}
		return g.call(ctx, http.MethodPost, "/oauth2PermissionGrants", map[string]any{
			"clientId": r.ServicePrincipalID, "consentType": directory.ConsentAllPrincipals, "resourceId": api.ID, "scope": scope,
		}, nil)
	}
	for _, p := range api.wanted {
		body := map[string]any{"principalId": r.ServicePrincipalID, "resourceId": api.ID, "appRoleId": p.ID}
		if err := g.call(ctx, http.MethodPost, "/servicePrincipals/"+r.ServicePrincipalID+"/appRoleAssignments", body, nil); err != nil {
			return fmt.Errorf("granting %s: %w", p.Value, err)
		}
	}
	return nil
}

// now is the server's time, which a moved development clock sets apart from
// ours: a token was issued five minutes after its iat.
func (g *graph) now(fallback time.Time) time.Time {
	d, err := decodeToken(g.token)
	if err != nil {
		return fallback
	}
	var claims struct {
		IssuedAt int64 `json:"iat"`
	}
	if json.Unmarshal(d.Claims, &claims) != nil || claims.IssuedAt == 0 {
		return fallback
	}
	return time.Unix(claims.IssuedAt, 0).Add(5 * time.Minute)
}
