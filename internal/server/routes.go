package server

import (
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/endpoint/token"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// routes is every route of the main listener on one page. Paths are matched
// without regard to case; Graph and the pages get theirs as the client wrote
// them.
func (s *Server) routes() http.Handler {
	// What belongs to a tenant or an alias: /{tenant}/…
	tenant := http.NewServeMux()
	tenant.Handle("/{tenant}/v2.0/.well-known/openid-configuration", s.discovery.OpenID(2))
	tenant.Handle("/{tenant}/.well-known/openid-configuration", s.discovery.OpenID(1))
	tenant.Handle("/{tenant}/discovery/v2.0/keys", s.discovery.Keys(2))
	tenant.Handle("/{tenant}/discovery/keys", s.discovery.Keys(1))
	tenant.Handle("/common/discovery/instance", s.discovery.Instance())
	tenant.Handle("/common/userrealm/{user}", s.discovery.UserRealm())
	tenant.Handle("/{tenant}/oauth2/v2.0/authorize", s.people.authorize.Handler(2))
	tenant.Handle("/{tenant}/oauth2/authorize", s.people.authorize.Handler(1))
	tenant.Handle("/{tenant}/v2.0/adminconsent", s.people.adminconsent.Handler(2))
	tenant.Handle("/{tenant}/adminconsent", s.people.adminconsent.Handler(1))
	tenant.Handle("/{tenant}/login", s.limitedPages(s.people.signin.Handler()))
	tenant.Handle("/{tenant}/oauth2/v2.0/logout", s.limitedPages(s.people.logout.Handler(2)))
	tenant.Handle("/{tenant}/oauth2/logout", s.limitedPages(s.people.logout.Handler(1)))
	tenant.Handle("/{tenant}/openid/userinfo", s.people.userinfo.V1())
	tenant.Handle("/{tenant}/oauth2/v2.0/token", s.limited(s.token.Handler(token.V2)))
	tenant.Handle("/{tenant}/oauth2/token", s.limited(s.token.Handler(token.V1)))
	tenant.HandleFunc("/", s.unknownPath)

	// Areas by the first segment of the path.
	areas := map[string]http.Handler{
		"v1.0":        s.graph,
		"beta":        s.graph,
		"oidc":        s.people.userinfo.V2(),
		"metadata":    s.discovery.Endpoints(),
		"healthz":     http.HandlerFunc(s.healthz),
		"readyz":      http.HandlerFunc(s.readyz),
		"error":       s.pages.ErrorLookup(),
		"assets":      s.pages.Assets(),
		"favicon.ico": s.pages.Icon(),
		"":            s.pages.Home(),
	}
	if s.cfg.Dev {
		dev := http.NewServeMux()
		dev.HandleFunc("POST /dev/clock", s.devClock)
		dev.HandleFunc("POST /dev/keys/roll", s.devRollKeys)
		dev.Handle("/dev/components", s.pages.Components())
		areas["dev"] = s.ownOrigin(dev)
	}

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first, ok := firstSegment(r.URL.EscapedPath())
		if !ok {
			s.writeError(w, r, aadsts.New(aadsts.MalformedRequest, "the path is not a plain one"))
			return
		}
		if area, ok := areas[first]; ok {
			area.ServeHTTP(w, r)
			return
		}
		tenant.ServeHTTP(w, inLowerCase(r))
	})
}

// inLowerCase is the request with its path in lower case, which it nearly always
// is.
func inLowerCase(r *http.Request) *http.Request {
	path := strings.ToLower(r.URL.Path)
	if path == r.URL.Path && r.URL.RawPath == "" {
		return r
	}
	lower := *r.URL
	lower.Path, lower.RawPath = path, ""
	r = r.WithContext(r.Context())
	r.URL = &lower
	return r
}

// firstSegment judges the raw path before any mux sees it (a mux would clean it
// and redirect) and gives its first segment in lower case.
func firstSegment(raw string) (string, bool) {
	if len(raw) == 0 || raw[0] != '/' || len(raw) > 2048 {
		return "", false
	}
	lower := strings.ToLower(raw)
	if mayBeRefused(lower) && refused(lower) {
		return "", false
	}
	first, _, _ := strings.Cut(lower[1:], "/")
	return first, true
}

// mayBeRefused looks for what every refused path has, in one pass: nearly no path
// has it.
func mayBeRefused(lower string) bool {
	for i := 1; i < len(lower); i++ {
		switch lower[i] {
		case '%', '\\':
			return true
		case '/', '.':
			if lower[i-1] == '/' && (lower[i] == '/' || i+1 == len(lower) || lower[i+1] == '/' || lower[i+1] == '.') {
				return true
			}
		}
	}
	return false
}

func refused(lower string) bool {
	for _, bad := range []string{"//", "/./", "/../", "\\", "%2f", "%5c", "%00", "%2e"} {
		if strings.Contains(lower, bad) && !graphKey(lower, bad) {
			return true
		}
	}
	return strings.HasSuffix(lower, "/.") || strings.HasSuffix(lower, "/..")
}

// graphKey lets an escaped slash stand inside a key of Graph, whose own path
// parser reads the raw path.
func graphKey(lower, bad string) bool {
	return (bad == "%2f" || bad == "%2e") && (strings.HasPrefix(lower, "/v1.0/") || strings.HasPrefix(lower, "/beta/"))
}

// unknownPath answers in the OAuth envelope: MSAL.js takes any JSON without an
// `error` member for success, whatever the status.
func (s *Server) unknownPath(w http.ResponseWriter, r *http.Request) {
	s.writeError(w, r, aadsts.New(aadsts.MalformedRequest, "there is no endpoint at this path"))
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	web.WriteError(w, r, s.log, s.clock.Now(), err)
}
