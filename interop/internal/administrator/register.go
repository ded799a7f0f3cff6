package administrator

import (
	"context"
	"fmt"
	"net/http"
)

// Role is the app role of the APIs that every client is given; GraphRole the one
// of Graph.
const (
	Role      = "Orders.Read.All"
	GraphRole = "Application.Read.All"
)

// Permission and Other are what each API lets people agree to.
const (
	Permission = "Orders.Read"
	Other      = "Orders.Write"
)

// The ids of Role, Permission and Other in each API; ids are unique within an
// application.
const (
	roleID       = "0c9f7d52-8a3e-4c7b-9b3a-6f1f6f3d2a10"
	permissionID = "0c9f7d52-8a3e-4c7b-9b3a-6f1f6f3d2a11"
	otherID      = "0c9f7d52-8a3e-4c7b-9b3a-6f1f6f3d2a12"
)

// API is a registered Web API.
type API struct {
	ClientID string
	// URI is its App ID URI.
	URI string
	// Version is that of its access tokens, 1 or 2.
	Version int

	principal string
}

// Scope asks for everything that the client was granted of the API.
func (a *API) Scope() string { return a.URI + "/.default" }

// Delegated asks for one permission that people agree to.
func (a *API) Delegated(value string) string { return a.URI + "/" + value }

// AddAPI registers an API that offers Role, Permission and Other and asks for tokens
// of a version, with the capabilities of the client among the claims.
func (a *Administrator) AddAPI(ctx context.Context, name string, version int) (*API, error) {
	app, err := a.addApplication(ctx, object{
		"displayName": name, "signInAudience": "AzureADMyOrg",
		"api": object{
			"requestedAccessTokenVersion": version,
			"oauth2PermissionScopes":      []object{scope(permissionID, Permission, "Read your orders"), scope(otherID, Other, "Change your orders")},
		},
		"appRoles": []object{{
			"id": roleID, "value": Role, "displayName": "Read all orders", "description": "Read every order without a user.",
			"isEnabled": true, "allowedMemberTypes": []string{"Application"},
		}},
		"optionalClaims": object{"accessToken": []object{{"name": "xms_cc"}}},
	})
	if err != nil {
		return nil, err
	}
	api := &API{ClientID: app.AppID, URI: "api://" + app.AppID, Version: version}
	err = a.do(ctx, http.MethodPatch, "/applications/"+app.ID, object{"identifierUris": []string{api.URI}}, nil)
	if err != nil {
		return nil, err
	}
	api.principal, err = a.addPrincipal(ctx, app.AppID)
	return api, err
}

func scope(id, value, text string) object {
	return object{
		"id": id, "value": value, "type": "User", "isEnabled": true,
		"userConsentDisplayName": text, "userConsentDescription": text + ".",
		"adminConsentDisplayName": text, "adminConsentDescription": text + ".",
	}
}

// Application is a registered client.
type Application struct {
	ID        string `json:"id"`
	AppID     string `json:"appId"`
	Principal string `json:"-"`
}

// Redirects are the addresses that answers for people may go to, by the kind of
// client that waits there. On localhost any port will do.
type Redirects struct{ Web, SPA, Native []string }

// AddClient registers a client, lets it into the tenant and grants it Role of each
// API and GraphRole.
func (a *Administrator) AddClient(ctx context.Context, name string, to Redirects, apis ...*API) (*Application, error) {
	app, err := a.addApplication(ctx, object{
		"displayName": name, "signInAudience": "AzureADMultipleOrgs",
		// What MSAL.js and MSAL Node sign out and find accounts by.
		"optionalClaims": object{"idToken": []object{{"name": "login_hint"}}},
		"web":            object{"redirectUris": to.Web}, "spa": object{"redirectUris": to.SPA}, "publicClient": object{"redirectUris": to.Native},
	})
	if err != nil {
		return nil, err
	}
	if app.Principal, err = a.addPrincipal(ctx, app.AppID); err != nil {
		return nil, err
	}
	for _, api := range apis {
		if err := a.assign(ctx, app.Principal, api.principal, roleID); err != nil {
			return nil, err
		}
	}
	return app, a.assignGraph(ctx, app.Principal)
}

func (a *Administrator) addApplication(ctx context.Context, draft object) (*Application, error) {
	app := new(Application)
	return app, a.do(ctx, http.MethodPost, "/applications", draft, app)
}

func (a *Administrator) addPrincipal(ctx context.Context, appID string) (id string, err error) {
	var made Application
	err = a.do(ctx, http.MethodPost, "/servicePrincipals", object{"appId": appID}, &made)
	return made.ID, err
}

func (a *Administrator) assignGraph(ctx context.Context, principal string) error {
	var graph struct {
		ID    string `json:"id"`
		Roles []struct {
			ID    string `json:"id"`
			Value string `json:"value"`
		} `json:"appRoles"`
	}
	if err := a.do(ctx, http.MethodGet, "/servicePrincipals(appId='"+GraphAppID+"')", nil, &graph); err != nil {
		return err
	}
	for _, r := range graph.Roles {
		if r.Value == GraphRole {
			return a.assign(ctx, principal, graph.ID, r.ID)
		}
	}
	return fmt.Errorf("the Graph application offers no app role %s", GraphRole)
}

func (a *Administrator) assign(ctx context.Context, principal, resource, role string) error {
	return a.do(ctx, http.MethodPost, "/servicePrincipals/"+principal+"/appRoleAssignments",
		object{"principalId": principal, "resourceId": resource, "appRoleId": role}, nil)
}

// AddSecret makes a client secret.
func (a *Administrator) AddSecret(ctx context.Context, app *Application) (string, error) {
	var made struct {
		SecretText string `json:"secretText"`
	}
	err := a.do(ctx, http.MethodPost, "/applications/"+app.ID+"/addPassword", object{"passwordCredential": object{"displayName": "interop"}}, &made)
	return made.SecretText, err
}

// SetCertificate lets the holder of the certificate's key (DER) be the client.
func (a *Administrator) SetCertificate(ctx context.Context, app *Application, der []byte) error {
	return a.do(ctx, http.MethodPatch, "/applications/"+app.ID,
		object{"keyCredentials": []object{{"type": "AsymmetricX509Cert", "usage": "Verify", "key": der}}}, nil)
}

// AddFederated lets a token of another issuer stand for the client.
func (a *Administrator) AddFederated(ctx context.Context, app *Application, issuer, subject, audience string) error {
	return a.do(ctx, http.MethodPost, "/applications/"+app.ID+"/federatedIdentityCredentials",
		object{"name": "interop", "issuer": issuer, "subject": subject, "audiences": []string{audience}}, nil)
}
