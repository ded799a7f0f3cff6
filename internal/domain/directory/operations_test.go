package directory_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestNewTenantCanManageItselfThroughGraph(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	n := w.new
	if n.AdminUser != "admin@"+w.domain() || len(n.AdminPassword.Reveal()) != 23 || len(n.ClientSecret.Reveal()) != 43 {
		t.Errorf("bootstrap facts: %+v", n)
	}
	app, err := w.ops.Applications.ApplicationByAppID(w.ctx, n.ClientID)
	w.must(err)
	if string(app.Passwords[0].Hash) != string(fakeHasher{}.HashSecret(n.ClientSecret.Reveal())) {
		t.Error("the secret shown is not the secret kept")
	}
	assigned, err := w.ops.Assignments.AppRoleAssignmentsOf(w.ctx, w.c.Tenant, n.AdminPrincipalID)
	w.must(err)
	for _, name := range []string{"Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All", "User.ReadWrite.All", "Organization.ReadWrite.All"} {
		id, ok := directory.GraphAppRole(name)
		if !ok || !slices.ContainsFunc(assigned, func(a directory.AppRoleAssignment) bool { return a.AppRoleID == id }) {
			t.Errorf("the administrator application has no %s", name)
		}
	}
	tenant, err := w.ops.Tenants.TenantByName(w.ctx, w.domain())
	w.must(err)
	if tenant.ID != w.c.Tenant || tenant.Settings.Administrator != n.AdminUserID {
		t.Errorf("tenant %+v", tenant)
	}
}

func TestTenantRequestsThatAreRefused(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	for name, r := range map[string]directory.TenantRequest{
		"no name":               {Domain: "a.example"},
		"no domain":             {DisplayName: "A"},
		"domain of one label":   {DisplayName: "A", Domain: "a"},
		"domain not in ASCII":   {DisplayName: "A", Domain: "bücher.example"},
		"domain of another":     {DisplayName: "A", Domain: w.domain()},
		"domain twice":          {DisplayName: "A", Domain: "a.example", Domains: []string{"A.example"}},
		"id of another":         {DisplayName: "A", Domain: "a.example", ID: w.c.Tenant},
		"id of zeros":           {DisplayName: "A", Domain: "a.example", ID: directory.Installation},
		"administrator's alias": {DisplayName: "A", Domain: "a.example", AdminName: "a b"},
	} {
		_, err := p.ops.CreateTenant(w.ctx, w.c, r)
		if _, ok := errors.AsType[*directory.RuleError](err); !ok {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
}

// countingApps counts what EnsureBuiltins writes.
type countingApps struct {
	directory.ApplicationStore
	writes int
}

func (c *countingApps) EnsureBuiltin(ctx context.Context, app *directory.Application, ev *audit.Event) error {
	c.writes++
	return c.ApplicationStore.EnsureBuiltin(ctx, app, ev)
}

func TestBuiltinsAreWrittenOnlyWhenTheyDiffer(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	counting := &countingApps{ApplicationStore: p.ops.Applications}
	ops := *p.ops
	ops.Applications = counting
	w.must(ops.EnsureBuiltins(w.ctx))
	if counting.writes != 0 {
		t.Errorf("%d writes although nothing changed", counting.writes)
	}
	ops.GraphURLs = []string{"https://Graph.Example.test/"}
	w.must(ops.EnsureBuiltins(w.ctx))
	if counting.writes != 1 {
		t.Errorf("%d writes for a new Graph address", counting.writes)
	}
	sp, err := ops.ServicePrincipals.ServicePrincipalByName(w.ctx, w.c.Tenant, "https://graph.example.test")
	if err != nil || sp.AppID != directory.GraphAppID {
		t.Errorf("resource %v, %v", sp, err)
	}
}

// A start that ended between a built-in application and its service principals is
// made good by the next.
func TestBuiltinsReachEveryTenant(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	sp, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.ctx, w.c.Tenant, directory.GraphAppID)
	w.must(err)
	gone := w.c.Event(time.Now(), "Delete service principal", directory.KindServicePrincipal, sp.ID, "")
	w.must(w.ops.ServicePrincipals.DeleteServicePrincipal(w.ctx, w.c.Tenant, sp.ID, gone.At, gone))
	for range 2 {
		w.must(w.ops.EnsureBuiltins(w.ctx))
		if _, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.ctx, w.c.Tenant, directory.GraphAppID); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloudStandInsResolveByTheirUsualNames(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	for range 2 { // a second time changes nothing
		w.must(w.ops.ProvisionStandIns(w.ctx, w.c))
	}
	for _, s := range directory.StandIns() {
		for _, name := range s.Names {
			for _, form := range []string{name, strings.ToUpper(name[:8]) + name[8:], strings.TrimSuffix(name, "/")} {
				got, err := directory.ResolveResource(w.ctx, lookup{w.ops}, w.c.Tenant, form)
				if err != nil || got.AppID != s.AppID {
					t.Errorf("%s: %v", form, err)
				}
			}
		}
		if s.Scopes == 0 {
			t.Errorf("%s has no scopes", s.AppID)
		}
	}
	for _, name := range []string{"", "https://nobody.example", string(guid(1)), "vault"} {
		if _, err := directory.ResolveResource(w.ctx, lookup{w.ops}, w.c.Tenant, name); !errors.Is(err, directory.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// lookup serves what ResolveResource reads.
type lookup struct{ *directory.Operations }

func (l lookup) ServicePrincipal(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return l.ServicePrincipals.ServicePrincipal(ctx, t, id)
}

func (l lookup) ServicePrincipalByAppID(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.ServicePrincipal, error) {
	return l.ServicePrincipals.ServicePrincipalByAppID(ctx, t, id)
}

func (l lookup) ServicePrincipalByName(ctx context.Context, t directory.TenantID, name string) (*directory.ServicePrincipal, error) {
	return l.ServicePrincipals.ServicePrincipalByName(ctx, t, name)
}

func (l lookup) TenantByName(ctx context.Context, name string) (*directory.Tenant, error) {
	return l.Tenants.TenantByName(ctx, name)
}

func (l lookup) ApplicationByAppID(ctx context.Context, id directory.ID) (*directory.Application, error) {
	return l.Applications.ApplicationByAppID(ctx, id)
}

func (l lookup) AppRoleAssignmentsOf(ctx context.Context, t directory.TenantID, id directory.ID) ([]directory.AppRoleAssignment, error) {
	return l.Assignments.AppRoleAssignmentsOf(ctx, t, id)
}

func (l lookup) TokenLifetimePolicy(ctx context.Context, t directory.TenantID, id directory.ID) (*directory.TokenLifetimePolicy, error) {
	return l.Policies.TokenLifetimePolicy(ctx, t, id)
}

func (l lookup) DefaultTokenLifetimePolicy(ctx context.Context, t directory.TenantID) (*directory.TokenLifetimePolicy, error) {
	return l.Policies.DefaultTokenLifetimePolicy(ctx, t)
}

// prove signs a proof of possession.
func prove(t *testing.T, k keyPair, alg string, claims map[string]any) string {
	t.Helper()
	header, err := json.Marshal(map[string]string{"alg": alg})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString(header) + "." + b64.EncodeToString(body)
	digest := sha256.Sum256([]byte(signed))
	var sig []byte
	if alg == "PS256" {
		sig, err = rsa.SignPSS(rand.Reader, k.key, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	} else {
		sig, err = rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, digest[:])
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64.EncodeToString(sig)
}

func TestKeysAreRolledWithAProof(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	app, old, next := w.app(), certificate(t, "orders", 2048), certificate(t, "second", 2048)
	w.must(w.setKeys(w.target(app), []directory.KeyDraft{{KeyID: guid(1), Key: old.der}}))
	claims := func(changes ...any) map[string]any {
		c := map[string]any{
			"aud": "00000002-0000-0000-c000-000000000000", "iss": string(app.ID),
			"nbf": w.now.Unix(), "exp": w.now.Add(10 * time.Minute).Unix(),
		}
		for i := 0; i < len(changes); i += 2 {
			c[changes[i].(string)] = changes[i+1]
		}
		return c
	}
	for name, proof := range map[string]string{
		"empty":               "",
		"no token":            "a.b.c",
		"another key":         prove(t, next, "RS256", claims()),
		"another audience":    prove(t, old, "RS256", claims("aud", "https://graph.microsoft.com")),
		"issued by appId":     prove(t, old, "RS256", claims("iss", string(app.AppID))),
		"too long a life":     prove(t, old, "RS256", claims("exp", w.now.Add(11*time.Minute).Unix())),
		"expired":             prove(t, old, "RS256", claims("nbf", w.now.Add(-20*time.Minute).Unix(), "exp", w.now.Add(-10*time.Minute).Unix())),
		"no nbf":              prove(t, old, "RS256", claims("nbf", 0, "exp", 600)),
		"algorithm none":      prove(t, old, "none", claims()),
		"algorithm HS256":     prove(t, old, "HS256", claims()),
		"larger than a proof": strings.Repeat("a", 9<<10),
		"nothing but dots":    strings.Repeat(".", 4<<20),
	} {
		if _, err := w.ops.AddKey(w.ctx, w.c, w.target(app), directory.KeyDraft{Key: next.der}, proof); err == nil || !strings.Contains(err.Error(), "proof is not a valid token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	added, err := w.ops.AddKey(w.ctx, w.c, w.target(app), directory.KeyDraft{Key: next.der}, prove(t, old, "RS256", claims()))
	w.must(err)
	if _, err := w.ops.AddKey(w.ctx, w.c, w.target(app), directory.KeyDraft{Key: next.der}, prove(t, old, "RS256", claims())); err == nil {
		t.Error("the same certificate was added twice")
	}
	w.must(w.ops.RemoveKey(w.ctx, w.c, w.target(app), guid(1), prove(t, next, "PS256", claims())))
	got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
	if keys := need(w, got, err).Keys; len(keys) != 1 || keys[0].KeyID != added.KeyID {
		t.Errorf("keys after rolling: %v", keys)
	}
}

func TestTwoWritersOfOneApplicationLoseNothing(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	app := w.app()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := w.ops.ChangeApplication(w.ctx, w.c, app.ID, func(a *directory.Application) error {
				a.Tags = append(a.Tags, fmt.Sprint("writer", i))
				a.IdentifierURIs = append(a.IdentifierURIs, fmt.Sprintf("api://%s/%d", a.AppID, i))
				return nil
			})
			if err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
	if n := len(need(w, got, err).Tags); n != 8 || len(got.IdentifierURIs) != 8 {
		t.Errorf("%d tags, %d URIs", n, len(got.IdentifierURIs))
	}
}

func TestSecretsDoNotPrintThemselves(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	issued, err := w.ops.AddPassword(w.ctx, w.c, w.target(w.app()), directory.PasswordRequest{})
	w.must(err)
	text := issued.SecretText.Reveal()
	var out strings.Builder
	slog.New(slog.NewJSONHandler(&out, nil)).Info("issued", "secret", issued.SecretText, "credential", issued, "tenant", w.new)
	slog.New(slog.NewTextHandler(&out, nil)).Info("issued", "secret", issued.SecretText, "credential", issued, "tenant", w.new)
	encoded, err := json.Marshal(issued)
	w.must(err)
	fmt.Fprintf(&out, "%v %+v %#v %q %s %v", issued, issued, issued, issued.SecretText, encoded, *w.new)
	for _, secret := range []string{text, w.new.ClientSecret.Reveal(), w.new.AdminPassword.Reveal()} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a secret is in %s", out.String())
		}
	}
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" || strings.ContainsAny(text[:1], "-_") {
		t.Errorf("secret %q is not safe in shells", text)
	}
}

func TestOperationsNeedATenant(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	nobody := directory.Caller{}
	_, _, createErr := w.ops.CreateApplication(w.ctx, nobody, draft(), nil, nil)
	_, spErr := w.ops.CreateServicePrincipal(w.ctx, nobody, &directory.ServicePrincipal{AppID: directory.GraphAppID})
	_, userErr := w.ops.CreateUser(w.ctx, nobody, w.userDraft(), goodPassword)
	for name, err := range map[string]error{
		"create application": createErr, "create service principal": spErr, "create user": userErr,
		"change application": w.ops.ChangeApplication(w.ctx, nobody, guid(1), nil),
		"delete application": w.ops.DeleteApplication(w.ctx, nobody, guid(1)),
		"delete grant":       w.ops.DeleteGrant(w.ctx, nobody, "x"),
		"purge":              w.ops.Purge(w.ctx, nobody, guid(1)),
	} {
		if !errors.Is(err, directory.ErrNoTenant) {
			t.Errorf("%s: %v, want ErrNoTenant", name, err)
		}
	}
}

func TestChangeFunctionsMustLeaveCredentialsAlone(t *testing.T) {
	p := newPlatform(t)
	w := p.world(t)
	app := w.app()
	if err := w.change(app, func(a *directory.Application) { a.Owners = []directory.Owner{{ID: guid(1)}} }); err == nil {
		t.Error("a change function replaced the owners")
	}
}

func TestNormalizeName(t *testing.T) {
	for in, want := range map[string]string{
		"HTTPS://API.Example/Orders":           "https://api.example/Orders",
		"api://AAAA/b":                         "api://aaaa/b",
		"https://Host.Example":                 "https://host.example",
		"https://Host.Example?Q=1":             "https://host.example?Q=1",
		"URN:Orders:A":                         "urn:Orders:A",
		"00000003-0000-0000-C000-000000000000": "00000003-0000-0000-c000-000000000000",
		"Orders":                               "Orders",
		"":                                     "",
	} {
		if got := directory.NormalizeName(in); got != want {
			t.Errorf("NormalizeName(%q) = %q, want %q", in, got, want)
		}
	}
}
