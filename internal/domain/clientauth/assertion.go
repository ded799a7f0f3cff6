package clientauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const (
	maxAssertion = 64 << 10 // bytes, as much as a form may have
	skew         = 5 * time.Minute
	maxLife      = 24 * time.Hour
)

// assertion is a JWT that was taken apart, but not verified.
type assertion struct {
	raw            string
	header, claims map[string]json.RawMessage
	alg, iss, sub  string
	jws            *jose.JSONWebSignature
}

func unreadable(reason string) error { return aadsts.New(aadsts.AssertionClaims, reason) }

func unsigned(reason string) *aadsts.Error { return aadsts.New(aadsts.AssertionSignature, reason) }

// assertion takes the request's assertion apart, once.
func (r *Request) assertion() (*assertion, error) {
	if r.parsed != nil && r.parsed.raw == r.Assertion {
		return r.parsed, nil
	}
	a, err := parseAssertion(r.Assertion)
	if err != nil {
		return nil, err
	}
	r.parsed = a
	return a, nil
}

// parseAssertion takes a JWS in compact form apart (RFC 7515 §7.1) and believes
// none of it. An encrypted token has five parts and fails here.
func parseAssertion(raw string) (*assertion, error) {
	if len(raw) > maxAssertion {
		return nil, unreadable("it is too long")
	}
	// Counted before splitting: 60 000 dots must not become 60 000 strings.
	if strings.Count(raw, ".") != 2 {
		return nil, unreadable("it is not a signed JWT")
	}
	// The decoder of base64 would skip line breaks.
	if strings.ContainsAny(raw, "\r\n") {
		return nil, unreadable("it is not base64url")
	}
	head, rest, _ := strings.Cut(raw, ".")
	body, _, _ := strings.Cut(rest, ".")
	a := &assertion{raw: raw}
	var err error
	if a.header, err = part(head); err != nil {
		return nil, err
	}
	if a.claims, err = part(body); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		from map[string]json.RawMessage
		name string
		to   *string
	}{{a.header, "alg", &a.alg}, {a.claims, "iss", &a.iss}, {a.claims, "sub", &a.sub}} {
		var ok bool
		if *f.to, ok = text(f.from, f.name); !ok {
			return nil, unreadable("'" + f.name + "' is not a string")
		}
		if *f.to == "" {
			return nil, unreadable("'" + f.name + "' is missing")
		}
	}
	return a, nil
}

func part(s string) (map[string]json.RawMessage, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, unreadable("it is not base64url")
	}
	m, err := members(b)
	if err != nil {
		return nil, unreadable(err.Error())
	}
	return m, nil
}

// ownedBy is the client that an assertion names as its issuer. Tokens of other
// issuers have a URL there.
func (a *assertion) ownedBy() (directory.ID, bool) {
	id, err := directory.ParseID(a.iss)
	return id, err == nil
}

// identify compares the assertion with the client that the request names
// otherwise, "" if it does not.
func (a *assertion) identify(given directory.ID) (directory.ID, error) {
	self, ok := a.ownedBy()
	if !ok {
		// A token of another issuer does not say which client presents it.
		if given == "" {
			return "", aadsts.New(aadsts.MissingParameter, "client_id")
		}
		return given, nil
	}
	if sub, err := directory.ParseID(a.sub); err != nil || sub != self {
		return "", aadsts.New(aadsts.AssertionSubject)
	}
	if given != "" && given != self {
		return "", aadsts.New(aadsts.WrongClientOfToken, string(given))
	}
	return self, nil
}

// checkAssertion decides what kind of assertion it is: signed by the client
// itself, or the token of a federated issuer.
func (a *Authenticator) checkAssertion(ctx context.Context, t *target, req *Request) (audit.ClientMethod, directory.ID, error) {
	as, err := req.assertion()
	if err != nil {
		return 0, "", err
	}
	if _, err := as.identify(t.id); err != nil {
		return 0, "", err
	}
	_, own := as.ownedBy()
	var id directory.ID
	method := audit.MethodFederated
	switch {
	case own:
		method = audit.MethodCertificate
		id, err = a.checkCertificate(t, req, as)
	case len(t.federated[0])+len(t.federated[1]) > 0 || strings.Contains(as.iss, "://"):
		id, err = a.checkFederated(ctx, t, as)
	case as.iss != as.sub:
		err = aadsts.New(aadsts.AssertionSubject)
	default:
		err = aadsts.New(aadsts.WrongClientOfToken, string(t.id))
	}
	if err == nil {
		err = a.checkTimes(as)
	}
	if err == nil && t.singleUse {
		err = a.useOnce(ctx, t, as)
	}
	if err != nil {
		return 0, "", err
	}
	return method, id, nil
}

// checkTimes holds the verified claims against the clock, with 5 minutes for
// clocks that differ (RFC 7523 §3 points 4, 5 and 6). An assertion that lives
// for years would be a secret in disguise, hence the upper bound.
func (a *Authenticator) checkTimes(as *assertion) error {
	var at [3]time.Time
	for i, name := range []string{"exp", "nbf", "iat"} {
		var ok bool
		if at[i], ok = date(as.claims, name); !ok {
			return unreadable("'" + name + "' is not a date")
		}
	}
	exp, nbf, iat := at[0], at[1], at[2]
	now := a.now()
	switch {
	case exp.IsZero():
		return aadsts.New(aadsts.MissingField, "exp")
	case !now.Before(exp.Add(skew)),
		exp.After(now.Add(maxLife + skew)),
		!nbf.IsZero() && nbf.Add(-skew).After(now),
		!iat.IsZero() && iat.Add(-skew).After(now):
		return aadsts.New(aadsts.AssertionTime)
	}
	return nil
}

// useOnce refuses an assertion seen before, for applications that ask for it.
// The home tenant remembers it, so that it cannot be used again in another. A
// failure of the store refuses too.
func (a *Authenticator) useOnce(ctx context.Context, t *target, as *assertion) error {
	jti, ok := text(as.claims, "jti")
	switch {
	case !ok:
		return unreadable("'jti' is not a string")
	case jti == "":
		return aadsts.New(aadsts.MissingField, "jti")
	}
	exp, _ := date(as.claims, "exp")
	// jti is unique for its issuer only (RFC 7519 §4.1.7).
	fresh, err := a.assertions.UseAssertion(ctx, t.home, t.id, sha256.Sum256([]byte(as.iss+"\x00"+jti)), exp.Add(skew))
	if err != nil {
		return err
	}
	if !fresh {
		return unreadable("its 'jti' was used before, and the application allows each assertion once")
	}
	return nil
}

// algorithmsOf lists what a key may verify. The list follows from the registered
// key and never from the header, so that no token can have an RSA key used as
// an HMAC secret (RFC 8725 §3.1).
func algorithmsOf(key crypto.PublicKey) []jose.SignatureAlgorithm {
	if !issuer.Usable(key) {
		return nil
	}
	switch key.(type) {
	case *rsa.PublicKey:
		return []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
	case *ecdsa.PublicKey:
		return []jose.SignatureAlgorithm{jose.ES256}
	}
	return nil
}

// readable prepares for verifying. RFC 7515 §4.1.11: what is critical and not
// understood refuses the token, and nothing is understood here; an unencoded
// payload (RFC 7797) would make two readers see two payloads.
func (a *assertion) readable() error {
	if a.jws != nil {
		return nil
	}
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if _, ok := a.header[name]; ok {
			return unsigned("its header asks for what is not supported")
		}
	}
	if !slices.Contains(algorithms, jose.SignatureAlgorithm(a.alg)) {
		return unsigned("its algorithm is not accepted")
	}
	jws, err := jose.ParseSignedCompact(a.raw, algorithms)
	if err != nil {
		// The cause is left out: its text would repeat parts of the header.
		return unsigned("its header cannot be read")
	}
	a.jws = jws
	return nil
}

// verify checks the signature with one key.
func (a *assertion) verify(key crypto.PublicKey) error {
	if err := a.readable(); err != nil {
		return err
	}
	if !slices.Contains(algorithmsOf(key), jose.SignatureAlgorithm(a.alg)) {
		return unsigned("its algorithm does not fit the key")
	}
	if _, err := a.jws.Verify(key); err != nil {
		return unsigned("the key does not match")
	}
	return nil
}
