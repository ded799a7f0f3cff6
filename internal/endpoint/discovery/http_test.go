package discovery

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const (
	documentPath = "/" + acme + "/v2.0/.well-known/openid-configuration"
	keysPath     = "/" + acme + "/discovery/v2.0/keys"
)

func TestHeaders(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	for path, cache := range map[string]string{
		documentPath:          "max-age=86400, private",
		keysPath:              "max-age=3600, private",
		"/metadata/endpoints": "max-age=86400, private",
		"/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.sekisho.example%2Fcommon%2Foauth2%2Fv2.0%2Fauthorize": "max-age=86400, private",
		"/common/userrealm/hana@acme.example": "no-store",
	} {
		get := s.do(t, http.MethodGet, path, "Origin", "https://spa.example")
		want := map[string]string{
			"Content-Type":                  "application/json; charset=utf-8",
			"Cache-Control":                 cache,
			"Access-Control-Allow-Origin":   "*",
			"Access-Control-Allow-Methods":  "GET, OPTIONS",
			"Access-Control-Expose-Headers": "X-Ms-Request-Id",
		}
		if get.Header().Get("Content-Length") != "" { // else net/http adds it
			want["Content-Length"] = fmt.Sprint(get.Body.Len())
		} else if get.Body.Len() > 2048 {
			t.Errorf("%s: no length of %d bytes", path, get.Body.Len())
		}
		if etag := get.Header().Get("Etag"); etag != "" {
			want["Etag"] = etag
		}
		got := map[string]string{}
		for name := range get.Header() {
			got[name] = get.Header().Get(name)
		}
		if d := cmp.Diff(want, got); get.Code != http.StatusOK || d != "" {
			t.Errorf("%s: %d, headers (-want +got):\n%s", path, get.Code, d)
		}
		head := s.do(t, http.MethodHead, path, "Origin", "https://spa.example")
		get.Header().Set("Content-Length", fmt.Sprint(get.Body.Len()))
		if d := cmp.Diff(get.Header(), head.Header()); head.Code != http.StatusOK || head.Body.Len() != 0 || d != "" {
			t.Errorf("HEAD %s: %d, %d bytes, headers (-GET +HEAD):\n%s", path, head.Code, head.Body.Len(), d)
		}
		if plain := s.do(t, http.MethodGet, path); plain.Header().Get("Access-Control-Allow-Origin") != "*" ||
			plain.Header().Get("Access-Control-Expose-Headers") != "" {
			t.Errorf("%s: what is of use to scripts alone goes to everybody: %v", path, plain.Header())
		}
		options := s.do(t, http.MethodOptions, path, "Origin", "https://spa.example", "Access-Control-Request-Headers", "accept, x-a")
		if options.Code != http.StatusNoContent || options.Body.Len() != 0 || options.Header().Get("Access-Control-Allow-Headers") != "accept, x-a" ||
			options.Header().Get("Access-Control-Allow-Methods") != "GET, OPTIONS" {
			t.Errorf("OPTIONS %s: %d %v", path, options.Code, options.Header())
		}
		post := s.do(t, http.MethodPost, path)
		if !errors.Is(s.refused, aadsts.MethodNotAllowed) || post.Code != http.StatusMethodNotAllowed || post.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
			t.Errorf("POST %s: %d %v", path, post.Code, s.refused)
		}
	}
}

func TestEntityTags(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	etag := s.do(t, http.MethodGet, documentPath).Header().Get("Etag")
	if len(etag) < 10 || etag[0] != '"' {
		t.Fatalf("entity tag %s", etag)
	}
	if other := s.do(t, http.MethodGet, keysPath).Header().Get("Etag"); other == etag {
		t.Error("two documents have one entity tag")
	}
	if again := newSite(t, onlyDaemons, apart).do(t, http.MethodGet, documentPath).Header().Get("Etag"); again != etag {
		t.Error("two nodes give one document different entity tags")
	}
	for sent, status := range map[string]int{
		etag:               http.StatusNotModified,
		"W/" + etag:        http.StatusNotModified,
		`"x", ` + etag:     http.StatusNotModified,
		"*":                http.StatusNotModified,
		`"x"`:              http.StatusOK,
		"":                 http.StatusOK,
		etag[:len(etag)-1]: http.StatusOK,
	} {
		w := s.do(t, http.MethodGet, documentPath, "If-None-Match", sent)
		if w.Code != status || (w.Body.Len() == 0) != (status == http.StatusNotModified) {
			t.Errorf("If-None-Match %s: %d with %d bytes, want %d", sent, w.Code, w.Body.Len(), status)
		}
		if w.Header().Get("Etag") != etag || w.Header().Get("Cache-Control") == "" {
			t.Errorf("If-None-Match %s: headers %v", sent, w.Header())
		}
	}
}

func TestKeySetFollowsTheKeys(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	kids := func() int { return len(s.get(t, keysPath)["keys"].([]any)) }
	if got := kids(); got != 2 {
		t.Fatalf("%d keys, want 2", got)
	}
	// A new key.
	old := s.keys.set
	later := key(t, signingkey.Organizations, 9, signingkey.Stored{PublishAt: start.Add(day), ExpireAt: start.Add(2 * day)})
	s.keys.set = signingkey.NewSet(append(old.All(), later)...)
	if got := kids(); got != 2 {
		t.Errorf("%d keys before it appears, want 2", got)
	}
	s.now = start.Add(day)
	if got := kids(); got != 3 {
		t.Errorf("%d keys when it appears, want 3", got)
	}
	s.now = start.Add(2 * day)
	if got := kids(); got != 2 {
		t.Errorf("%d keys when it is gone, want 2", got)
	}
	s.now = start.Add(day)
	if got := kids(); got != 3 {
		t.Errorf("%d keys after the clock was set back, want 3", got)
	}
	s.keys.set = signingkey.NewSet()
	if got := kids(); got != 0 {
		t.Errorf("%d keys after all were revoked, want 0", got)
	}
}

func TestIssuerFollowsTheHost(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	first := s.get(t, documentPath)
	s.hosts = local
	second := s.get(t, documentPath)
	if first["issuer"] != apart.Login+"/"+acme+"/v2.0" || second["issuer"] != local.Login+"/"+acme+"/v2.0" {
		t.Errorf("issuers %v, %v", first["issuer"], second["issuer"])
	}
}

func TestCacheIsBounded(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	s.cfg.CacheSize = 3
	for range 3 {
		for _, tenant := range []string{acme, "common", "organizations", "consumers", consumersTID} {
			s.get(t, "/"+tenant+"/v2.0/.well-known/openid-configuration")
			s.get(t, "/"+tenant+"/discovery/v2.0/keys")
		}
	}
	if got := len(s.cache); got > 3 {
		t.Errorf("%d answers are kept, want at most 3", got)
	}
}

func TestInstanceDiscovery(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	dev := newSite(t, onlyDaemons, local)
	dev.cfg.Hosts = []issue.Hosts{local, {Login: "https://login.hakone.example", STS: "https://login.hakone.example"}}
	ask := func(site *site, version, endpoint string) *httptest.ResponseRecorder {
		q := url.Values{}
		if version != "" {
			q.Set("api-version", version)
		}
		if endpoint != "" {
			q.Set("authorization_endpoint", endpoint)
		}
		return site.do(t, http.MethodGet, "/common/discovery/instance?"+q.Encode())
	}
	answers := []struct {
		site           *site
		file, endpoint string
	}{
		{s, "instance_tenant.json", "https://login.sekisho.example/" + acme + "/oauth2/v2.0/authorize"},
		{s, "instance_common.json", "https://LOGIN.sekisho.example/Common/oauth2/v2.0/authorize"},
		{s, "instance_common.json", "https://login.sekisho.example:443/common/oauth2/v2.0/authorize"},
		{s, "instance_domain.json", "https://login.sekisho.example/acme.example"},
		{dev, "instance_port.json", "https://localhost:8443/organizations/oauth2/v2.0/authorize"},
		{dev, "instance_port.json", "https://localhost/organizations/oauth2/v2.0/authorize"},
		{dev, "instance_second.json", "https://login.hakone.example/common/oauth2/v2.0/authorize"},
	}
	for _, tt := range answers {
		w := ask(tt.site, "1.1", tt.endpoint)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %v", tt.endpoint, w.Code, tt.site.refused)
			continue
		}
		golden(t, tt.file, w.Body.Bytes())
	}
	for _, version := range []string{"1.0", ""} {
		golden(t, "instance_1.0.json", ask(s, version, "https://login.sekisho.example/common/oauth2/authorize").Body.Bytes())
	}

	refusals := []struct {
		version, endpoint string
		want              aadsts.Code
	}{
		{"1.1", "https://login.elsewhere.example/common/oauth2/v2.0/authorize", aadsts.InvalidInstance},
		{"1.1", "https://login.sekisho.example.evil.example/common/", aadsts.InvalidInstance},
		{"1.1", "https://login.sekisho.example:8443/common/", aadsts.InvalidInstance},
		{"1.1", "https://sts.sekisho.example/common/", aadsts.InvalidInstance},
		{"1.1", "", aadsts.DiscoveryMalformed},
		{"1.1", "login.sekisho.example", aadsts.DiscoveryMalformed},
		{"1.1", "http://login.sekisho.example/common/", aadsts.DiscoveryMalformed},
		{"1.1", "https://user@login.sekisho.example/common/", aadsts.DiscoveryMalformed},
		{"1.1", "https://login.sekisho.example/", aadsts.DiscoveryMalformed},
		{"1.1", "https://login.sekisho.example/%22%3E/", aadsts.DiscoveryMalformed},
		{"1.1", "https://login.sekisho.example:99999999/common\x00", aadsts.DiscoveryMalformed},
		{"9.9", "https://login.sekisho.example/common/", aadsts.DiscoveryMalformed},
	}
	for _, tt := range refusals {
		w := ask(s, tt.version, tt.endpoint)
		if !errors.Is(s.refused, tt.want) || w.Code != http.StatusBadRequest {
			t.Errorf("%s %q: %d %v, want %v", tt.version, tt.endpoint, w.Code, s.refused, tt.want)
		}
	}
	ask(s, "1.1", refusals[0].endpoint)
	var known *aadsts.Error
	if errors.As(s.refused, &known); known.OAuth() != "invalid_instance" {
		t.Errorf("unknown host: %q", known.OAuth())
	}
}

func TestUserRealm(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	for user, want := range map[string][2]string{
		"hana@acme.example":          {"Managed", "acme.example"},
		"nobody@acme.example":        {"Managed", "acme.example"}, // whether a user exists shows nowhere
		"HANA@ACME.EXAMPLE":          {"Managed", "acme.example"},
		"a%40b@acme.example":         {"Managed", "acme.example"},
		"hana@unknown.example":       {"Unknown", "unknown.example"},
		"hana@pending.example":       {"Unknown", "pending.example"},
		"hana@closed.example":        {"Unknown", "closed.example"},
		"hana@" + acme:               {"Unknown", ""},
		"hana":                       {"Unknown", ""},
		"hana@":                      {"Unknown", ""},
		"hana@%3Cscript%3E.example":  {"Unknown", ""},
		"hana%40acme.example":        {"Managed", "acme.example"},
		"hana%40acme.example%00evil": {"Unknown", ""},
	} {
		got := s.get(t, "/common/userrealm/"+user+"?api-version=1.0")
		if d := cmp.Diff(map[string]any{
			"ver": "1.0", "account_type": want[0], "domain_name": want[1],
			"cloud_instance_name": "login.sekisho.example", "cloud_audience_urn": "urn:federation:SekishoOnline",
		}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", user, d)
		}
	}
	s.tenants.fail = errors.New("database is gone")
	if s.do(t, http.MethodGet, "/common/userrealm/hana@acme.example"); !errors.Is(s.refused, s.tenants.fail) {
		t.Errorf("store failure: %v", s.refused)
	}
}

func TestMetadataHasOneAddress(t *testing.T) {
	s := newSite(t, onlyDaemons, apart)
	if s.do(t, http.MethodGet, "/metadata/other"); !errors.Is(s.refused, aadsts.MalformedRequest) {
		t.Errorf("/metadata/other: %v", s.refused)
	}
}

// nowhere is a ResponseWriter that does nothing.
type nowhere struct{ h http.Header }

func (n nowhere) Header() http.Header         { return n.h }
func (n nowhere) WriteHeader(int)             {}
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }

func request(s *site, path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, s.hosts.Login+path, nil)
	r.SetPathValue("tenant", acme)
	return r.WithContext(web.WithRequest(r.Context(), &web.Request{Hosts: s.hosts}))
}

func TestAKeptAnswerAllocatesNothing(t *testing.T) {
	s := newSite(t, everything, apart)
	for name, h := range map[string]http.Handler{"document": s.OpenID(2), "v1 document": s.OpenID(1), "keys": s.Keys(2), "v1 keys": s.Keys(1)} {
		r, w := request(s, "/"), nowhere{http.Header{}}
		h.ServeHTTP(w, r)
		if got := testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkKeptAnswer(b *testing.B) {
	s := newSite(b, everything, apart)
	for name, h := range map[string]http.Handler{"document": s.OpenID(2), "keys": s.Keys(2)} {
		b.Run(name, func(b *testing.B) {
			r, w := request(s, "/"), nowhere{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
