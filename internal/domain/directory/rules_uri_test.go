package directory_test

import (
	"fmt"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// personal opens an application to personal accounts, with what that asks for.
func personal(a *directory.Application) {
	a.SignInAudience, a.API.RequestedAccessTokenVersion = directory.AudienceOrgPersonal, ptr(2)
}

func v2(a *directory.Application) { a.API.RequestedAccessTokenVersion = ptr(2) }

func audienceRows() []ruleRow {
	return []ruleRow{
		{"§3.1", "signInAudience defaults to one tenant", func(w *world) error {
			if got := w.app().SignInAudience; got != directory.AudienceMyOrg {
				return fmt.Errorf("signInAudience %s", got)
			}
			return nil
		}, fine},
		create("§3.1", "signInAudience unknown", invalid("none of: AzureADMyOrg"), func(a *directory.Application) { a.SignInAudience = "Everybody" }),
		create("§3.1", "personal accounts with version 2 tokens", fine, personal),
		create("§3.1", "personal accounts with version 1 tokens", invalid("requestedAccessTokenVersion must be 2"), func(a *directory.Application) {
			a.SignInAudience = directory.AudienceOrgPersonal
		}),
		change("§3.1", "audience widened while tokens are version 1", invalid("requestedAccessTokenVersion must be 2"), func(a *directory.Application) {
			a.SignInAudience = directory.AudiencePersonal
		}),
		create("§3.1", "app roles with personal accounts only", invalid("appRoles must be empty"), func(a *directory.Application) {
			personal(a)
			a.SignInAudience, a.AppRoles = directory.AudiencePersonal, []directory.AppRole{role(1, "Orders.Read")}
		}),
		{"§3.1", "third secret with personal accounts", func(w *world) error {
			app := w.app(personal)
			for range 2 {
				_, err := w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
				w.must(err)
			}
			_, err := w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
			return err
		}, invalid("at most 2 client secrets")},
		{"§3.1", "audience widened while another tenant holds the App ID URI", func(w *world) error {
			other := &world{t: w.t, ctx: w.ctx, ops: w.ops, c: w.c}
			made, err := w.ops.CreateTenant(w.ctx, directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: "Other", Domain: "other" + w.domain()})
			other.new = need(w, made, err)
			other.c = directory.Caller{Tenant: made.Tenant.ID, App: made.AdminPrincipalID}
			uri := func(a *directory.Application) { v2(a); a.IdentifierURIs = []string{"api://shared." + w.domain()} }
			other.app(uri)
			return w.change(w.app(uri), func(a *directory.Application) { a.SignInAudience = directory.AudienceMultiOrg })
		}, taken("identifierUris")},
	}
}

func taken(property string) refused {
	return refused{directory.ObjectConflict, "Another object with the same value for property " + property + " already exists."}
}

// uris is a row that gives version 1 tokens' strict rule a URI; %a, %t and %d
// stand for the appId, the tenant id and the tenant's domain.
func uris(section, name string, want refused, list ...string) ruleRow {
	return ruleRow{section, name, func(w *world) error {
		app := w.app()
		fill := strings.NewReplacer("%a", string(app.AppID), "%t", w.c.Tenant.String(), "%d", w.domain())
		return w.change(app, func(a *directory.Application) {
			for _, uri := range list {
				a.IdentifierURIs = append(a.IdentifierURIs, fill.Replace(uri))
			}
		})
	}, want}
}

func identifierRows() []ruleRow {
	strict := invalid("Failed to add identifier URI")
	return []ruleRow{
		uris("§3.2", "api:// and the app id", fine, "api://%a"),
		uris("§3.2", "api:// tenant id and app id", fine, "api://%t/%a"),
		uris("§3.2", "api:// tenant id and a word", fine, "api://%t/orders"),
		uris("§3.2", "api:// a word and the app id", fine, "api://orders/%a"),
		uris("§3.2", "https:// verified domain", fine, "https://%d/orders"),
		uris("§3.2", "https:// below the verified domain", fine, "https://api.%d"),
		uris("§3.2", "api:// verified domain", fine, "api://%d/orders"),
		uris("§3.2", "another scheme with the tenant id", fine, "orders://%t/x"),
		uris("§3.2", "none of the acceptable parts", strict, "api://orders"),
		uris("§3.2", "a foreign domain", strict, "https://elsewhere.example/orders"),
		uris("§3.2", "a domain that only ends alike", strict, "https://not%d/orders"),
		uris("§3.2", "the verified domain in the path", strict, "https://elsewhere.example/%d"),
		{"§3.2", "any URI with version 2 tokens", func(w *world) error {
			return w.change(w.app(v2), func(a *directory.Application) { a.IdentifierURIs = []string{"api://orders-of-" + w.domain()} })
		}, fine},
		{"§3.2", "any URI once the tenant lifts the rule", func(w *world) error {
			w.must(w.ops.Tenants.ChangeTenant(w.ctx, w.c.Tenant, func(t *directory.Tenant) error { t.Settings.AnyIdentifierURI = true; return nil },
				w.c.Event(w.now, "Update company", "organization", "", "")))
			return w.change(w.app(), func(a *directory.Application) { a.IdentifierURIs = []string{"api://free-" + w.domain()} })
		}, fine},
		{"§3.2", "an old URI stays when tokens go back to version 1", func(w *world) error {
			app := w.app(v2, func(a *directory.Application) { a.IdentifierURIs = []string{"api://old-" + w.domain()} })
			return w.change(app, func(a *directory.Application) { a.API.RequestedAccessTokenVersion = nil })
		}, fine},
		uris("§3.2", "255 characters", fine, "api://%a/"+strings.Repeat("a", 255-43)),
		uris("§3.2", "256 characters", invalid("longer than 255"), "api://%a/"+strings.Repeat("a", 256-43)),
		uris("§3.2", "wildcard", invalid("holds a wildcard"), "https://%d/*"),
		uris("§3.2", "slash at the end", invalid("ends in a slash"), "api://%a/"),
		uris("§3.2", "no scheme", invalid("not a valid absolute URI"), "%a"),
		uris("§3.2", "white space", invalid("not a valid URI"), "api://%a/a b"),
		uris("§3.2", "a scheme that runs script", invalid("not allowed"), "javascript://%t/x"),
		uris("§3.2", "the same URI twice", invalid("twice"), "api://%a", "API://%a"),
		{"§3.2", "host in upper case is stored in lower case", func(w *world) error {
			app := w.app()
			w.must(w.change(app, func(a *directory.Application) {
				a.IdentifierURIs = []string{"HTTPS://API." + strings.ToUpper(w.domain()) + "/Orders"}
			}))
			got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
			if need(w, got, err).IdentifierURIs[0] != "https://api."+w.domain()+"/Orders" {
				return fmt.Errorf("stored %v", got.IdentifierURIs)
			}
			return nil
		}, fine},
		{"§3.2", "taken in the tenant", func(w *world) error {
			uri := func(a *directory.Application) { a.IdentifierURIs = []string{"https://" + w.domain() + "/orders"} }
			w.app(uri)
			return w.create(uri)
		}, taken("identifierUris")},
		{"§3.2", "a soft-deleted application keeps its URI", func(w *world) error {
			uri := func(a *directory.Application) { a.IdentifierURIs = []string{"https://" + w.domain() + "/orders"} }
			w.must(w.ops.DeleteApplication(w.ctx, w.c, w.app(uri).ID))
			return w.create(uri)
		}, taken("identifierUris")},
		{"§3.2", "the default name of another application", func(w *world) error {
			first := w.app()
			return w.change(w.app(v2), func(a *directory.Application) { a.IdentifierURIs = []string{"API://" + string(first.AppID) + "/x"} })
		}, invalid("appId of another application")},
		{"§3.2", "the default name of an application of another tenant", func(w *world) error {
			foreign := w.other().app()
			return w.change(w.app(v2, multi), func(a *directory.Application) { a.IdentifierURIs = []string{"api://" + string(foreign.AppID)} })
		}, invalid("appId of another application")},
		{"§3.2", "the name of a built-in resource", func(w *world) error {
			return w.create(v2, func(a *directory.Application) { a.IdentifierURIs = []string{"https://graph.microsoft.com"} })
		}, taken("identifierUris")},
		{"§3.2", "the name of a built-in resource but for its slash", func(w *world) error {
			return w.create(v2, func(a *directory.Application) { a.IdentifierURIs = []string{"https://management.azure.com"} })
		}, taken("identifierUris")},
		create("§3.2", "urn: with personal accounts", invalid("may not use urn:"), func(a *directory.Application) { personal(a); a.IdentifierURIs = []string{"urn:orders:a"} }),
		create("§3.2", "query with personal accounts", invalid("a query"), func(a *directory.Application) { personal(a); a.IdentifierURIs = []string{"api://p/x?y"} }),
		create("§3.2", "121 characters with personal accounts", invalid("longer than 120"), func(a *directory.Application) {
			personal(a)
			a.IdentifierURIs = []string{"api://" + strings.Repeat("a", 115)}
		}),
		create("§3.2", "51 URIs with personal accounts", invalid("at most 50"), func(a *directory.Application) {
			personal(a)
			a.IdentifierURIs = list(51, func(i int) string { return fmt.Sprint("api://many", i) })
		}),
	}
}

// web, spa and native are rows that register redirect URIs.
func web(name string, want refused, uris ...string) ruleRow {
	return create("§3.9", "web: "+name, want, func(a *directory.Application) { a.Web.RedirectURIs = uris })
}

func native(name string, want refused, uris ...string) ruleRow {
	return create("§3.9", "publicClient: "+name, want, func(a *directory.Application) { a.PublicClient.RedirectURIs = uris })
}

func redirectRows() []ruleRow {
	rows := []ruleRow{
		web("https", fine, "https://app.example/signin-oidc", "https://app.example"),
		web("http on loopback", fine, "http://localhost:3000/cb", "http://127.0.0.1/cb", "https://localhost/cb"),
		web("ports of localhost may differ inside one platform", fine, "http://localhost:3000/cb", "http://localhost:4000/cb"),
		web("http elsewhere", invalid("must use https"), "http://app.example/cb"),
		web("http on a host that only begins alike", invalid("must use https"), "http://localhost.evil.example/cb"),
		web("IPv6 loopback", invalid("[::1] is not supported"), "http://[::1]/cb"),
		web("a scheme of one's own", invalid("belong to publicClient"), "myapp://auth"),
		web("fragment", invalid("has a fragment"), "https://app.example/cb#x"),
		web("empty fragment", invalid("has a fragment"), "https://app.example/cb#"),
		web("user information", invalid("user information"), "https://user@app.example/cb"),
		web("wildcard", invalid("holds a wildcard"), "https://*.app.example/cb"),
		web("backslash", invalid("not a valid URI"), `https://app.example\@evil.example`),
		web("control character", invalid("not a valid URI"), "https://app.example/\r\ncb"),
		web("invisible character", invalid("not a valid URI"), "https://app.example/\u200bcb"),
		web("host that is not ASCII", invalid("xn-- form"), "https://bücher.example/cb"),
		web("port out of range", invalid("port of"), "https://app.example:70000/cb"),
		web("no host", invalid("has no host"), "https:///cb"),
		web("256 characters", fine, "https://app.example/"+strings.Repeat("a", 256-20)),
		web("257 characters", invalid("longer than 256"), "https://app.example/"+strings.Repeat("a", 257-20)),
		web("the same URI twice", invalid("twice"), "https://app.example/cb", "https://app.example/cb"),
		web("paths differ by case", fine, "https://app.example/cb", "https://app.example/CB"),
		web("query", fine, "https://app.example/cb?x=1"),
		web("256 URIs", fine, list(256, func(i int) string { return fmt.Sprint("https://app.example/", i) })...),
		web("257 URIs", invalid("at most 256"), list(257, func(i int) string { return fmt.Sprint("https://app.example/", i) })...),
		native("schemes of native applications", fine, "myapp://auth", "msauth.com.bundle://auth", "com.acme.app:/cb",
			"https://login.microsoftonline.com/common/oauth2/nativeclient", "urn:ietf:wg:oauth:2.0:oob", "http://localhost"),
		native("another urn", invalid("not allowed"), "urn:ietf:wg:oauth:2.0:oob:auto"),
		native("a scheme and nothing else", invalid("names no place"), "myapp:"),
		native("plain http elsewhere", invalid("must use https"), "http://app.example"),
		create("§3.9", "spa: http on localhost", fine, func(a *directory.Application) { a.SPA.RedirectURIs = []string{"http://localhost:5173"} }),
		create("§3.9", "spa: a scheme of one's own", invalid("belong to publicClient"), func(a *directory.Application) { a.SPA.RedirectURIs = []string{"myapp://auth"} }),
		create("§3.9", "the same URI on two platforms", invalid("stands in web.redirectUris as well"), func(a *directory.Application) {
			a.Web.RedirectURIs, a.SPA.RedirectURIs = []string{"https://app.example/cb"}, []string{"https://app.example/cb"}
		}),
		create("§3.9", "only the port of localhost differs between platforms", invalid("stands in spa.redirectUris as well"), func(a *directory.Application) {
			a.SPA.RedirectURIs, a.PublicClient.RedirectURIs = []string{"http://localhost:3000/cb"}, []string{"http://localhost:4000/cb"}
		}),
		create("§3.9", "only the port of another host differs between platforms", fine, func(a *directory.Application) {
			a.Web.RedirectURIs, a.SPA.RedirectURIs = []string{"https://app.example:3000/cb"}, []string{"https://app.example:4000/cb"}
		}),
		create("§3.9", "query with personal accounts", invalid("has a query"), func(a *directory.Application) {
			personal(a)
			a.Web.RedirectURIs = []string{"https://app.example/cb?x=1"}
		}),
		create("§3.9", "101 URIs with personal accounts", invalid("at most 100"), func(a *directory.Application) {
			personal(a)
			a.Web.RedirectURIs = list(101, func(i int) string { return fmt.Sprint("https://app.example/", i) })
		}),
		create("§3.9", "defaultRedirectUri that is not registered", invalid("one of the registered"), func(a *directory.Application) {
			a.DefaultRedirectURI = ptr("https://app.example/cb")
		}),
		create("§3.9", "redirectUriSettings of a URI that is not registered", invalid("not in web.redirectUris"), func(a *directory.Application) {
			a.Web.RedirectURISettings = []directory.RedirectURISetting{{URI: "https://app.example/cb"}}
		}),
		{"§3.9", "redirectUriSettings leave with their URI", func(w *world) error {
			app := w.app(func(a *directory.Application) {
				a.Web.RedirectURIs = []string{"https://app.example/cb"}
				a.Web.RedirectURISettings = []directory.RedirectURISetting{{URI: "https://app.example/cb"}}
			})
			return w.change(app, func(a *directory.Application) { a.Web.RedirectURIs = nil })
		}, fine},
		create("§3.9", "logoutUrl on localhost", fine, func(a *directory.Application) { a.Web.LogoutURL = ptr("https://localhost/logout") }),
		create("§3.9", "logoutUrl over http", invalid("must be an https URL"), func(a *directory.Application) { a.Web.LogoutURL = ptr("http://localhost/logout") }),
		create("§3.9", "logoutUrl of 256 characters", invalid("longer than 255"), func(a *directory.Application) {
			a.Web.LogoutURL = ptr("https://app.example/" + strings.Repeat("a", 256-20))
		}),
	}
	for _, scheme := range []string{"javascript", "JaVaScRiPt", "data", "vbscript", "file", "BLOB"} {
		rows = append(rows, native("scheme "+scheme, invalid("not allowed"), scheme+"://x/y"))
	}
	for _, ch := range "!$'(),;" {
		rows = append(rows, web("character "+string(ch), invalid("one of the characters"), "https://app.example/"+string(ch)))
	}
	return rows
}
