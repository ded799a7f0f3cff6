// Package graph does through Microsoft Graph what administrators do for the
// samples: credentials, federated credentials, service principals and grants. It
// knows Graph's v1.0 shapes and nothing of the server behind them.
package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// Client calls Graph as one administrator.
type Client struct {
	// Base is https://graph.microsoft.com or another Graph's address.
	Base  string
	HTTP  *http.Client
	Token func(context.Context) (string, error)
}

// Error is a refusal of Graph.
type Error struct {
	Status        int
	Code, Message string
}

func (e *Error) Error() string { return fmt.Sprintf("graph: %d %s: %s", e.Status, e.Code, e.Message) }

// As is Graph as an application with a secret: what an administrator lets do its
// work. authority is https://HOST/TENANT; base and http are those of the Client.
func As(authority, base, clientID, secret string, client *http.Client) (*Client, error) {
	cred, err := confidential.NewCredFromSecret(secret)
	if err != nil {
		return nil, err
	}
	app, err := confidential.New(authority, clientID, cred, confidential.WithHTTPClient(client), confidential.WithInstanceDiscovery(false))
	if err != nil {
		return nil, err
	}
	return &Client{Base: base, HTTP: client, Token: func(ctx context.Context) (string, error) {
		result, err := app.AcquireTokenByCredential(ctx, []string{"https://graph.microsoft.com/.default"})
		return result.AccessToken, err
	}}, nil
}

// Application is an application as it is registered.
type Application struct {
	ID          string `json:"id,omitempty"`
	AppID       string `json:"appId,omitempty"`
	DisplayName string `json:"displayName"`
	Web         *Web   `json:"web,omitempty"`
	SPA         *URIs  `json:"spa,omitempty"`
	Native      *URIs  `json:"publicClient,omitempty"`
	// OptionalClaims are claims that tokens have only where they are asked for.
	OptionalClaims *OptionalClaims `json:"optionalClaims,omitempty"`
}

// URIs are where answers for people go.
type URIs struct {
	RedirectURIs []string `json:"redirectUris"`
}

// Web is what a web application registers.
type Web struct {
	RedirectURIs []string `json:"redirectUris"`
	LogoutURL    string   `json:"logoutUrl,omitempty"`
}

// OptionalClaims are names of claims, by kind of token.
type OptionalClaims struct {
	IDToken []OptionalClaim `json:"idToken"`
}

// OptionalClaim is the name of a claim.
type OptionalClaim struct {
	Name string `json:"name"`
}

// Register makes an application and lets it into the tenant.
func (c *Client) Register(ctx context.Context, a Application) (Application, error) {
	if err := c.do(ctx, http.MethodPost, "/applications", a, &a); err != nil {
		return a, err
	}
	_, err := c.AddServicePrincipal(ctx, a.AppID)
	return a, err
}

// RevokeSessions ends every session of a person, and every refresh token.
func (c *Client) RevokeSessions(ctx context.Context, username string) error {
	return c.do(ctx, http.MethodPost, "/users/"+url.PathEscape(username)+"/revokeSignInSessions", nil, nil)
}

// Password is a secret as Graph shows it once, after it was made.
type Password struct {
	KeyID      string `json:"keyId"`
	SecretText string `json:"secretText"`
}

// AddPassword makes a secret for an application, which is named by its client id
// as everywhere here.
func (c *Client) AddPassword(ctx context.Context, appID, name string) (Password, error) {
	var made Password
	err := c.do(ctx, http.MethodPost, application(appID)+"/addPassword", object{"passwordCredential": object{"displayName": name}}, &made)
	return made, err
}

// Passwords lists the ids of an application's secrets.
func (c *Client) Passwords(ctx context.Context, appID string) ([]Password, error) {
	var app struct {
		List []Password `json:"passwordCredentials"`
	}
	err := c.do(ctx, http.MethodGet, application(appID)+"?$select=passwordCredentials", nil, &app)
	return app.List, err
}

// RemovePassword takes a secret away.
func (c *Client) RemovePassword(ctx context.Context, appID, keyID string) error {
	return c.do(ctx, http.MethodPost, application(appID)+"/removePassword", object{"keyId": keyID}, nil)
}

// SetCertificates makes these certificates (DER) the only ones of an application.
func (c *Client) SetCertificates(ctx context.Context, appID string, certificates ...[]byte) error {
	list := []object{}
	for _, der := range certificates {
		list = append(list, object{"type": "AsymmetricX509Cert", "usage": "Verify", "key": der})
	}
	return c.do(ctx, http.MethodPatch, application(appID), object{"keyCredentials": list}, nil)
}

// FederatedCredential says whose tokens stand for an application.
type FederatedCredential struct {
	ID        string   `json:"id,omitempty"`
	Name      string   `json:"name"`
	Issuer    string   `json:"issuer"`
	Subject   string   `json:"subject"`
	Audiences []string `json:"audiences"`
}

// AddFederated lets tokens of another issuer stand for an application.
func (c *Client) AddFederated(ctx context.Context, appID string, f FederatedCredential) (FederatedCredential, error) {
	err := c.do(ctx, http.MethodPost, application(appID)+"/federatedIdentityCredentials", f, &f)
	return f, err
}

// RemoveFederated ends that.
func (c *Client) RemoveFederated(ctx context.Context, appID, id string) error {
	return c.do(ctx, http.MethodDelete, application(appID)+"/federatedIdentityCredentials/"+url.PathEscape(id), nil, nil)
}

// ServicePrincipal is an application in a tenant.
type ServicePrincipal struct {
	ID       string    `json:"id"`
	AppID    string    `json:"appId"`
	AppRoles []AppRole `json:"appRoles"`
}

// AppRole is a permission of a resource that applications can be given.
type AppRole struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// Role finds an app role by its value.
func (s ServicePrincipal) Role(value string) (AppRole, error) {
	for _, r := range s.AppRoles {
		if r.Value == value {
			return r, nil
		}
	}
	return AppRole{}, fmt.Errorf("service principal %s has no app role %s", s.ID, value)
}

// AddServicePrincipal adds an application, of this tenant or another, to the
// tenant.
func (c *Client) AddServicePrincipal(ctx context.Context, appID string) (ServicePrincipal, error) {
	var made ServicePrincipal
	err := c.do(ctx, http.MethodPost, "/servicePrincipals", object{"appId": appID}, &made)
	return made, err
}

// ServicePrincipal finds an application in the tenant.
func (c *Client) ServicePrincipal(ctx context.Context, appID string) (ServicePrincipal, error) {
	var found ServicePrincipal
	err := c.do(ctx, http.MethodGet, "/servicePrincipals(appId='"+url.PathEscape(appID)+"')", nil, &found)
	return found, err
}

// RemoveServicePrincipal takes an application out of the tenant, with everything
// that it was granted there. id is the service principal's own.
func (c *Client) RemoveServicePrincipal(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/servicePrincipals/"+url.PathEscape(id), nil, nil)
}

// Assignment is an app role that an application was given.
type Assignment struct {
	ID          string `json:"id,omitempty"`
	PrincipalID string `json:"principalId"`
	ResourceID  string `json:"resourceId"`
	AppRoleID   string `json:"appRoleId"`
}

// AssignRole gives the service principal an app role of the resource.
func (c *Client) AssignRole(ctx context.Context, principal, resource ServicePrincipal, value string) (Assignment, error) {
	role, err := resource.Role(value)
	if err != nil {
		return Assignment{}, err
	}
	made := Assignment{PrincipalID: principal.ID, ResourceID: resource.ID, AppRoleID: role.ID}
	err = c.do(ctx, http.MethodPost, "/servicePrincipals/"+url.PathEscape(principal.ID)+"/appRoleAssignments", made, &made)
	return made, err
}

// RemoveAssignment takes the app role away again.
func (c *Client) RemoveAssignment(ctx context.Context, a Assignment) error {
	return c.do(ctx, http.MethodDelete, "/servicePrincipals/"+url.PathEscape(a.PrincipalID)+"/appRoleAssignments/"+url.PathEscape(a.ID), nil, nil)
}

type object = map[string]any

func application(appID string) string { return "/applications(appId='" + url.PathEscape(appID) + "')" }

// do sends one request. in and out are JSON; either may be nil.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+"/v1.0"+path, body)
	if err != nil {
		return err
	}
	token, err := c.Token(ctx)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return refusal(resp)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("graph: the answer to %s %s: %w", method, path, err)
	}
	return nil
}

func refusal(resp *http.Response) error {
	var body struct {
		Error struct{ Code, Message string }
	}
	// A body of another shape leaves code and message empty; the status remains.
	_ = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&body)
	return &Error{Status: resp.StatusCode, Code: body.Error.Code, Message: body.Error.Message}
}
