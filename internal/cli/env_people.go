package cli

import (
	"fmt"
	"net/url"
)

// peopleTools are the clients of applications that people sign in to: with a secret
// those of a web application, without one those that run where the person is. What
// is not here has no other settings for people.
var peopleTools = map[string]struct{ web, public func(target) settings }{
	"go":     {webGoSettings, desktopGoSettings},
	"node":   {webNodeSettings, browserSettings},
	"python": {pythonSettings, desktopPythonSettings},
	"dotnet": {webDotnetSettings, dotnetSettings},
	"oidc":   {webOIDCSettings, oidcSettings},
}

// firstScope is what is asked for where nobody says what: what people agree to
// first in most applications, or what an application may do on its own.
func firstScope(redirect string) string {
	if redirect != "" {
		return "User.Read"
	}
	return graphScope
}

// settingsOf finds the settings of a tool for an application: those for people
// where answers have an address to go to.
func settingsOf(tool string, t target) settings {
	if people, ok := peopleTools[tool]; ok && t.redirect != "" {
		if t.secret != "" {
			return people.web(t)
		}
		return people.public(t)
	}
	return tools[tool](t)
}

// public are the variables of an application that keeps no secret.
func public(t target) []variable {
	return []variable{
		{"AZURE_AUTHORITY_HOST", t.base + "/"},
		{"AZURE_TENANT_ID", t.tenant},
		{"AZURE_CLIENT_ID", t.clientID},
	}
}

func webGoSettings(t target) settings {
	s := goSettings(t)
	s.Code = fmt.Sprintf(`// MSAL Go: state, PKCE and the session are yours. AuthCodeURL adds no scopes of its own.
cred, err := confidential.NewCredFromSecret(os.Getenv("AZURE_CLIENT_SECRET"))
app, err := confidential.New("%[1]s", "%[2]s", cred,
	confidential.WithInstanceDiscovery(false))
address, err := app.AuthCodeURL(ctx, "%[2]s", "%[3]s",
	[]string{"openid", "profile", "offline_access", "%[4]s"})
result, err := app.AcquireTokenByAuthCode(ctx, code, "%[3]s", []string{"%[4]s"},
	confidential.WithChallenge(verifier))`, t.authority(), t.clientID, t.redirect, t.scope)
	return s
}

func desktopGoSettings(t target) settings {
	s := goSettings(t)
	s.Environment = ca(t, public(t), "SSL_CERT_FILE")
	s.Code = fmt.Sprintf(`// MSAL Go
app, err := public.New("%[2]s", public.WithAuthority("%[1]s"),
	public.WithInstanceDiscovery(false))
result, err := app.AcquireTokenInteractive(ctx, []string{"%[4]s"})

// azidentity
cred, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
	TenantID: "%[5]s", ClientID: "%[2]s", DisableInstanceDiscovery: true,
	ClientOptions: azcore.ClientOptions{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: "%[3]s/"}},
})`, t.authority(), t.clientID, t.base, t.scope, t.tenant)
	return s
}

func webNodeSettings(t target) settings {
	s := nodeSettings(t)
	s.Code = fmt.Sprintf(`// MSAL Node: state, nonce, PKCE and the session are yours.
const app = new ConfidentialClientApplication({
  auth: {
    clientId: "%[2]s",
    authority: "%[1]s",
    knownAuthorities: ["%[3]s"],
    clientSecret: process.env.AZURE_CLIENT_SECRET,
  },
});
const request = { scopes: ["%[4]s"], redirectUri: "%[5]s", state, nonce };
const url = await app.getAuthCodeUrl({ ...request, codeChallenge: challenge, codeChallengeMethod: "S256" });
const result = await app.acquireTokenByCode({ ...request, code, codeVerifier: verifier }, { code, state });

// Auth.js (next-auth); its redirect URI is ORIGIN/api/auth/callback/microsoft-entra-id
MicrosoftEntraID({
  clientId: "%[2]s",
  clientSecret: process.env.AZURE_CLIENT_SECRET,
  issuer: "%[6]s",
  // The provider's own function asks graph.microsoft.com for a photo, with our access token.
  profile: (claims) => ({ id: claims.sub, name: claims.name, email: claims.email }),
})`, t.authority(), t.clientID, t.host, t.scope, t.redirect, t.issuer())
	return s
}

func browserSettings(t target) settings {
	return settings{
		Environment: public(t),
		Notes: []string{
			"knownAuthorities holds the host with its port; it switches instance discovery off.",
			"The browser must trust the CA (sekisho trust). The page's origin is that of a redirect URI of the single-page application.",
		},
		Code: fmt.Sprintf(`// MSAL.js (@azure/msal-browser)
const app = new PublicClientApplication({
  auth: {
    clientId: "%[2]s",
    authority: "%[1]s",
    knownAuthorities: ["%[3]s"],
    redirectUri: "%[5]s",
  },
});
await app.initialize();
const result = await app.handleRedirectPromise();
if (!result && app.getAllAccounts().length === 0) await app.loginRedirect({ scopes: ["%[4]s"] });`, t.authority(), t.clientID, t.host, t.scope, t.redirect),
	}
}

func desktopPythonSettings(t target) settings {
	s := pythonSettings(t)
	s.Environment = ca(t, public(t), "REQUESTS_CA_BUNDLE")
	s.Code = fmt.Sprintf(`# MSAL Python
app = msal.PublicClientApplication(
    "%[2]s",
    authority="%[1]s",
    instance_discovery=False,
)
result = app.acquire_token_interactive(scopes=["%[3]s"])`, t.authority(), t.clientID, t.scope)
	return s
}

func webDotnetSettings(t target) settings {
	s := dotnetSettings(t)
	s.Environment = append(s.Environment, variable{"AzureAd__ClientSecret", t.secret}, variable{"AzureAd__ResponseType", "code"})
	if u, err := url.Parse(t.redirect); err == nil {
		s.Environment = append(s.Environment, variable{"AzureAd__CallbackPath", u.Path})
	}
	s.Notes = append(s.Notes, "ResponseType is code: what the library asks for by itself, an ID token alone, is not served yet.")
	s.Code = fmt.Sprintf(`// ASP.NET Core with Microsoft.Identity.Web; the settings are the variables above.
builder.Services.AddAuthentication(OpenIdConnectDefaults.AuthenticationScheme)
    .AddMicrosoftIdentityWebApp(builder.Configuration.GetSection("AzureAd"))
    .EnableTokenAcquisitionToCallDownstreamApi(["%[1]s"])
    .AddInMemoryTokenCaches();`, t.scope)
	return s
}

func webOIDCSettings(t target) settings {
	s := oidcSettings(t)
	s.Code = fmt.Sprintf(`// coreos/go-oidc and golang.org/x/oauth2
provider, err := oidc.NewProvider(ctx, "%[1]s")
config := oauth2.Config{
	ClientID: "%[2]s", ClientSecret: clientSecret, Endpoint: provider.Endpoint(),
	RedirectURL: "%[3]s",
	Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess, "%[4]s"},
}
verifier := provider.Verifier(&oidc.Config{ClientID: "%[2]s"})

// openid-client 6
const config = await client.discovery(new URL("%[1]s"), "%[2]s", clientSecret);
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: "%[3]s",
  scope: "openid profile offline_access %[4]s",
  state, nonce, code_challenge, code_challenge_method: "S256",
});
const tokens = await client.authorizationCodeGrant(config, address, { pkceCodeVerifier, expectedState: state, expectedNonce: nonce });`,
		t.issuer(), t.clientID, t.redirect, t.scope)
	return s
}
