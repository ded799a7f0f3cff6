package discovery

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var update = flag.Bool("update", false, "write the golden files anew")

var start = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)

const (
	day          = 24 * time.Hour
	acme         = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	closed       = "b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64"
	consumersTID = "9188040d-6c67-4c5b-b112-36a304b66dad"
)

var (
	// As in production, with hosts of their own.
	apart = issue.Hosts{Login: "https://login.sekisho.example", STS: "https://sts.sekisho.example", Graph: "https://graph.sekisho.example"}
	// As in development mode.
	local = issue.Hosts{Login: "https://localhost:8443", STS: "https://localhost:8443", Graph: "https://localhost:8443", Loopback: true}
)

// onlyDaemons is what is served before there is any sign-in.
var onlyDaemons = Served{
	GrantTypes:    []string{"client_credentials"},
	AuthMethods:   []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
	AssertionAlgs: []string{"RS256", "PS256"},
}

var everything = Served{
	GrantTypes:           []string{"authorization_code", "refresh_token", "client_credentials"},
	AuthMethods:          onlyDaemons.AuthMethods,
	AssertionAlgs:        onlyDaemons.AssertionAlgs,
	ResponseTypes:        []string{"code", "id_token", "code id_token", "id_token token"},
	ResponseTypesV1:      []string{"code", "id_token", "code id_token", "token id_token", "token"},
	ResponseModes:        []string{"query", "fragment", "form_post"},
	Scopes:               []string{"openid", "profile", "email", "offline_access"},
	Claims:               []string{"sub", "iss", "preferred_username"},
	ClaimsV1:             []string{"sub", "iss", "amr"},
	CodeChallengeMethods: []string{"S256", "plain"},
	Prompts:              []string{"none", "login"},
	ClaimsParameter:      true, IssuerInResponse: true,
	DeviceEndpoint: true, UserInfoEndpoint: true, EndSessionEndpoint: true,
	FrontChannelLogout: true, CheckSessionIframe: true,
}

// tenants answers look-ups.
type tenants struct {
	byName map[string]*directory.Tenant
	fail   error
}

func (t *tenants) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	if t.fail != nil {
		return nil, t.fail
	}
	if found, ok := t.byName[name]; ok {
		return found, nil
	}
	return nil, directory.ErrNotFound
}

func someTenants() *tenants {
	a := &directory.Tenant{
		ID: directory.MustTenantID(acme), DisplayName: "Acme",
		Domains: []directory.Domain{{Name: "acme.example", Verified: true, Default: true}, {Name: "pending.example"}},
	}
	b := &directory.Tenant{ID: directory.MustTenantID(closed), Disabled: true, Domains: []directory.Domain{{Name: "closed.example", Verified: true}}}
	return &tenants{byName: map[string]*directory.Tenant{
		acme: a, "acme.example": a, "pending.example": a, closed: b, "closed.example": b,
	}}
}

// ring holds keys that tests replace.
type ring struct{ set *signingkey.Set }

func (r *ring) Set() *signingkey.Set { return r.set }

func key(t testing.TB, ring string, serial int64, s signingkey.Stored) *signingkey.Key {
	t.Helper()
	text, err := os.ReadFile("../../domain/signingkey/testdata/rsa.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signer := private.(crypto.Signer)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: start, NotAfter: start.AddDate(5, 0, 0)}
	s.Cert, err = x509.CreateCertificate(nil, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	s.KID, s.Ring, s.Algorithm = signingkey.Thumbprint(s.Cert), ring, signingkey.RS256
	if s.PublishAt.IsZero() {
		s.PublishAt = start
	}
	k, err := signingkey.NewKey(s, signer)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func someKeys(t testing.TB) *ring {
	t.Helper()
	return &ring{signingkey.NewSet(
		key(t, signingkey.Organizations, 1, signingkey.Stored{ActivateAt: start}),
		key(t, signingkey.Organizations, 2, signingkey.Stored{}),
		key(t, signingkey.ConsumersRing, 3, signingkey.Stored{ActivateAt: start}),
		key(t, signingkey.ConsumersRing, 4, signingkey.Stored{}),
	)}
}

// site is an Endpoint with routes and a shell's context around it.
type site struct {
	*Endpoint
	mux     *http.ServeMux
	tenants *tenants
	keys    *ring
	now     time.Time
	hosts   issue.Hosts
	refused error
}

func newSite(t testing.TB, served Served, h issue.Hosts) *site {
	t.Helper()
	s := &site{tenants: someTenants(), keys: someKeys(t), now: start, hosts: h, mux: http.NewServeMux()}
	var err error
	s.Endpoint, err = New(Config{
		Tenants: s.tenants, Keys: s.keys, Now: func() time.Time { return s.now },
		Hosts: []issue.Hosts{h}, Served: served,
		WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
			s.refused = err
			var known *aadsts.Error
			if errors.As(err, &known) {
				w.WriteHeader(known.Code().Status())
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.mux.Handle("/{tenant}/v2.0/.well-known/openid-configuration", s.OpenID(2))
	s.mux.Handle("/{tenant}/.well-known/openid-configuration", s.OpenID(1))
	s.mux.Handle("/{tenant}/discovery/v2.0/keys", s.Keys(2))
	s.mux.Handle("/{tenant}/discovery/keys", s.Keys(1))
	s.mux.Handle("/common/discovery/instance", s.Instance())
	s.mux.Handle("/common/userrealm/{user}", s.UserRealm())
	return s
}

func (s *site) do(t testing.TB, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, s.hosts.Login+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r = r.WithContext(web.WithRequest(r.Context(), &web.Request{Hosts: s.hosts}))
	w := httptest.NewRecorder()
	s.refused = nil
	if strings.HasPrefix(path, "/metadata/") { // an area of its own
		s.Endpoints().ServeHTTP(w, r)
		return w
	}
	s.mux.ServeHTTP(w, r)
	return w
}

func (s *site) get(t testing.TB, path string) map[string]any {
	t.Helper()
	w := s.do(t, http.MethodGet, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d, %v", path, w.Code, s.refused)
	}
	var doc map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return doc
}

func golden(t *testing.T, file string, body []byte) {
	t.Helper()
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, body, "", " "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), pretty.String()); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

func TestDocuments(t *testing.T) {
	daemons, all, dev := newSite(t, onlyDaemons, apart), newSite(t, everything, apart), newSite(t, onlyDaemons, local)
	tests := []struct {
		file string
		site *site
		path string
	}{
		{"openid_v2_tenant.json", daemons, "/" + acme + "/v2.0/.well-known/openid-configuration"},
		{"openid_v2_tenant.json", daemons, "/acme.example/v2.0/.well-known/openid-configuration"},
		{"openid_v2_tenant.json", daemons, "/ACME.Example/v2.0/.well-known/openid-configuration"},
		{"openid_v2_tenant.json", daemons, "/" + acme + "/v2.0/.well-known/openid-configuration?appid=3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51"},
		{"openid_v2_common.json", daemons, "/common/v2.0/.well-known/openid-configuration"},
		{"openid_v2_organizations.json", daemons, "/organizations/v2.0/.well-known/openid-configuration"},
		{"openid_v2_consumers.json", daemons, "/consumers/v2.0/.well-known/openid-configuration"},
		{"openid_v2_consumers_guid.json", daemons, "/" + consumersTID + "/v2.0/.well-known/openid-configuration"},
		{"openid_v1_tenant.json", daemons, "/" + acme + "/.well-known/openid-configuration"},
		{"openid_v1_tenant.json", daemons, "/acme.example/.well-known/openid-configuration"},
		{"openid_v1_common.json", daemons, "/common/.well-known/openid-configuration"},
		{"openid_v1_organizations.json", daemons, "/organizations/.well-known/openid-configuration"},
		{"openid_v1_consumers.json", daemons, "/consumers/.well-known/openid-configuration"},
		{"openid_v2_tenant_all.json", all, "/" + acme + "/v2.0/.well-known/openid-configuration"},
		{"openid_v2_common_all.json", all, "/common/v2.0/.well-known/openid-configuration"},
		{"openid_v1_tenant_all.json", all, "/" + acme + "/.well-known/openid-configuration"},
		{"openid_v2_tenant_dev.json", dev, "/" + acme + "/v2.0/.well-known/openid-configuration"},
		{"endpoints.json", daemons, "/metadata/endpoints?api-version=2022-09-01"},
		{"endpoints_dev.json", dev, "/metadata/Endpoints"},
		{"keys_v2_tenant.json", daemons, "/acme.example/discovery/v2.0/keys"},
		{"keys_v2_common.json", daemons, "/common/discovery/v2.0/keys"},
		{"keys_v2_organizations.json", daemons, "/organizations/discovery/v2.0/keys"},
		{"keys_v2_consumers.json", daemons, "/consumers/discovery/v2.0/keys"},
		{"keys_v2_consumers.json", daemons, "/" + consumersTID + "/discovery/v2.0/keys"},
		{"keys_v1_common.json", daemons, "/common/discovery/keys"},
		{"keys_v1_common.json", daemons, "/" + acme + "/discovery/keys"},
		{"keys_v1_consumers.json", daemons, "/consumers/discovery/keys"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			for range 2 { // made, then kept
				w := tt.site.do(t, http.MethodGet, tt.path)
				if w.Code != http.StatusOK {
					t.Fatalf("%d: %v", w.Code, tt.site.refused)
				}
				golden(t, tt.file, w.Body.Bytes())
			}
		})
	}
}

// What clients refuse to live without, and what they compare with what.
func TestDocumentsFitTogether(t *testing.T) {
	s := newSite(t, everything, local)
	for _, tenant := range []string{acme, "acme.example", "common", "organizations", "consumers", consumersTID} {
		v2 := s.get(t, "/"+tenant+"/v2.0/.well-known/openid-configuration")
		v1 := s.get(t, "/"+tenant+"/.well-known/openid-configuration")
		for _, doc := range []map[string]any{v1, v2} {
			for _, member := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"} {
				text, _ := doc[member].(string)
				if !strings.HasPrefix(text, s.hosts.Login+"/") {
					t.Errorf("%s: %s is %q", tenant, member, text)
				}
			}
			// MSAL.js takes the first segment for the tenant.
			authorize := doc["authorization_endpoint"].(string)
			segment, _, _ := strings.Cut(strings.TrimPrefix(authorize, s.hosts.Login+"/"), "/")
			want := tenant
			if tenant == "acme.example" {
				want = acme
			}
			if segment != want {
				t.Errorf("%s: authorization endpoint of %q", tenant, segment)
			}
			// MSAL Go replaces every "token" of the token endpoint.
			device := strings.ReplaceAll(doc["token_endpoint"].(string), "token", "devicecode")
			if device != doc["device_authorization_endpoint"] {
				t.Errorf("%s: device endpoint %q, clients go to %q", tenant, doc["device_authorization_endpoint"], device)
			}
			// The key set is where the document says, its keys belong to the
			// document's cloud, and the issuer fits that of the document.
			set := s.get(t, strings.TrimPrefix(doc["jwks_uri"].(string), s.hosts.Login))
			keys := set["keys"].([]any)
			if len(keys) < 2 {
				t.Errorf("%s: %d keys", tenant, len(keys))
			}
			fits := 0
			for _, k := range keys {
				k := k.(map[string]any)
				if issuer, ok := k["issuer"]; !ok || issuer == doc["issuer"] {
					fits++
				}
				if name, ok := k["cloud_instance_name"]; ok && name != doc["cloud_instance_name"] {
					t.Errorf("%s: key of cloud %q in the document of %q", tenant, name, doc["cloud_instance_name"])
				}
				if _, ok := k["alg"]; ok {
					t.Errorf("%s: a key names an algorithm", tenant)
				}
			}
			if fits < 2 {
				t.Errorf("%s: %d keys for the issuer of the document", tenant, fits)
			}
		}
	}
}

// A key of personal accounts must not stand where it could be taken for a key of
// an organisation.
func TestRingsDoNotMix(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	personal := map[string]bool{}
	for _, k := range s.keys.set.Published(signingkey.ConsumersRing, start) {
		personal[k.KID()] = true
	}
	for path, want := range map[string]bool{
		"/" + acme + "/discovery/v2.0/keys":    false,
		"/organizations/discovery/v2.0/keys":   false,
		"/common/discovery/keys":               false,
		"/" + acme + "/discovery/keys":         false,
		"/common/discovery/v2.0/keys":          true,
		"/consumers/discovery/v2.0/keys":       true,
		"/" + consumersTID + "/discovery/keys": true,
	} {
		found := false
		for _, k := range s.get(t, path)["keys"].([]any) {
			k := k.(map[string]any)
			if personal[k["kid"].(string)] {
				found = true
				if issuer, ok := k["issuer"]; ok && issuer != "https://login.sekisho.example/"+consumersTID+"/v2.0" {
					t.Errorf("%s: key of personal accounts for issuer %v", path, issuer)
				}
			}
		}
		if found != want {
			t.Errorf("%s: shows keys of personal accounts: %v, want %v", path, found, want)
		}
	}
}

func TestUnknownTenants(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	tests := []struct {
		tenant string
		want   aadsts.Code
	}{
		{"0b6c4d75-e93a-47f2-8d10-9f5e2a7b1c36", aadsts.TenantNotFound},
		{"unknown.example", aadsts.TenantNotFound},
		{closed, aadsts.TenantNotFound},
		{"closed.example", aadsts.TenantNotFound},
		{directory.Installation.String(), aadsts.TenantNotFound},
		{"acme", aadsts.InvalidTenantName},
		{"acme_example.com", aadsts.InvalidTenantName},
		{"-acme.example", aadsts.InvalidTenantName},
		{"acme.example.", aadsts.InvalidTenantName},
		{"acme%20.example", aadsts.InvalidTenantName},
		{strings.Repeat("a", 64) + ".example", aadsts.InvalidTenantName},
		{"6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab1", aadsts.InvalidTenantName},
	}
	for _, tt := range tests {
		for _, path := range []string{"/v2.0/.well-known/openid-configuration", "/.well-known/openid-configuration", "/discovery/v2.0/keys", "/discovery/keys"} {
			w := s.do(t, http.MethodGet, "/"+tt.tenant+path)
			var known *aadsts.Error
			if !errors.As(s.refused, &known) || known.Code() != tt.want || known.OAuth() != "invalid_tenant" || w.Code != http.StatusBadRequest {
				t.Errorf("%s%s: %d %v, want 400 invalid_tenant %v", tt.tenant, path, w.Code, s.refused, tt.want)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s%s: a browser cannot read the error", tt.tenant, path)
			}
		}
	}
	s.tenants.fail = errors.New("database is gone")
	s.do(t, http.MethodGet, "/"+acme+"/v2.0/.well-known/openid-configuration")
	if !errors.Is(s.refused, s.tenants.fail) {
		t.Errorf("store failure: %v", s.refused)
	}
}
