package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// provider is what the platform publishes about itself and MSAL does not hand out
// (OpenID Connect Discovery 1.0 §4).
type provider struct {
	Issuer     string `json:"issuer"` // with {tenantid} where the authority is for many
	EndSession string `json:"end_session_endpoint"` // "" where there is no signing out
}

func discover(ctx context.Context, client *http.Client, authority string) (provider, error) {
	var p provider
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

// issuerOf is the issuer of the tokens of a tenant.
func (p provider) issuerOf(tenantID string) string {
	return strings.ReplaceAll(p.Issuer, "{tenantid}", tenantID)
}

// signOut is the address that ends a person's session at the platform (OpenID
// Connect RP-Initiated Logout 1.0). The ID token and the hint say whose, so that
// nobody has to be asked.
func (p provider) signOut(idToken, hint, back string) string {
	q := url.Values{"post_logout_redirect_uri": {back}}
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	if hint != "" {
		q.Set("logout_hint", hint)
	}
	return withQuery(p.EndSession, q)
}

func withQuery(address string, q url.Values) string {
	if strings.Contains(address, "?") {
		return address + "&" + q.Encode()
	}
	return address + "?" + q.Encode()
}

// origin is scheme and host of an address, for the content security policy.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
