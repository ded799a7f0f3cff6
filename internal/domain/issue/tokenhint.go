package issue

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// ErrNoHint is returned for an id_token_hint that is no ID token of ours.
var ErrNoHint = errors.New("issue: not an ID token of this authority")

// A TokenHint is what an ID token that comes back says (OpenID Connect Core
// §3.1.2.1, id_token_hint). It signs nobody in.
type TokenHint struct {
	Tenant  directory.TenantID // signed in to
	Client  directory.ID       // appId that the token was for
	Subject string             // `sub`: the person, as that client knows them
	User    directory.ID       // `oid` in Tenant, "" where the token has none
	Session directory.ID       // `sid`, "" where the token has none
	// LoginHint is the claim of that name, "" where the token has none.
	LoginHint string
}

// HintReader reads ID tokens that come back as a hint.
type HintReader struct {
	Keys  VerificationKeys
	Hosts []Hosts
	// Users finds the account of a guest; AccountOf reads hints of the token. Both
	// serve Account alone.
	Users     Users
	AccountOf func(ctx context.Context, hint string) (directory.TenantID, directory.ID, bool)
}

type hintClaims struct {
	Aud       string  `json:"aud"`
	Iss       string  `json:"iss"`
	TID       string  `json:"tid"`
	Sub       string  `json:"sub"`
	OID       string  `json:"oid"`
	SID       string  `json:"sid"`
	LoginHint string  `json:"login_hint"`
	AppID     *string `json:"appid"`
	AZP       *string `json:"azp"`
	Scp       *string `json:"scp"`
}

// Read checks that the token is an ID token that this authority signed. It may
// have expired, and so may the key: what is said is about the past (OpenID Connect
// RP-Initiated Logout §2). A key that was withdrawn proves nothing.
func (h *HintReader) Read(token string) (TokenHint, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return TokenHint{}, ErrNoHint
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return TokenHint{}, ErrNoHint
	}
	var c hintClaims
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &c); err != nil {
		return TokenHint{}, ErrNoHint
	}
	tenant, err := directory.ParseTenantID(c.TID)
	if err != nil {
		return TokenHint{}, ErrNoHint
	}
	header := jws.Signatures[0].Protected
	key, ok := h.Keys.Set().ByKID(header.KeyID)
	if !ok || key.Ring() != signingkey.RingOf(tenant) || key.Algorithm() != header.Algorithm || !key.Times().RevokedAt.IsZero() {
		return TokenHint{}, ErrNoHint
	}
	if _, err := jws.Verify(key.Public()); err != nil {
		return TokenHint{}, ErrNoHint
	}
	client, err := directory.ParseID(c.Aud)
	// Access tokens name their client; an ID token never does.
	if err != nil || c.Sub == "" || c.AppID != nil || c.AZP != nil || c.Scp != nil || !ownIssuer(h.Hosts, c.Iss, tenant) {
		return TokenHint{}, ErrNoHint
	}
	return TokenHint{
		Tenant: tenant, Client: client, Subject: c.Sub,
		User: idOrNone(c.OID), Session: idOrNone(c.SID), LoginHint: c.LoginHint,
	}, nil
}

func idOrNone(s string) directory.ID {
	id, err := directory.ParseID(s)
	if err != nil {
		return ""
	}
	return id
}

func ownIssuer(hosts []Hosts, iss string, t directory.TenantID) bool {
	for _, h := range hosts {
		if iss == h.V2Issuer(t) || iss == h.V1Issuer(t) {
			return true
		}
	}
	return false
}

// Account is the account that a hint is about, in its home tenant. ok is false
// where the token does not say: `sub` cannot be turned around.
func (h *HintReader) Account(ctx context.Context, t TokenHint) (home directory.TenantID, user directory.ID, ok bool, err error) {
	if t.LoginHint != "" {
		if home, user, ok = h.AccountOf(ctx, t.LoginHint); ok {
			return home, user, true, nil
		}
	}
	if t.User == "" {
		return home, "", false, nil
	}
	u, err := h.Users.User(ctx, t.Tenant, t.User)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return home, "", false, nil
	case err != nil:
		return home, "", false, err
	}
	for _, i := range u.Identities {
		if i.SignInType != directory.SignInFederated {
			continue
		}
		if home, err := directory.ParseTenantID(i.Issuer); err == nil {
			if user, err := directory.ParseID(i.IssuerAssignedID); err == nil {
				return home, user, true, nil
			}
		}
	}
	return t.Tenant, t.User, true, nil
}
