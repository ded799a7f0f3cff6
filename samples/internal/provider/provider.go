// Package provider asks a platform what MSAL does not hand out: who issues its
// tokens, and where people sign out.
package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Provider is what a platform publishes about itself (OpenID Connect Discovery 1.0
// §4).
type Provider struct {
	Issuer     string `json:"issuer"`               // with {tenantid} where the authority is for many
	EndSession string `json:"end_session_endpoint"` // "" where there is no signing out
}

// Discover asks the platform at an authority, https://HOST/TENANT.
func Discover(ctx context.Context, client *http.Client, authority string) (Provider, error) {
	var p Provider
	address := authority + "/v2.0/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return p, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return p, fmt.Errorf("asking AUTHORITY about itself: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p, fmt.Errorf("asking AUTHORITY about itself: %s answered %s", address, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
		return p, fmt.Errorf("what %s says is no OpenID Connect metadata: %w", address, err)
	}
	if p.Issuer == "" {
		return p, fmt.Errorf("what %s says names no issuer", address)
	}
	return p, nil
}

// IssuerOf is the issuer of the tokens of a tenant.
func (p Provider) IssuerOf(tenantID string) string {
	return strings.ReplaceAll(p.Issuer, "{tenantid}", tenantID)
}

// SignOut is the address that ends a person's session at the platform (OpenID
// Connect RP-Initiated Logout 1.0). The ID token and the hint say whose, so that
// nobody has to be asked; back is a registered address to return to, or "".
func (p Provider) SignOut(idToken, hint, back string) string {
	q := url.Values{}
	if back != "" {
		q.Set("post_logout_redirect_uri", back)
	}
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	if hint != "" {
		q.Set("logout_hint", hint)
	}
	return WithQuery(p.EndSession, q)
}

// WithQuery adds parameters to an address.
func WithQuery(address string, q url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + q.Encode()
	}
	return address + "?" + q.Encode()
}

// AdminConsent is the address where an administrator grants scopes for everybody in
// the tenant. back is a registered address to return to, or "".
func AdminConsent(authority, clientID string, scopes []string, back string) string {
	q := url.Values{"client_id": {clientID}, "scope": {strings.Join(scopes, " ")}, "state": {"administrator"}}
	if back != "" {
		q.Set("redirect_uri", back)
	}
	return WithQuery(authority+"/v2.0/adminconsent", q)
}

// NeedsAdministrator tells a consent that only an administrator can give from
// everything else that was refused, by error and error_description. An application
// cannot know it beforehand: it depends on the tenant.
func NeedsAdministrator(code, description string) bool {
	if code == "consent_required" {
		return true
	}
	for _, number := range []string{"AADSTS90094", "AADSTS90093", "AADSTS900941", "AADSTS90095"} {
		if strings.HasPrefix(description, number+":") {
			return true
		}
	}
	return false
}

// Origin is scheme and host of an address.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
