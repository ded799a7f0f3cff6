package discovery

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// Served is what the rest of the server can do. What is empty or false is not
// advertised.
type Served struct {
	GrantTypes           []string // of /token
	AuthMethods          []string // client authentication methods of /token
	AssertionAlgs        []string // of client assertions
	ResponseTypes        []string // of the v2 /authorize
	ResponseTypesV1      []string
	ResponseModes        []string
	Scopes               []string // OpenID Connect scopes
	Claims, ClaimsV1     []string // of ID tokens and UserInfo
	CodeChallengeMethods []string
	Prompts              []string

	ClaimsParameter  bool // the `claims` parameter of /authorize
	IssuerInResponse bool // RFC 9207

	DeviceEndpoint     bool
	UserInfoEndpoint   bool
	EndSessionEndpoint bool
	FrontChannelLogout bool
	CheckSessionIframe bool
}

// document is the OpenID provider metadata (OpenID Connect Discovery 1.0 §3,
// RFC 8414 §2) in the order in which Entra writes it, then what Entra lacks.
type document struct {
	TokenEndpoint      string   `json:"token_endpoint"`
	AuthMethods        []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	JWKSURI            string   `json:"jwks_uri"`
	ResponseModes      []string `json:"response_modes_supported,omitempty"`
	SubjectTypes       []string `json:"subject_types_supported"`
	IDTokenAlgs        []string `json:"id_token_signing_alg_values_supported"`
	HTTPLogout         bool     `json:"http_logout_supported,omitempty"`
	FrontChannelLogout bool     `json:"frontchannel_logout_supported,omitempty"`
	EndSession         string   `json:"end_session_endpoint,omitempty"`
	ResponseTypes      []string `json:"response_types_supported,omitempty"`
	Scopes             []string `json:"scopes_supported,omitempty"`
	Issuer             string   `json:"issuer"`
	Claims             []string `json:"claims_supported,omitempty"`
	MultiRefreshToken  bool     `json:"microsoft_multi_refresh_token,omitempty"`
	CheckSession       string   `json:"check_session_iframe,omitempty"`
	RequestURI         *bool    `json:"request_uri_parameter_supported,omitempty"`
	UserInfo           string   `json:"userinfo_endpoint,omitempty"`
	// MSAL refuses a document that does not name it.
	Authorization string `json:"authorization_endpoint"`
	Device        string `json:"device_authorization_endpoint,omitempty"`
	// TenantRegion is null where the document is not about one tenant.
	TenantRegion       *string `json:"tenant_region_scope"`
	CloudInstanceName  string  `json:"cloud_instance_name"`
	CloudGraphHostName string  `json:"cloud_graph_host_name"`
	MSGraphHost        string  `json:"msgraph_host"`

	GrantTypes       []string `json:"grant_types_supported,omitempty"`
	AssertionAlgs    []string `json:"token_endpoint_auth_signing_alg_values_supported,omitempty"`
	CodeChallenge    []string `json:"code_challenge_methods_supported,omitempty"`
	Prompts          []string `json:"prompt_values_supported,omitempty"`
	ClaimsParameter  bool     `json:"claims_parameter_supported,omitempty"`
	RequestParameter bool     `json:"request_parameter_supported"`
	FrontChannelSID  bool     `json:"frontchannel_logout_session_supported,omitempty"`
	IssuerInResponse bool     `json:"authorization_response_iss_parameter_supported,omitempty"`
}

// OpenID serves /{tenant}/v2.0/.well-known/openid-configuration, or without
// v2.0 for version 1. The path value "tenant" is the tenant; `?appid=` is
// accepted and changes nothing, since no application has keys of its own.
func (e *Endpoint) OpenID(version int) http.Handler {
	k := openIDv2
	if version == 1 {
		k = openIDv1
	}
	return e.endpoint(func(w http.ResponseWriter, r *http.Request) error {
		a, err := e.resolve(r.Context(), r.PathValue("tenant"))
		if err != nil {
			return err
		}
		h := hosts(r)
		key := cacheKey{k, h.Login, a.segment}
		ans := e.cached(key)
		if ans == nil {
			if ans, err = newAnswer(e.document(k, h, a), forADay); err != nil {
				return err
			}
			e.keep(key, ans)
		}
		ans.write(w, r)
		return nil
	})
}

func (e *Endpoint) document(k kind, h issue.Hosts, a authority) *document {
	s := e.cfg.Served
	base, oauth := h.Login+"/"+a.segment, h.Login+"/"+a.segment+"/oauth2/v2.0"
	if k == openIDv1 {
		oauth = base + "/oauth2"
	}
	no, world := false, "WW"
	doc := &document{
		Authorization: oauth + "/authorize",
		TokenEndpoint: oauth + "/token",
		JWKSURI:       base + "/discovery/v2.0/keys",
		Issuer:        a.v2Issuer(h),

		AuthMethods:        s.AuthMethods,
		AssertionAlgs:      s.AssertionAlgs,
		GrantTypes:         s.GrantTypes,
		ResponseModes:      s.ResponseModes,
		ResponseTypes:      s.ResponseTypes,
		Scopes:             s.Scopes,
		Claims:             s.Claims,
		CodeChallenge:      s.CodeChallengeMethods,
		Prompts:            s.Prompts,
		ClaimsParameter:    s.ClaimsParameter,
		SubjectTypes:       []string{"pairwise"},
		IDTokenAlgs:        []string{signingkey.RS256},
		HTTPLogout:         s.FrontChannelLogout,
		FrontChannelLogout: s.FrontChannelLogout,
		FrontChannelSID:    s.FrontChannelLogout,
		RequestURI:         &no,

		CloudInstanceName:  e.cloudName(h),
		CloudGraphHostName: hostOf(h.Graph),
		MSGraphHost:        hostOf(h.Graph),
	}
	if !a.alias {
		doc.TenantRegion = &world
	}
	// Clients on an alias hold the template issuer and would refuse the `iss` of
	// an authorization response (RFC 9207 §2.4).
	doc.IssuerInResponse = s.IssuerInResponse && !a.tenant.IsZero()
	if s.DeviceEndpoint {
		doc.Device = oauth + "/devicecode"
	}
	if s.EndSessionEndpoint {
		doc.EndSession = oauth + "/logout"
	}
	if s.UserInfoEndpoint {
		doc.UserInfo = h.Graph + "/oidc/userinfo"
	}
	if k == openIDv1 {
		e.makeV1(doc, h, a)
	}
	return doc
}

// makeV1 changes what is different in documents of version 1.
func (e *Endpoint) makeV1(doc *document, h issue.Hosts, a authority) {
	s := e.cfg.Served
	base := h.Login + "/" + a.segment
	doc.Issuer = a.v1Issuer(h)
	doc.JWKSURI = h.Login + "/" + v1KeysSegment(a) + "/discovery/keys"
	doc.ResponseTypes, doc.Claims = s.ResponseTypesV1, s.ClaimsV1
	doc.Scopes = slices.DeleteFunc(slices.Clone(s.Scopes), func(scope string) bool { return scope != "openid" })
	doc.RequestURI = nil
	doc.MultiRefreshToken = slices.Contains(s.GrantTypes, "refresh_token")
	if s.UserInfoEndpoint {
		doc.UserInfo = base + "/openid/userinfo"
	}
	if s.CheckSessionIframe {
		doc.CheckSession = base + "/oauth2/checksession"
	}
}

// v1KeysSegment is where the v1 keys are: all organisation tenants share one
// address. Keys of version 1 carry no issuer, so those of personal accounts
// must not lie in the same document: whoever trusts it would take them for keys
// of an organisation.
func v1KeysSegment(a authority) string {
	if a.tenant.IsZero() || signingkey.RingOf(a.tenant) == signingkey.Organizations {
		return common
	}
	return a.segment
}

func (e *Endpoint) cloudName(h issue.Hosts) string {
	if e.cfg.CloudName != "" {
		return e.cfg.CloudName
	}
	u, err := url.Parse(h.Login)
	if err != nil {
		return h.Login
	}
	return u.Hostname()
}

// hostOf is the host of a base URL, with the port if it names one.
func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Host
}

// Keys serves /{tenant}/discovery/v2.0/keys, or without v2.0 for version 1.
func (e *Endpoint) Keys(version int) http.Handler {
	k := keysV2
	if version == 1 {
		k = keysV1
	}
	return e.endpoint(func(w http.ResponseWriter, r *http.Request) error {
		a, err := e.resolve(r.Context(), r.PathValue("tenant"))
		if err != nil {
			return err
		}
		h, set, now := hosts(r), e.cfg.Keys.Set(), e.cfg.Now()
		key := cacheKey{k, h.Login, a.segment}
		ans := e.cached(key)
		if ans == nil || !ans.good(set, now) {
			body, err := set.JWKS(now, e.keySet(k, h, a))
			if err != nil {
				return fmt.Errorf("key set: %w", err)
			}
			if ans, err = newAnswer(body, forAnHour); err != nil {
				return err
			}
			ans.set, ans.from, ans.until = set, now, set.NextChange(now)
			e.keep(key, ans)
		}
		ans.write(w, r)
		return nil
	})
}

// keySet says which keys the document of an authority shows. A tenant's shows
// its own issuer, that of several tenants the template; personal accounts have a
// ring of their own, which besides their own documents only `common` of version
// 2 shows, under its concrete issuer.
func (e *Endpoint) keySet(k kind, h issue.Hosts, a authority) signingkey.KeySet {
	ring := signingkey.Organizations
	if !a.tenant.IsZero() {
		ring = signingkey.RingOf(a.tenant)
	}
	if k == keysV1 {
		return signingkey.KeySet{Rings: []signingkey.RingIssuer{{Ring: ring}}}
	}
	ks := signingkey.KeySet{
		CloudName: e.cloudName(h),
		Rings:     []signingkey.RingIssuer{{Ring: ring, Issuer: a.v2Issuer(h)}},
	}
	if a.segment == common {
		ks.Rings = append(ks.Rings, signingkey.RingIssuer{
			Ring: signingkey.ConsumersRing, Issuer: h.V2Issuer(directory.Consumers),
		})
	}
	return ks
}
