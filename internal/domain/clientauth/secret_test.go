package clientauth

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

const (
	secretNow     = "k9~right-secret.value_000"
	secretNext    = "k9~second-secret.value_00"
	secretOld     = "k9~expired-secret.value_0"
	secretFuture  = "k9~future-secret.value_00"
	secretOfSP    = "k9~principal-secret.value"
	secretOfOther = "k9~somebody-else-secret.v"
)

func (w *world) password(secret string, id directory.ID, from, to time.Duration) directory.PasswordCredential {
	return directory.PasswordCredential{
		KeyID: id, StartAt: noon.Add(from), EndAt: noon.Add(to), Hash: w.auth.secrets.HashSecret(secret),
	}
}

func TestSecrets(t *testing.T) {
	w := newWorld(t)
	const day = 24 * time.Hour
	w.app.Passwords = []directory.PasswordCredential{
		w.password(secretNow, keyID1, -day, day),
		w.password(secretOld, "33333333-3333-4333-8333-333333333333", -2*day, -day),
		w.password(secretNext, keyID2, -day, day),
		w.password(secretFuture, "44444444-4444-4444-8444-444444444444", day, 2*day),
	}
	sp := &directory.ServicePrincipal{AppID: clientID, Passwords: []directory.PasswordCredential{
		w.password(secretOfSP, "55555555-5555-4555-8555-555555555555", -day, day),
	}}
	for _, c := range []struct {
		name, secret string
		want         directory.ID
		code         aadsts.Code
	}{
		{"first of several", secretNow, keyID1, aadsts.Code{}},
		{"another of several", secretNext, keyID2, aadsts.Code{}},
		{"secret of the service principal", secretOfSP, sp.Passwords[0].KeyID, aadsts.Code{}},
		{"expired", secretOld, "", aadsts.ExpiredSecret},
		{"not valid yet", secretFuture, "", aadsts.WrongSecret},
		{"wrong", secretOfOther, "", aadsts.WrongSecret},
		{"key id in place of the value", string(keyID1), "", aadsts.WrongSecret},
		{"blank behind it", secretNow + " ", "", aadsts.WrongSecret},
	} {
		for _, m := range []struct {
			method audit.ClientMethod
			req    *Request
		}{
			{audit.MethodSecretPost, &Request{ClientID: clientID, ClientSecret: c.secret}},
			{audit.MethodSecretBasic, &Request{HasBasic: true, BasicID: clientID, BasicSecret: c.secret}},
			{audit.MethodSecretBasic, &Request{ClientID: clientID, HasBasic: true, BasicID: clientID, BasicSecret: c.secret}},
		} {
			t.Run(c.name, func(t *testing.T) {
				id, err := Identify(m.req)
				if err != nil || id != clientID {
					t.Fatal(id, err)
				}
				got, err := w.auth.Authenticate(context.Background(), w.app, sp, m.req)
				if c.want == "" {
					wantCode(t, err, c.code, secretNow, secretOld, secretOfOther, secretFuture)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := &Client{App: w.app, Principal: sp, Method: m.method, CredentialID: c.want}
				if got.App != w.app || got.Principal != sp || got.Method != want.Method || got.CredentialID != c.want || got.Public {
					t.Errorf("got %+v", got)
				}
			})
		}
	}
}

func TestSecretExpiresWithTheClock(t *testing.T) {
	w := newWorld(t)
	w.app.Passwords = []directory.PasswordCredential{w.password(secretNow, keyID1, 0, time.Hour)}
	req := func() *Request { return &Request{ClientID: clientID, ClientSecret: secretNow} }
	w.now = noon.Add(time.Hour - time.Second)
	if _, err := w.authenticate(req()); err != nil {
		t.Fatal(err)
	}
	w.now = noon.Add(time.Hour)
	_, err := w.authenticate(req())
	wantCode(t, err, aadsts.ExpiredSecret)
	// The same value registered anew counts again.
	w.app.Passwords = append(w.app.Passwords, w.password(secretNow, keyID2, time.Hour, 2*time.Hour))
	if got, err := w.authenticate(req()); err != nil || got.CredentialID != keyID2 {
		t.Fatal(got, err)
	}
}

func TestNoCredential(t *testing.T) {
	w := newWorld(t)
	_, err := w.authenticate(&Request{ClientID: clientID})
	wantCode(t, err, aadsts.NoCredential)
	_, err = w.authenticate(&Request{HasBasic: true, BasicID: clientID})
	wantCode(t, err, aadsts.NoCredential)
	got, err := w.authenticate(&Request{ClientID: clientID, AllowPublic: true})
	if err != nil || !got.Public || got.Method != audit.MethodNone {
		t.Fatal(got, err)
	}
	if _, err := w.auth.Authenticate(context.Background(), nil, nil, &Request{}); err == nil {
		t.Error("no client at all passed")
	}
	foreign := &directory.ServicePrincipal{AppID: otherID}
	if _, err := w.auth.Authenticate(context.Background(), w.app, foreign, &Request{AllowPublic: true}); err == nil {
		t.Error("a service principal of another application passed")
	}
}

func TestHashSecret(t *testing.T) {
	a, err := NewSecretHasher(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewSecretHasher(bytes.Repeat([]byte{2}, 32))
	if bytes.Equal(a.HashSecret("s"), b.HashSecret("s")) || !bytes.Equal(a.HashSecret("s"), a.HashSecret("s")) {
		t.Error("the hash does not depend on key and secret alone")
	}
	if _, err := NewSecretHasher(make([]byte, 31)); err == nil {
		t.Error("a short key was taken")
	}
	var _ directory.SecretHasher = a
}

// A client that does not exist must cost as much as a wrong secret; counted in
// allocations, since times are no test.
func TestDummyDoesTheSameWork(t *testing.T) {
	w := newWorld(t)
	w.app.Passwords = []directory.PasswordCredential{w.password(secretNow, keyID1, -time.Hour, time.Hour)}
	req := &Request{ClientID: clientID, ClientSecret: secretOfOther}
	hash := testing.AllocsPerRun(100, func() { w.auth.secrets.HashSecret(secretOfOther) })
	if dummy := testing.AllocsPerRun(100, func() { w.auth.Dummy(req) }); dummy < hash {
		t.Errorf("Dummy allocates %v times, a hash %v times", dummy, hash)
	}
	w.auth.Dummy(&Request{HasBasic: true, BasicSecret: "x"})
	w.auth.Dummy(&Request{})
}

func TestIdentify(t *testing.T) {
	key, _ := testKey(t, "rsa-1")
	own := sign(t, "RS256", key, nil, ownClaims(nil))
	other := sign(t, "RS256", key, nil, ownClaims(map[string]any{"iss": otherID, "sub": otherID}))
	foreign := sign(t, "RS256", key, nil, map[string]any{"iss": "https://issuer.example", "sub": "s"})
	jwt := func(id, jwt string) *Request {
		return &Request{ClientID: id, Assertion: jwt, AssertionType: oauth2.AssertionJWT}
	}
	for _, c := range []struct {
		name string
		req  *Request
		code aadsts.Code // zero: identified as clientID
	}{
		{"body", &Request{ClientID: clientID}, aadsts.Code{}},
		{"body in capitals", &Request{ClientID: "0B6C4D75-E93A-47F2-8D10-9F5E2A7B1C36"}, aadsts.Code{}},
		{"basic", &Request{HasBasic: true, BasicID: clientID, BasicSecret: "s"}, aadsts.Code{}},
		{"assertion alone", jwt("", own), aadsts.Code{}},
		{"assertion and body", jwt(clientID, own), aadsts.Code{}},
		{"federated assertion and body", jwt(clientID, foreign), aadsts.Code{}},
		{"nothing", &Request{}, aadsts.MissingParameter},
		{"federated assertion alone", jwt("", foreign), aadsts.MissingParameter},
		{"no GUID", &Request{ClientID: "my-app"}, aadsts.InvalidClientID},
		{"no GUID in basic", &Request{HasBasic: true, BasicID: "my-app"}, aadsts.InvalidClientID},
		{"body and basic differ", &Request{ClientID: clientID, HasBasic: true, BasicID: otherID}, aadsts.WrongClientOfToken},
		{"body and assertion differ", jwt(clientID, other), aadsts.WrongClientOfToken},
		{"secret in body and basic", &Request{ClientID: clientID, ClientSecret: "s", HasBasic: true, BasicID: clientID, BasicSecret: "s"}, aadsts.UnsupportedValue},
		{"secret in body, basic without one", &Request{ClientID: clientID, ClientSecret: "s", HasBasic: true, BasicID: clientID}, aadsts.UnsupportedValue},
		{"secret and assertion", &Request{ClientID: clientID, ClientSecret: "s", Assertion: own, AssertionType: oauth2.AssertionJWT}, aadsts.UnsupportedValue},
		{"basic and assertion", &Request{HasBasic: true, BasicID: clientID, BasicSecret: "s", Assertion: own, AssertionType: oauth2.AssertionJWT}, aadsts.UnsupportedValue},
		{"assertion without type", &Request{ClientID: clientID, Assertion: own}, aadsts.MissingParameter},
		{"type without assertion", &Request{ClientID: clientID, AssertionType: oauth2.AssertionJWT}, aadsts.MissingParameter},
		{"SAML assertion type", &Request{ClientID: clientID, Assertion: own, AssertionType: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}, aadsts.UnsupportedValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := Identify(c.req)
			if c.code != (aadsts.Code{}) {
				wantCode(t, err, c.code, own, other)
				return
			}
			if err != nil || id != clientID {
				t.Fatal(id, err)
			}
		})
	}
}

func basicHeader(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestParseBasic(t *testing.T) {
	type result struct {
		ID, Secret string
		OK         bool
	}
	for _, c := range []struct {
		name, header string
		want         result
		bad          bool
	}{
		{"plain", basicHeader("id", "secret"), result{"id", "secret", true}, false},
		{"scheme in capitals", "BASIC " + basicHeader("id", "s")[6:], result{"id", "s", true}, false},
		{"form-encoded", basicHeader(url.QueryEscape("a b:c"), url.QueryEscape("p+~%/ü")), result{"a b:c", "p+~%/ü", true}, false},
		{"all punctuation encoded", basicHeader("0b6c4d75%2De93a", "k9%7Ea%2Eb%5Fc"), result{"0b6c4d75-e93a", "k9~a.b_c", true}, false},
		{"colon in the secret", basicHeader("id", "a:b"), result{"id", "a:b", true}, false},
		{"no secret", basicHeader("id", ""), result{"id", "", true}, false},
		{"no header", "", result{}, false},
		{"another scheme", "Bearer abc", result{}, false},
		{"no colon", "Basic " + base64.StdEncoding.EncodeToString([]byte("id")), result{OK: true}, true},
		{"no id", basicHeader("", "s"), result{OK: true}, true},
		{"not base64", "Basic %%%", result{OK: true}, true},
		{"line break", "Basic aWQ6\ncw==", result{OK: true}, true},
		{"nothing behind the scheme", "Basic", result{OK: true}, true},
		{"half an escape", basicHeader("id", "a%2"), result{OK: true}, true},
		{"not UTF-8", basicHeader("id", "%ff%fe"), result{OK: true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got result
			var err error
			got.ID, got.Secret, got.OK, err = ParseBasic(c.header)
			if c.bad != errors.Is(err, aadsts.MalformedRequest) || (err != nil) != c.bad {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMetadataOfMethods(t *testing.T) {
	if diff := cmp.Diff([]string{"client_secret_post", "client_secret_basic", "private_key_jwt"}, MethodNames()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"RS256", "PS256", "ES256"}, SigningAlgorithms()); diff != "" {
		t.Error(diff)
	}
}
