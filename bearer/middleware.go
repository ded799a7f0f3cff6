package bearer

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
)

// Handler lets requests through to next that carry a good token which meets all the
// requirements, with the token's claims in the context ([FromContext]). It answers
// all others itself.
//
// Without requirements any token passes that has some scope or role of this API;
// the handler must then check for itself.
func (v *Verifier) Handler(next http.Handler, requirements ...Requirement) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Authenticate(r)
		if err == nil {
			err = Check(claims, requirements...)
		}
		if err != nil {
			v.Refuse(w, r, hint(err, requirements))
			return
		}
		next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), claims)))
	})
}

// HandlerFunc is [Verifier.Handler] for a function.
func (v *Verifier) HandlerFunc(next http.HandlerFunc, requirements ...Requirement) http.Handler {
	return v.Handler(next, requirements...)
}

// Authenticate reads the token of a request and verifies it. The error is an
// [*Error]: hand it to [Verifier.Refuse].
func (v *Verifier) Authenticate(r *http.Request) (*Claims, error) {
	raw, err := fromHeader(r.Header)
	if err != nil {
		return nil, err
	}
	return v.Verify(r.Context(), raw)
}

// Refuse answers a request with the challenge and the status that err stands for
// (RFC 6750 §3), and logs it. Errors that are not from this package are answered
// with 503.
func (v *Verifier) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := asError(err)
	v.cfg.Logger.LogAttrs(r.Context(), slog.LevelInfo, "bearer: request refused",
		slog.String("reason", string(e.Reason)), slog.Int("status", e.Status()), slog.Any("cause", e.cause))

	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/json")
	if e.Status() == http.StatusServiceUnavailable {
		// No challenge: the token may be good, and asking for another does not help.
		h.Set("Retry-After", "5")
	} else {
		h.Set("WWW-Authenticate", v.challengeFor(e))
	}
	w.WriteHeader(e.Status())
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(struct {
		Error       string `json:"error,omitempty"`
		Description string `json:"error_description"`
	}{e.Code(), e.Description()})
}

// hint adds the scope that the requirements ask for to a refusal that has none, where
// another token could help.
func hint(err error, requirements []Requirement) error {
	e := asError(err)
	if e.scope != "" || e.Reason != Missing && e.Reason != Permission {
		return e
	}
	if i := slices.IndexFunc(requirements, func(r Requirement) bool { return r.scope != "" }); i >= 0 {
		with := *e
		with.scope = requirements[i].scope
		return &with
	}
	return e
}

// fromHeader finds the token in the one place where it may stand (RFC 6750 §2.1).
func fromHeader(h http.Header) (string, error) {
	values := h.Values("Authorization")
	switch len(values) {
	case 0:
		return "", &Error{Reason: Missing}
	case 1:
	default:
		return "", refusal(BadRequest, "%d Authorization headers", len(values))
	}
	scheme, rest, found := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refusal(Missing, "the header is of another scheme")
	}
	if !found {
		return "", refusal(BadRequest, "no token after Bearer")
	}
	raw := strings.TrimLeft(rest, " ")
	if !isToken68(raw) {
		return "", refusal(BadRequest, "what follows Bearer is not a token")
	}
	return raw, nil
}

// token68 marks the characters of RFC 9110 §11.2, which RFC 6750 §2.1 calls b64token.
var token68 = func() (set [256]bool) {
	for c := range byte(128) {
		set[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~+/", c) >= 0
	}
	return set
}()

// isToken68 says whether s is made of those, and "=" at its end only.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		if !token68[s[i]] {
			return false
		}
	}
	return s != ""
}

// challengePrefix is the part of the challenge that is the same for all refusals:
// the realm, and where and for which application a token can be had. Clients of
// Entra's APIs look for authorization_uri and client_id.
func challengePrefix(cfg *Config, auth authority) string {
	b := strings.Builder{}
	b.WriteString(`Bearer realm=`)
	quote(&b, cfg.Realm)
	b.WriteString(`, authorization_uri=`)
	quote(&b, auth.authorizationURI())
	if i := slices.IndexFunc(cfg.Audiences, isGUID); i >= 0 {
		b.WriteString(`, client_id=`)
		quote(&b, cfg.Audiences[i])
	}
	return b.String()
}

// challengeFor is the WWW-Authenticate header of a refusal. A request without a token
// gets no error code (RFC 6750 §3.1).
func (v *Verifier) challengeFor(e *Error) string {
	b := strings.Builder{}
	b.WriteString(v.challenge)
	if code := e.Code(); code != "" {
		b.WriteString(`, error=`)
		quote(&b, code)
		b.WriteString(`, error_description=`)
		quote(&b, e.Description())
	}
	if e.scope != "" {
		b.WriteString(`, scope=`)
		quote(&b, e.scope)
	}
	return b.String()
}

// quote writes s as a quoted string (RFC 9110 §5.6.4). What may not stand in a header
// becomes a question mark.
func quote(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			b.WriteByte('?')
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}
