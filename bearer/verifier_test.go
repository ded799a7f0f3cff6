package bearer_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sekisho-id/sekisho/bearer"
)

func TestClaims(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), nil)
	tests := map[string]struct {
		claims object
		want   bearer.Claims
	}{
		"delegated, version 2.0": {
			delegatedV2().with(object{
				"groups": []string{"g1", "g2"}, "wids": []string{"w1"}, "acrs": []string{"c1"}, "xms_cc": []string{"cp1"},
				"idtyp": "user",
			}),
			bearer.Claims{
				Version: "2.0", Issuer: "https://login.microsoftonline.com/" + tenant1 + "/v2.0", Audience: apiID,
				TenantID: tenant1, ObjectID: userID, Subject: "Zl2bqvJ0cM5rT1uXo8wE7yHn4kPd3sAgQfViB9LmRzU",
				ClientID: clientID, ClientAuthMethod: bearer.PublicClient,
				Scopes: []string{"Orders.Read", "Orders.Write"}, Roles: []string{"Orders.Approver"},
				Groups: []string{"g1", "g2"}, DirectoryRoles: []string{"w1"}, AuthContexts: []string{"c1"},
				Capabilities: []string{"cp1"}, Name: "Hana Mori", PreferredUsername: "hana@acme.example",
				IDType: "user", UTI: "pZ0k3YbXq0yH1vN5cR2uAA",
				IssuedAt: issued, NotBefore: issued, Expires: issued.Add(4822 * time.Second),
			},
		},
		"delegated, version 1.0, too many groups": {
			delegatedV1().with(object{
				"_claim_names":   object{"groups": "src1"},
				"_claim_sources": object{"src1": object{"endpoint": "https://graph.example/"}},
			}),
			bearer.Claims{
				Version: "1.0", Issuer: "https://sts.windows.net/" + tenant1 + "/", Audience: apiURI,
				TenantID: tenant1, ObjectID: userID, Subject: "Zl2bqvJ0cM5rT1uXo8wE7yHn4kPd3sAgQfViB9LmRzU",
				ClientID: clientID, ClientAuthMethod: bearer.PublicClient,
				Scopes: []string{"Orders.Read"}, GroupsOverage: true, Name: "Hana Mori", UTI: "pZ0k3YbXq0yH1vN5cR2uAA",
				IssuedAt: issued, NotBefore: issued, Expires: issued.Add(4822 * time.Second),
			},
		},
		"app-only, version 2.0": {
			appOnlyV2(),
			bearer.Claims{
				Version: "2.0", Issuer: "https://login.microsoftonline.com/" + tenant1 + "/v2.0", Audience: apiID,
				TenantID: tenant1, ObjectID: "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4",
				Subject: "c41d7e88-5a60-4b9f-8e23-f7a09b15d6c4", ClientID: clientID, ClientAuthMethod: bearer.Certificate,
				Roles: []string{"Orders.Read.All"}, UTI: "pZ0k3YbXq0yH1vN5cR2uAA",
				IssuedAt: issued, NotBefore: issued, Expires: issued.Add(4822 * time.Second),
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			raw := k.token(tt.claims)
			for _, pass := range []string{"new", "remembered"} {
				got, err := v.Verify(t.Context(), raw)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreUnexported(bearer.Claims{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", pass, diff)
				}
				if got.AppOnly() == got.Delegated() || got.AppOnly() != strings.HasPrefix(name, "app-only") {
					t.Errorf("%s: AppOnly %v, Delegated %v", pass, got.AppOnly(), got.Delegated())
				}
			}
		})
	}
}

func TestRawClaims(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), nil)
	c, err := v.Verify(t.Context(), k.token(delegatedV2().with(object{"extn.costCenter": []string{"4711"}, "ctry": "JP"})))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"extn.costCenter": `["4711"]`, "ctry": `"JP"`, "CTRY": "", "none": ""} {
		got, ok := c.Raw(name)
		if string(got) != want || ok != (want != "") {
			t.Errorf("Raw(%q) = %s, %v, want %s", name, got, ok, want)
		}
	}
}

// Claims that one handler changes must not change for the next.
func TestClaimsAreTheCallersOwn(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), nil)
	raw := k.token(appOnlyV2().with(object{"roles": []string{"A", "B"}}))
	for range 3 {
		c, err := v.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"A", "B"}, c.Roles); diff != "" {
			t.Fatal(diff)
		}
		c.Roles[0] = "Admin"
		c.Roles = append(c.Roles[:1], "Root")
		c.TenantID = tenant2
	}
}

// TestIssuerAndTenant: which tenants' tokens pass with which authority.
func TestIssuerAndTenant(t *testing.T) {
	k := key(t, "rsa1")
	v2 := func(tenant string) object {
		return delegatedV2().with(object{"tid": tenant, "iss": "https://login.microsoftonline.com/" + tenant + "/v2.0"})
	}
	v1 := func(tenant string) object {
		return delegatedV1().with(object{"tid": tenant, "iss": "https://sts.windows.net/" + tenant + "/"})
	}
	list := func(c *bearer.Config) { c.Tenants = []string{strings.ToUpper(tenant1)} }
	rule := func(c *bearer.Config) { c.TenantAllowed = func(id string) bool { return id == tenant2 } }
	either := func(c *bearer.Config) { list(c); rule(c) }
	every := func(c *bearer.Config) { c.TenantAllowed = bearer.AnyTenant }
	tests := []struct {
		authority string
		rule      func(*bearer.Config)
		claims    object
		want      bearer.Reason
	}{
		{tenant1, nil, v2(tenant1), ""},
		{tenant1, nil, v1(tenant1), ""},
		{tenant1 + "/v2.0", nil, v2(tenant1), ""},
		{tenant1 + "/v2.0", nil, v1(tenant1), ""},
		{strings.ToUpper(tenant1) + "/V2.0/", nil, v2(tenant1), ""},
		{tenant1, nil, v2(tenant2), bearer.Issuer},
		{tenant1, nil, v1(tenant2), bearer.Issuer},
		{"acme.example", nil, v2(tenant1), ""},
		{"acme.example", nil, v1(tenant1), ""},
		{"acme.example/v2.0", nil, v2(tenant2), bearer.Issuer},
		{"common", list, v2(tenant1), ""},
		{"common/v2.0", list, v1(tenant1), ""},
		{"common", list, v2(tenant2), bearer.Tenant},
		{"common", list, v1(tenant2), bearer.Tenant},
		{"common", rule, v2(tenant2), ""},
		{"common", rule, v2(tenant1), bearer.Tenant},
		{"common", either, v2(tenant1), ""},
		{"common", either, v2(tenant2), ""},
		{"common", every, v2(consumers), ""},
		{"organizations", every, v2(tenant2), ""},
		{"organizations/v2.0", every, v1(tenant2), ""},
		{"organizations", every, v2(consumers), bearer.Tenant},
		{"consumers", nil, v2(consumers), ""},
		{"consumers", nil, v2(tenant1), bearer.Issuer},
	}
	for _, tt := range tests {
		t.Run(tt.authority+" "+tt.claims["iss"].(string), func(t *testing.T) {
			a := newAuthority(k)
			v := verifier(t, a, func(c *bearer.Config) {
				c.Authority = "https://login.microsoftonline.com/" + tt.authority
				if tt.rule != nil {
					tt.rule(c)
				}
			})
			for range 2 { // new and, if it was good, remembered
				_, err := v.Verify(t.Context(), k.token(tt.claims))
				wantReason(t, err, tt.want)
			}
			if a.fetches() != 1 {
				t.Errorf("%d fetches of keys, want 1: %v", a.fetches(), a.count)
			}
		})
	}
}

// Made-up tenants and issuers must not make the API fetch anything more, nor from
// elsewhere.
func TestTokenDoesNotSteerFetches(t *testing.T) {
	k := key(t, "rsa1")
	a := newAuthority(k)
	v := verifier(t, a, func(c *bearer.Config) {
		c.Authority = "https://login.microsoftonline.com/common"
		c.TenantAllowed = bearer.AnyTenant
	})
	for i := range 100 {
		tid := tenant1[:34] + string("0123456789abcdef"[i/16]) + string("0123456789abcdef"[i%16])
		_, err := v.Verify(t.Context(), k.token(delegatedV2().with(object{
			"tid": tid, "iss": "https://login.microsoftonline.com/" + tid + "/v2.0",
		})))
		wantReason(t, err, "")
		_, err = v.Verify(t.Context(), k.token(delegatedV2().with(object{
			"tid": tid, "iss": "https://login.evil.example/" + tid + "/v2.0",
		})))
		wantReason(t, err, bearer.Issuer)
	}
	if a.fetches() != 1 || len(a.count) != 2 || len(a.others) != 0 {
		t.Errorf("requests %v, others %v; want one document and one key set", a.count, a.others)
	}
}

func TestAudience(t *testing.T) {
	k := key(t, "rsa1")
	tests := []struct {
		ver, aud string
		own      []string
		want     bearer.Reason
	}{
		{"2.0", apiID, []string{apiID}, ""},
		{"2.0", apiID, []string{strings.ToUpper(apiID)}, ""},
		{"2.0", apiURI, []string{apiID, apiURI}, bearer.Audience}, // only version 1.0 has the URI
		{"2.0", clientID, []string{apiID, apiURI}, bearer.Audience},
		{"2.0", apiID + "/", []string{apiID}, bearer.Audience},
		{"1.0", apiID, []string{apiID}, ""},
		{"1.0", apiURI, []string{apiID, apiURI}, ""},
		{"1.0", apiURI + "/", []string{apiID, apiURI}, ""},
		{"1.0", apiURI, []string{apiID, apiURI + "/"}, ""},
		{"1.0", apiURI + "//", []string{apiID, apiURI}, bearer.Audience},
		{"1.0", "API://orders", []string{apiID, apiURI}, bearer.Audience},
		{"1.0", apiURI + "/v2", []string{apiID, apiURI}, bearer.Audience},
		{"1.0", "api://order", []string{apiID, apiURI}, bearer.Audience},
		{"1.0", apiURI, []string{apiID}, bearer.Audience},
		{"1.0", "https://acme.example/orders/", []string{"https://acme.example/orders"}, ""},
		{"1.0", "00000003-0000-0000-c000-000000000000", []string{apiID, apiURI}, bearer.Audience},
	}
	for _, tt := range tests {
		t.Run(tt.ver+" "+tt.aud, func(t *testing.T) {
			claims := delegatedV2()
			if tt.ver == "1.0" {
				claims = delegatedV1()
			}
			v := verifier(t, newAuthority(k), func(c *bearer.Config) { c.Audiences = tt.own })
			_, err := v.Verify(t.Context(), k.token(claims.with(object{"aud": tt.aud})))
			wantReason(t, err, tt.want)
		})
	}
}

func TestLifetime(t *testing.T) {
	k := key(t, "rsa1")
	raw := k.token(delegatedV2())
	expires := issued.Add(4822 * time.Second)
	tests := []struct {
		name string
		skew time.Duration
		now  time.Time
		want bearer.Reason
	}{
		{"as long before nbf as clocks may differ", 0, issued.Add(-5 * time.Minute), ""},
		{"earlier still", 0, issued.Add(-5*time.Minute - time.Second), bearer.NotYetValid},
		{"just not as long after exp", 0, expires.Add(5*time.Minute - time.Nanosecond), ""},
		{"as long after exp", 0, expires.Add(5 * time.Minute), bearer.Expired},
		{"no skew, at nbf", -1, issued, ""},
		{"no skew, before nbf", -1, issued.Add(-time.Nanosecond), bearer.NotYetValid},
		{"no skew, before exp", -1, expires.Add(-time.Nanosecond), ""},
		{"no skew, at exp", -1, expires, bearer.Expired},
		{"one minute", time.Minute, expires.Add(time.Minute), bearer.Expired},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			v := verifier(t, newAuthority(k), func(cfg *bearer.Config) { cfg.Now, cfg.Skew = c.Now, tt.skew })
			c.now = tt.now
			_, err := v.Verify(t.Context(), raw)
			wantReason(t, err, tt.want)

			// The same for a token that was remembered while it was good.
			c.now = epoch
			if _, err := v.Verify(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			c.now = tt.now
			_, err = v.Verify(t.Context(), raw)
			wantReason(t, err, tt.want)
		})
	}
}

// TestRefusals alters a good token in one respect.
func TestRefusals(t *testing.T) {
	k := key(t, "rsa1")
	other := testKey{"rsa1", key(t, "rsa2").signer} // signs as rsa1, but is not
	header, claims := k.header(), delegatedV2()
	head := func(more object) string { return k.sign(header.with(more).json(), claims.json()) }
	body := func(more object) string { return k.sign(header.json(), claims.with(more).json()) }
	good := k.token(claims)
	parts := strings.Split(good, ".")
	dup := func(text, member string) string { return strings.Replace(text, "{", "{"+member+",", 1) }
	filler := strings.Repeat("x", 15<<10)

	tests := []struct {
		name string
		raw  string
		want bearer.Reason
	}{
		// Form.
		{"empty", "", bearer.Malformed},
		{"not a token", "hello", bearer.Malformed},
		{"two parts", parts[0] + "." + parts[1], bearer.Malformed},
		{"four parts", good + ".x", bearer.Malformed},
		{"five parts, as a JWE", "a.b.c.d.e", bearer.Malformed},
		{"60 000 dots", strings.Repeat(".", 60000), bearer.Malformed},
		{"16 000 dots", strings.Repeat(".", 16000), bearer.Malformed},
		{"longer than 16 KiB", body(object{"x": filler}), bearer.Malformed},
		{"a space before", " " + good, bearer.Malformed},
		{"a line break in the payload", parts[0] + "." + parts[1][:8] + "\n" + parts[1][8:] + "." + parts[2], bearer.Malformed},
		{"padding", parts[0] + "=." + parts[1] + "." + parts[2], bearer.Malformed},
		{"standard alphabet", parts[0] + "." + "+/" + parts[1][2:] + "." + parts[2], bearer.Malformed},
		{"header is not JSON", k.sign("{", claims.json()), bearer.Malformed},
		{"header is a list", k.sign("[]", claims.json()), bearer.Malformed},
		{"text after the header", k.sign(header.json()+"{}", claims.json()), bearer.Malformed},
		{"payload is not JSON", k.sign(header.json(), "claims"), bearer.Malformed},
		{"payload is null", k.sign(header.json(), "null"), bearer.Malformed},
		{"payload is empty", k.sign(header.json(), ""), bearer.Malformed},
		{"payload is not UTF-8", k.sign(header.json(), strings.Replace(claims.json(), "Hana", "H\xffna", 1)), bearer.Malformed},
		{"half a surrogate pair", k.sign(header.json(), strings.Replace(claims.json(), "Hana", `\ud800`, 1)), bearer.Malformed},
		{"deeply nested", k.sign(header.json(), strings.Replace(claims.json(), "{", `{"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+",", 1)), bearer.Malformed},
		{"a thousand members", k.sign(header.json(), strings.Replace(claims.json(), "{", "{"+manyMembers(1000), 1)), bearer.Malformed},

		// Members that occur twice.
		{"alg twice", k.sign(dup(header.json(), `"alg":"none"`), claims.json()), bearer.Malformed},
		{"kid twice, once escaped", k.sign(dup(header.json(), `"\u006bid":"x"`), claims.json()), bearer.Malformed},
		{"aud twice", k.sign(header.json(), dup(claims.json(), `"aud":"x"`)), bearer.Malformed},
		{"tid twice, once escaped", k.sign(header.json(), dup(claims.json(), `"t\u0069d":"x"`)), bearer.Malformed},
		{"a nested member twice", k.sign(header.json(), dup(claims.json(), `"x":{"a":1,"a":2}`)), bearer.Malformed},

		// Header.
		{"no alg", head(object{"alg": nil}), bearer.Algorithm},
		{"alg in lower case", head(object{"alg": "rs256"}), bearer.Algorithm},
		{"alg is a number", head(object{"alg": 1}), bearer.Malformed},
		{"no kid", head(object{"kid": nil}), bearer.UnknownKey},
		{"kid is a number", head(object{"kid": 1}), bearer.Malformed},
		{"unknown kid", head(object{"kid": "rsa9"}), bearer.UnknownKey},
		{"kid is a path", head(object{"kid": "../../etc/passwd"}), bearer.UnknownKey},
		{"no typ", head(object{"typ": nil}), bearer.Malformed},
		{"typ of a DPoP proof", head(object{"typ": "dpop+jwt"}), bearer.Malformed},
		{"crit", head(object{"crit": []string{"exp"}}), bearer.Malformed},
		{"crit, empty", head(object{"crit": []string{}}), bearer.Malformed},
		{"b64", head(object{"b64": false}), bearer.Malformed},
		{"jwk", other.sign(header.with(object{"jwk": other.jwk(nil)}).json(), claims.json()), bearer.Malformed},
		{"jku", other.sign(header.with(object{"jku": "https://evil.example/keys"}).json(), claims.json()), bearer.Malformed},
		{"x5u", other.sign(header.with(object{"x5u": "https://evil.example/cert"}).json(), claims.json()), bearer.Malformed},
		{"x5c", other.sign(header.with(object{"x5c": []string{"MIIB"}}).json(), claims.json()), bearer.Malformed},
		{"zip", head(object{"zip": "DEF"}), bearer.Malformed},
		{"enc", head(object{"enc": "A128GCM"}), bearer.Malformed},
		{"p2c", head(object{"alg": "PBES2-HS256+A128KW", "p2c": 2147483647}), bearer.Malformed},
		{"cty, a nested token", head(object{"cty": "JWT"}), bearer.Malformed},

		// Signature.
		{"no signature", parts[0] + "." + parts[1] + ".", bearer.Signature},
		{"signature of another token", parts[0] + "." + parts[1] + "." + strings.Split(k.token(claims.with(object{"uti": "x"})), ".")[2], bearer.Signature},
		{"signature of another key", other.token(claims), bearer.Signature},
		{"signature cut", good[:len(good)-8], bearer.Signature},
		{"signature is not base64", parts[0] + "." + parts[1] + ".&&&", bearer.Malformed},
		{"payload changed", parts[0] + "." + b64([]byte(claims.with(object{"oid": "x"}).json())) + "." + parts[2], bearer.Signature},

		// Issuer.
		{"no iss", body(object{"iss": nil}), bearer.Issuer},
		{"iss is a list", body(object{"iss": []string{claims["iss"].(string)}}), bearer.Malformed},
		{"iss of another host", body(object{"iss": "https://login.evil.example/" + tenant1 + "/v2.0"}), bearer.Issuer},
		{"iss of the version 1.0 host in version 2.0 form", body(object{"iss": "https://sts.windows.net/" + tenant1 + "/v2.0"}), bearer.Issuer},
		{"iss with a port", body(object{"iss": "https://login.microsoftonline.com:443/" + tenant1 + "/v2.0"}), bearer.Issuer},
		{"iss with http", body(object{"iss": "http://login.microsoftonline.com/" + tenant1 + "/v2.0"}), bearer.Issuer},
		{"iss in upper case", body(object{"iss": strings.ToUpper(claims["iss"].(string))}), bearer.Issuer},
		{"iss with a slash more", body(object{"iss": claims["iss"].(string) + "/"}), bearer.Issuer},
		{"iss with a query", body(object{"iss": claims["iss"].(string) + "?x"}), bearer.Issuer},
		{"iss is the template", body(object{"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"}), bearer.Issuer},
		{"iss and tid are the template", body(object{"iss": "https://login.microsoftonline.com/{tenantid}/v2.0", "tid": "{tenantid}"}), bearer.Malformed},
		{"iss of version 1.0 without its slash", k.token(delegatedV1().with(object{"iss": "https://sts.windows.net/" + tenant1})), bearer.Issuer},
		{"ver 1.0 with iss of version 2.0", body(object{"ver": "1.0", "appid": clientID}), bearer.Issuer},
		{"ver 2.0 with iss of version 1.0", k.token(delegatedV1().with(object{"ver": "2.0", "azp": clientID})), bearer.Issuer},
		{"ver 3.0", body(object{"ver": "3.0"}), bearer.Malformed},
		{"no ver", body(object{"ver": nil}), bearer.Malformed},
		{"ver is a number", body(object{"ver": 2.0}), bearer.Malformed},
		{"tid of another tenant", body(object{"tid": tenant2}), bearer.Issuer},
		{"no tid", body(object{"tid": nil}), bearer.Malformed},
		{"tid is a domain", body(object{"tid": "acme.example"}), bearer.Malformed},
		{"tid in upper case", body(object{"tid": strings.ToUpper(tenant1)}), bearer.Malformed},

		// Audience.
		{"no aud", body(object{"aud": nil}), bearer.Malformed},
		{"aud of several", body(object{"aud": []string{apiID, clientID}}), bearer.Malformed},
		{"aud of none", body(object{"aud": []string{}}), bearer.Malformed},
		{"aud is a number", body(object{"aud": 5}), bearer.Malformed},
		{"aud is null", k.sign(header.json(), strings.Replace(claims.json(), `"`+apiID+`"`, "null", 1)), bearer.Malformed},
		{"aud is true", body(object{"aud": true}), bearer.Malformed},
		{"aud is an object", body(object{"aud": object{apiID: 1}}), bearer.Malformed},
		{"aud of another API", body(object{"aud": clientID}), bearer.Audience},
		{"aud, a list with another API", body(object{"aud": []string{clientID}}), bearer.Audience},

		// Times.
		{"no exp", body(object{"exp": nil}), bearer.Malformed},
		{"exp is a string", body(object{"exp": "1772427969"}), bearer.Malformed},
		{"exp is a fraction", body(object{"exp": 1772427969.5}), bearer.Malformed},
		{"exp is negative", body(object{"exp": -1}), bearer.Malformed},
		{"exp is beyond all dates", body(object{"exp": 1 << 60}), bearer.Malformed},
		{"exp overflows", k.sign(header.json(), strings.Replace(claims.json(), `"exp":`, `"exp":99999999999999999999`, 1)), bearer.Malformed},
		{"exp has passed", body(object{"exp": epoch.Unix() - 300}), bearer.Expired},
		{"exp is 0", body(object{"exp": 0}), bearer.Expired},
		{"nbf is to come", body(object{"nbf": epoch.Unix() + 301}), bearer.NotYetValid},
		{"nbf is a string", body(object{"nbf": "0"}), bearer.Malformed},

		// Kind.
		{"an ID token", body(object{"azp": nil, "azpacr": nil, "scp": nil, "nonce": "n"}), bearer.Kind},
		{"no client", body(object{"azp": nil}), bearer.Kind},
		{"version 2.0 with appid only", body(object{"azp": nil, "appid": clientID}), bearer.Kind},
		{"version 1.0 with azp only", k.token(delegatedV1().with(object{"appid": nil, "azp": clientID})), bearer.Kind},
		{"nonce", body(object{"nonce": "n"}), bearer.Kind},
		{"c_hash", body(object{"c_hash": "n"}), bearer.Kind},
		{"at_hash", body(object{"at_hash": "n"}), bearer.Kind},
		{"a logout token", body(object{"events": object{"http://schemas.openid.net/event/backchannel-logout": object{}}}), bearer.Kind},
		{"no sub", body(object{"sub": nil}), bearer.Malformed},
		{"no oid", body(object{"oid": nil}), bearer.Malformed},
		{"unknown idtyp", body(object{"idtyp": "device"}), bearer.Malformed},
		{"app with scp", body(object{"idtyp": "app"}), bearer.Malformed},

		// Permission.
		{"neither scp nor roles", body(object{"scp": nil, "roles": nil}), bearer.Permission},
		{"both empty", body(object{"scp": "", "roles": []string{}}), bearer.Permission},
		{"scp is a list", body(object{"scp": []string{"Orders.Read"}}), bearer.Malformed},
		{"roles is a string", body(object{"roles": "Orders.Read.All"}), bearer.Malformed},
		{"roles of numbers", body(object{"roles": []any{"Orders.Read.All", 1}}), bearer.Malformed},
		{"groups is an object", body(object{"groups": object{}}), bearer.Malformed},
		{"_claim_names is a list", body(object{"_claim_names": []string{"groups"}}), bearer.Malformed},
	}
	v := verifier(t, newAuthority(k), nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				_, err := v.Verify(t.Context(), tt.raw)
				wantReason(t, err, tt.want)
			}
		})
	}
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Errorf("the token that all were made of: %v", err)
	}
	if _, err := v.Verify(t.Context(), body(object{"aud": []string{apiID}})); err != nil {
		t.Errorf("aud as a list of one: %v", err)
	}
}

func manyMembers(n int) string {
	b := strings.Builder{}
	for i := range n {
		b.WriteString(`"m` + strings.Repeat("a", i%7) + string(rune('a'+i%26)) + strings.Repeat("b", i/26) + `":1,`)
	}
	return b.String()[:min(b.Len(), 8<<10)] + `x":1,`
}

func TestRulesHoldForRememberedTokens(t *testing.T) {
	k := key(t, "rsa1")
	allowed, revoked := true, false
	v := verifier(t, newAuthority(k), func(c *bearer.Config) {
		c.Authority = "https://login.microsoftonline.com/common"
		c.TenantAllowed = func(id string) bool { return allowed && id == tenant1 }
		c.Revoked = func(c *bearer.Claims) bool { return revoked && c.ObjectID == userID }
	})
	raw := k.token(delegatedV2())
	for _, step := range []struct {
		allowed, revoked bool
		want             bearer.Reason
	}{{true, false, ""}, {true, true, bearer.Revoked}, {true, false, ""}, {false, false, bearer.Tenant}, {true, false, ""}} {
		allowed, revoked = step.allowed, step.revoked
		_, err := v.Verify(t.Context(), raw)
		wantReason(t, err, step.want)
	}
}

func TestInsecureAcceptWithoutPermission(t *testing.T) {
	k := key(t, "rsa1")
	v := verifier(t, newAuthority(k), func(c *bearer.Config) { c.InsecureAcceptWithoutPermission = true })
	c, err := v.Verify(t.Context(), k.token(appOnlyV2().with(object{"roles": nil})))
	if err != nil {
		t.Fatal(err)
	}
	wantReason(t, bearer.Check(c, bearer.AnyRole("Orders.Read.All")), bearer.Permission)
	wantReason(t, bearer.Check(c, bearer.Client(clientID), bearer.AppOnly(), bearer.CertificateClient()), "")
}

// A deployment with one host for everything: version 1.0 tokens have its issuer too.
func TestOneHostForBothVersions(t *testing.T) {
	k := key(t, "rsa1")
	a := newAuthority()
	a.host, a.sts = "localhost:8443", "localhost:8443"
	a.publish(k)
	v := verifier(t, a, nil)
	for _, claims := range []object{
		delegatedV2().with(object{"iss": "https://localhost:8443/" + tenant1 + "/v2.0"}),
		delegatedV1().with(object{"iss": "https://localhost:8443/" + tenant1 + "/"}),
	} {
		_, err := v.Verify(t.Context(), k.token(claims))
		wantReason(t, err, "")
	}
}

// The way of development: an authority on loopback by http, over a real connection
// and with the default client.
func TestInsecureAllowHTTP(t *testing.T) {
	k := key(t, "rsa1")
	a := newAuthority()
	server := httptest.NewServer(a)
	defer server.Close()
	a.host = strings.TrimPrefix(server.URL, "http://")
	a.sts = a.host
	a.publish(k)
	v := verifier(t, a, func(c *bearer.Config) {
		c.Authority, c.InsecureAllowHTTP, c.HTTPClient = server.URL+"/"+tenant1, true, nil
	})
	for scheme, want := range map[string]bearer.Reason{"http": "", "https": bearer.Issuer} {
		_, err := v.Verify(t.Context(), k.token(delegatedV2().with(object{"iss": scheme + "://" + a.host + "/" + tenant1 + "/v2.0"})))
		wantReason(t, err, want)
	}
}
