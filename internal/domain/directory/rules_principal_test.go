package directory_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

var multi = func(a *directory.Application) { a.SignInAudience = directory.AudienceMultiOrg }

// other is a second tenant on the same platform.
func (w *world) other() *world {
	w.t.Helper()
	made, err := w.ops.CreateTenant(w.ctx, directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: "Other", Domain: "other" + w.domain()})
	o := *w
	o.new = need(w, made, err)
	o.c = directory.Caller{Tenant: made.Tenant.ID, App: made.AdminPrincipalID, AppID: made.ClientID}
	return &o
}

// spRow is a row that changes the service principal of a plain application.
func spRow(name string, want refused, change func(*directory.ServicePrincipal)) ruleRow {
	return ruleRow{"§4", name, func(w *world) error { return w.changeSP(w.sp(w.app()), change) }, want}
}

func (w *world) createSP(appID directory.ID) error {
	_, err := w.ops.CreateServicePrincipal(w.ctx, w.c, &directory.ServicePrincipal{AppID: appID, AccountEnabled: true})
	return err
}

func principalRows() []ruleRow {
	noApp := func(id string) refused {
		return invalid("The appId '" + id + "' of the service principal does not reference a valid application object.")
	}
	return []ruleRow{
		{"§4", "application of the tenant", func(w *world) error { return w.createSP(w.app().AppID) }, fine},
		{"§4", "application that does not exist", func(w *world) error { return w.createSP(guid(1)) }, noApp(string(guid(1)))},
		{"§4", "appId that is no GUID", func(w *world) error { return w.createSP("orders") }, noApp("orders")},
		{"§4", "object id instead of the appId", func(w *world) error { return w.createSP(w.app().ID) }, invalid("does not reference a valid application object.")},
		{"§4", "multi-tenant application of another tenant", func(w *world) error { return w.createSP(w.other().app(multi).AppID) }, fine},
		{"§4", "single-tenant application of another tenant", func(w *world) error { return w.createSP(w.other().app().AppID) }, invalid("does not reference a valid application object.")},
		{"§4", "foreign application by who may only touch what it owns", func(w *world) error {
			id := w.other().app(multi).AppID
			w.c.OwnedOnly = true
			return w.createSP(id)
		}, refused{directory.Forbidden, "When using this permission, the backing application of the service principal being created must in the local tenant"}},
		{"§4", "local application of another owner by who may only touch what it owns", func(w *world) error {
			id := w.app().AppID
			w.c.OwnedOnly = true
			return w.createSP(id)
		}, refused{directory.Forbidden, "Insufficient privileges"}},
		{"§4", "second service principal", func(w *world) error {
			app := w.app()
			w.sp(app)
			return w.createSP(app.AppID)
		}, refused{directory.Conflict, "The service principal cannot be created, updated, or restored because the service principal name "}},
		{"§4", "foreign application with a name that a local resource has", func(w *world) error {
			name := "api://same-" + w.domain()
			w.must(w.changeSP(w.sp(w.app()), func(p *directory.ServicePrincipal) { p.Names = []string{name} }))
			foreign := w.other().app(multi, v2, func(a *directory.Application) { a.IdentifierURIs = []string{name} })
			return w.createSP(foreign.AppID)
		}, refused{directory.Conflict, "is already in use."}},
		{"§4", "foreign application with a name of its own", func(w *world) error {
			name := "api://own-" + w.domain()
			return w.createSP(w.other().app(multi, v2, func(a *directory.Application) { a.IdentifierURIs = []string{name} }).AppID)
		}, fine},
		{"§4", "local name that another resource has", func(w *world) error {
			return w.changeSP(w.sp(w.app()), func(p *directory.ServicePrincipal) { p.Names = []string{"https://graph.microsoft.com"} })
		}, refused{directory.Conflict, "is already in use."}},
		spRow("local role", fine, func(p *directory.ServicePrincipal) { p.AppRoles = []directory.AppRole{role(1, "Local", "User")} }),
		{"§4", "local role with an id of the application", func(w *world) error {
			return w.changeSP(w.sp(w.app(withRoles(role(1, "a")))), func(p *directory.ServicePrincipal) { p.AppRoles = []directory.AppRole{role(1, "b")} })
		}, invalid("twice")},
		{"§4", "enabled local role removed", func(w *world) error {
			sp := w.sp(w.app())
			w.must(w.changeSP(sp, func(p *directory.ServicePrincipal) { p.AppRoles = []directory.AppRole{role(1, "Local", "User")} }))
			return w.changeSP(sp, func(p *directory.ServicePrincipal) { p.AppRoles = nil })
		}, enabled},
		spRow("servicePrincipalType changed", refused{directory.ReadOnly, "servicePrincipalType is read-only"}, func(p *directory.ServicePrincipal) { p.Type = directory.TypeManagedIdentity }),
		{"§4", "servicePrincipalType chosen at creation", func(w *world) error {
			_, err := w.ops.CreateServicePrincipal(w.ctx, w.c, &directory.ServicePrincipal{AppID: w.app().AppID, Type: directory.TypeManagedIdentity})
			return err
		}, refused{directory.ReadOnly, "servicePrincipalType is read-only"}},
		spRow("preferredSingleSignOnMode unknown", invalid("none of: password, saml"), func(p *directory.ServicePrincipal) { p.PreferredSingleSignOnMode = ptr("magic") }),
		spRow("loginUrl that runs script", invalid("not an http or https URL"), func(p *directory.ServicePrincipal) { p.LoginURL = ptr("javascript:alert(1)") }),
		spRow("notification address that is none", invalid("not a mail address"), func(p *directory.ServicePrincipal) { p.NotificationEmailAddresses = []string{"ops"} }),
		spRow("notes of 1025 characters", invalid("longer than 1024"), func(p *directory.ServicePrincipal) { p.Notes = ptr(strings.Repeat("a", 1025)) }),
		spRow("tag with a blank", invalid("no white space"), func(p *directory.ServicePrincipal) { p.Tags = []string{"a b"} }),
	}
}

func lifecycleRows() []ruleRow {
	return []ruleRow{
		{"§4", "secret on Microsoft Graph itself", func(w *world) error {
			sp, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.ctx, w.c.Tenant, directory.GraphAppID)
			_, err = w.ops.AddPassword(w.ctx, w.c, directory.Target{Kind: directory.KindServicePrincipal, ID: need(w, sp, err).ID}, directory.PasswordRequest{})
			return err
		}, refused{directory.ReadOnly, "belongs to the platform"}},
		{"§4", "Microsoft Graph deleted", func(w *world) error {
			sp, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.ctx, w.c.Tenant, directory.GraphAppID)
			return w.ops.DeleteServicePrincipal(w.ctx, w.c, need(w, sp, err).ID)
		}, refused{directory.ReadOnly, "belongs to the platform"}},
		{"§4", "Microsoft Graph disabled", func(w *world) error {
			sp, err := w.ops.ServicePrincipals.ServicePrincipalByAppID(w.ctx, w.c.Tenant, directory.GraphAppID)
			return w.changeSP(need(w, sp, err), func(p *directory.ServicePrincipal) { p.AccountEnabled = false })
		}, refused{directory.ReadOnly, "belongs to the platform"}},
		{"§4", "local name after another application's appId", func(w *world) error {
			other := w.app()
			return w.changeSP(w.sp(w.app()), func(p *directory.ServicePrincipal) { p.Names = []string{"api://" + string(other.AppID)} })
		}, invalid("appId of another application")},
		{"§3.7", "locked credentials in another tenant", lockedSecret(true), refused{directory.ReadOnly, "locks the credentials"}},
		{"§3.7", "credentials in another tenant without a lock", lockedSecret(false), fine},
		{"§3.7", "locked credentials at home", func(w *world) error {
			sp := w.sp(w.app(multi, lock))
			_, err := w.ops.AddPassword(w.ctx, w.c, directory.Target{Kind: directory.KindServicePrincipal, ID: sp.ID}, directory.PasswordRequest{})
			return err
		}, fine},
		{"§2", "restored service principal whose place is taken", func(w *world) error {
			app := w.app()
			sp := w.sp(app)
			w.must(w.ops.DeleteServicePrincipal(w.ctx, w.c, sp.ID))
			w.sp(app)
			_, err := w.ops.Restore(w.ctx, w.c, sp.ID)
			return err
		}, refused{directory.Conflict, "is already in use."}},
		{"§2", "recycle bin for who may only touch what it owns", func(w *world) error {
			app := w.app()
			w.must(w.ops.DeleteApplication(w.ctx, w.c, app.ID))
			w.c.OwnedOnly = true
			return w.ops.Purge(w.ctx, w.c, app.ID)
		}, refused{directory.Forbidden, "Insufficient privileges"}},
		{"§2", "application of another tenant", func(w *world) error { return w.ops.DeleteApplication(w.ctx, w.c, w.other().app().ID) }, gone},
	}
}

func lock(a *directory.Application) {
	a.LockConfig = &directory.LockConfiguration{IsEnabled: true, AllProperties: ptr(true)}
}

func lockedSecret(locked bool) func(*world) error {
	return func(w *world) error {
		app := w.other().app(multi, func(a *directory.Application) {
			lock(a)
			a.LockConfig.IsEnabled = locked
		})
		_, err := w.ops.AddPassword(w.ctx, w.c, directory.Target{Kind: directory.KindServicePrincipal, ID: w.sp(app).ID}, directory.PasswordRequest{})
		return err
	}
}

func passwordRows() []ruleRow {
	add := func(r directory.PasswordRequest) func(*world) error {
		return func(w *world) error {
			_, err := w.ops.AddPassword(w.ctx, w.c, w.target(w.app()), r)
			return err
		}
	}
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	return []ruleRow{
		{"§5.1", "defaults: from now, for two years, with a hint", func(w *world) error {
			p, err := w.ops.AddPassword(w.ctx, w.c, w.target(w.app()), directory.PasswordRequest{})
			text := need(w, p, err).SecretText.Reveal()
			switch {
			case !p.StartAt.Equal(w.now) || !p.EndAt.Equal(w.now.AddDate(2, 0, 0)):
				return fmt.Errorf("valid from %v to %v", p.StartAt, p.EndAt)
			case len(text) < 16 || len(text) > 64 || p.Hint != text[:3]:
				return fmt.Errorf("secret of %d characters, hint %q", len(text), p.Hint)
			case strings.Contains(fmt.Sprintf("%v %+v %#v %s", p, p, p, p.SecretText), text):
				return fmt.Errorf("the secret prints itself")
			}
			return nil
		}, fine},
		{"§5.1", "several secrets at once", func(w *world) error {
			app := w.app()
			for range 5 {
				_, err := w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
				w.must(err)
			}
			got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
			if n := len(need(w, got, err).Passwords); n != 5 {
				return fmt.Errorf("%d secrets", n)
			}
			return nil
		}, fine},
		{"§5.1", "validity that ends before it starts", add(directory.PasswordRequest{StartAt: day, EndAt: day}), invalid("endDateTime of a password credential must be later")},
		{"§5.1", "validity of ten years", add(directory.PasswordRequest{EndAt: day.AddDate(10, 0, 0)}), fine},
		{"§5.1", "name of 257 characters", add(directory.PasswordRequest{DisplayName: ptr(strings.Repeat("a", 257))}), invalid("longer than 256")},
		{"§5.1", "one secret at creation", func(w *world) error {
			app, issued, err := w.ops.CreateApplication(w.ctx, w.c, draft(), []directory.PasswordRequest{{}}, nil)
			if err == nil && (len(issued) != 1 || len(app.Passwords) != 1) {
				return fmt.Errorf("%d issued, %d kept", len(issued), len(app.Passwords))
			}
			return err
		}, fine},
		{"§5.1", "two secrets at creation", func(w *world) error {
			_, _, err := w.ops.CreateApplication(w.ctx, w.c, draft(), []directory.PasswordRequest{{}, {}}, nil)
			return err
		}, invalid("may ask for one password credential")},
		{"§5.1", "secret removed that is not there", func(w *world) error {
			return w.ops.RemovePassword(w.ctx, w.c, w.target(w.app()), guid(1))
		}, invalid("No password credential found with keyId '" + string(guid(1)) + "'.")},
		{"§5.1", "update that keeps some secrets", func(w *world) error {
			app := w.app()
			p, err := w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
			w.must(err)
			_, err = w.ops.AddPassword(w.ctx, w.c, w.target(app), directory.PasswordRequest{})
			w.must(err)
			w.must(w.keepPasswords(w.target(app), []directory.ID{p.KeyID}))
			got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
			if kept := need(w, got, err).Passwords; len(kept) != 1 || kept[0].KeyID != p.KeyID {
				return fmt.Errorf("kept %v", kept)
			}
			return nil
		}, fine},
		{"§5.1", "update that brings a secret", func(w *world) error {
			return w.keepPasswords(w.target(w.app()), []directory.ID{guid(1)})
		}, invalid("cannot be added by an update; use addPassword")},
	}
}

// setKeys is a row that gives an application one key.
func setKeys(name string, want refused, k directory.KeyDraft) ruleRow {
	return ruleRow{"§5.2", name, func(w *world) error {
		err := w.setKeys(w.target(w.app()), []directory.KeyDraft{k})
		if err != nil && len(k.Key) > 40 && (strings.Contains(err.Error(), string(k.Key[10:40])) || contains(k.Key, []byte(err.Error()))) {
			return fmt.Errorf("the refusal repeats the key: %w", err)
		}
		return err
	}, want}
}

func keyRows(t *testing.T) []ruleRow {
	pair, weak := certificate(t, "orders", 2048), certificate(t, "weak", 1024)
	asPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.der})
	pkcs1 := x509.MarshalPKCS1PrivateKey(pair.key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(pair.key)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0)}
	ecDER, err := x509.CreateCertificate(rand.Reader, template, template, &curve.PublicKey, curve)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := asn1.Marshal(struct {
		Version int
		Content []asn1.ObjectIdentifier
	}{3, []asn1.ObjectIdentifier{{1, 2, 840, 113549, 1, 7, 1}}})
	if err != nil {
		t.Fatal(err)
	}
	private := invalid("private key")
	day := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	return append([]ruleRow{
		setKeys("DER", fine, directory.KeyDraft{Key: pair.der, Usage: "Verify", Type: "AsymmetricX509Cert"}),
		setKeys("PEM", fine, directory.KeyDraft{Key: asPEM}),
		setKeys("base64 of PEM", fine, directory.KeyDraft{Key: []byte(base64.StdEncoding.EncodeToString(asPEM))}),
		setKeys("base64 of DER", fine, directory.KeyDraft{Key: []byte(base64.StdEncoding.EncodeToString(pair.der))}),
		setKeys("PKCS #1 private key", private, directory.KeyDraft{Key: pkcs1}),
		setKeys("PKCS #8 private key", private, directory.KeyDraft{Key: pkcs8}),
		setKeys("private key in base64", private, directory.KeyDraft{Key: []byte(base64.StdEncoding.EncodeToString(pkcs8))}),
		setKeys("PEM with a private key behind the certificate", private, directory.KeyDraft{
			Key: append(bytes.Clone(asPEM), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: pkcs1})...),
		}),
		setKeys("PEM with a broken private key", private, directory.KeyDraft{Key: append(bytes.Clone(asPEM), "-----BEGIN PRIVATE KEY-----\nAAAA"...)}),
		setKeys("PFX file", invalid("PFX"), directory.KeyDraft{Key: pfx}),
		setKeys("no certificate at all", invalid("not an X.509 certificate"), directory.KeyDraft{Key: []byte("hello")}),
		setKeys("more than 16 KiB", invalid("larger than"), directory.KeyDraft{Key: make([]byte, 16<<10+1)}),
		setKeys("RSA of 1024 bits", invalid("has 1024 bits"), directory.KeyDraft{Key: weak.der}),
		setKeys("elliptic curve", invalid("holds no RSA key"), directory.KeyDraft{Key: ecDER}),
		setKeys("type with a password", invalid("none of: AsymmetricX509Cert"), directory.KeyDraft{Key: pair.der, Type: "X509CertAndPassword"}),
		setKeys("usage Sign, which takes a private key", invalid("none of: Verify, Encrypt"), directory.KeyDraft{Key: pair.der, Usage: "Sign"}),
		setKeys("validity inside the certificate's", fine, directory.KeyDraft{Key: pair.der, StartAt: day, EndAt: day.AddDate(0, 1, 0)}),
		setKeys("validity beyond the certificate's", invalid("inside the validity of its certificate"), directory.KeyDraft{Key: pair.der, EndAt: day.AddDate(1, 0, 0)}),
		setKeys("validity before the certificate's", invalid("inside the validity of its certificate"), directory.KeyDraft{Key: pair.der, StartAt: day.AddDate(-1, 0, 0)}),
		setKeys("null key that is not there", invalid("no key credential with keyId"), directory.KeyDraft{KeyID: guid(1)}),
		setKeys("keyId that is no GUID", invalid("is not a GUID"), directory.KeyDraft{KeyID: "1", Key: pair.der}),
	}, keptKeyRows(t, pair)...)
}

func keptKeyRows(t *testing.T, pair keyPair) []ruleRow {
	second := certificate(t, "second", 2048)
	return []ruleRow{
		{"§5.2", "dates and thumbprint come from the certificate, a long name is cut", func(w *world) error {
			app := w.app()
			w.must(w.setKeys(w.target(app), []directory.KeyDraft{{Key: pair.der, DisplayName: ptr(strings.Repeat("a", 91))}}))
			got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
			k := need(w, got, err).Keys[0]
			if len(*k.DisplayName) != 90 || k.StartAt.Year() != 2026 || k.EndAt.Year() != 2027 || !bytes.Equal(k.CustomKeyIdentifier, k.SHA1[:]) || k.KeyID == "" {
				return fmt.Errorf("stored %+v", k)
			}
			return nil
		}, fine},
		{"§5.2", "null key keeps the one that is there", func(w *world) error {
			app := w.app()
			w.must(w.setKeys(w.target(app), []directory.KeyDraft{{KeyID: guid(1), Key: pair.der}}))
			w.must(w.setKeys(w.target(app), []directory.KeyDraft{{KeyID: guid(1)}, {Key: second.der}}))
			got, err := w.ops.Applications.Application(w.ctx, w.c.Tenant, app.ID)
			if keys := need(w, got, err).Keys; len(keys) != 2 || !bytes.Equal(keys[0].DER, pair.der) || !bytes.Equal(keys[1].DER, second.der) {
				return fmt.Errorf("stored %d keys", len(keys))
			}
			return nil
		}, fine},
		{"§5.2", "two keys with one keyId", func(w *world) error {
			return w.setKeys(w.target(w.app()), []directory.KeyDraft{{KeyID: guid(1), Key: pair.der}, {KeyID: guid(1), Key: second.der}})
		}, invalid("twice")},
		{"§5.2", "tokens encrypted for a key that is removed", func(w *world) error {
			app := w.app()
			w.must(w.setKeys(w.target(app), []directory.KeyDraft{{KeyID: guid(1), Key: pair.der, Usage: "Encrypt"}}))
			w.must(w.change(app, func(a *directory.Application) { a.TokenEncryptionKeyID = ptr(string(guid(1))) }))
			return w.setKeys(w.target(app), nil)
		}, invalid("tokenEncryptionKeyId must be the keyId")},
	}
}

func (w *world) setKeys(t directory.Target, keys []directory.KeyDraft) error {
	return w.ops.PatchCredentials(w.ctx, w.c, t, &keys, nil)
}

func (w *world) keepPasswords(t directory.Target, keep []directory.ID) error {
	return w.ops.PatchCredentials(w.ctx, w.c, t, nil, &keep)
}
