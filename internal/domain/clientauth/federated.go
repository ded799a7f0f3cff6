package clientauth

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// checkFederated verifies a token of another issuer against the federated
// identity credentials of the client (Entra: workload identity federation).
// Only an issuer that a credential names is ever asked for its keys; audience
// and subject are compared after the signature, so that nobody can find out by
// guessing which subjects are trusted.
func (a *Authenticator) checkFederated(ctx context.Context, t *target, as *assertion) (directory.ID, error) {
	if len(t.federated[0])+len(t.federated[1]) == 0 {
		return "", aadsts.New(aadsts.NoFederatedCredential)
	}
	var trusted []*directory.FederatedIdentityCredential
	for _, list := range t.federated {
		for i := range list {
			// Letter case, blanks and a slash at the end all count.
			if list[i].Issuer == as.iss {
				trusted = append(trusted, &list[i])
			}
		}
	}
	if len(trusted) == 0 {
		return "", aadsts.New(aadsts.FederatedIssuer, as.iss)
	}
	own, err := a.verifyFederated(ctx, as)
	if err != nil {
		return "", err
	}
	if own {
		if err := a.checkOwn(ctx, as); err != nil {
			return "", err
		}
	}
	return matchFederated(trusted, as)
}

// verifyFederated checks the signature with the issuer's keys and reports
// whether the issuer is this server.
func (a *Authenticator) verifyFederated(ctx context.Context, as *assertion) (own bool, err error) {
	if err := as.readable(); err != nil {
		return false, err
	}
	kid, ok := text(as.header, "kid")
	if !ok {
		return false, unreadable("'kid' is not a string")
	}
	keys, own, err := a.issuers.Keys(ctx, as.iss, kid)
	switch {
	case errors.Is(err, issuer.ErrForbidden):
		return false, unsigned("the issuer's keys are at an address that is not allowed").Because(err)
	case errors.Is(err, issuer.ErrMismatch):
		return false, unsigned("the issuer's discovery document names another issuer").Because(err)
	case errors.Is(err, issuer.ErrUnreachable):
		return false, unsigned("the issuer's keys cannot be fetched").Because(err)
	case err != nil:
		return false, err
	}
	failure := error(unsigned("the issuer does not publish the key"))
	for _, k := range keys {
		// RFC 7517 §4.4: a key meant for one algorithm serves no other.
		if k.Algorithm != "" && k.Algorithm != as.alg {
			failure = unsigned("its algorithm does not fit the key")
			continue
		}
		if failure = as.verify(k.Public); failure == nil {
			return own, nil
		}
	}
	return false, failure
}

// checkOwn judges a token of this server: it is app-only, and the service
// principal that it was issued to has not been disabled or deleted since.
func (a *Authenticator) checkOwn(ctx context.Context, as *assertion) error {
	if !appOnly(as) {
		return aadsts.New(aadsts.FederatedUserToken)
	}
	if a.alive == nil {
		return errors.New("clientauth: nothing says whether tokens of this server still count")
	}
	oid, _ := text(as.claims, "oid")
	object, err := directory.ParseID(oid)
	if err != nil {
		return unreadable("'oid' is missing")
	}
	alive, err := a.alive(ctx, as.iss, object)
	if err == nil && !alive {
		err = unsigned("the service principal that it was issued to is disabled or gone")
	}
	return err
}

// appOnly tells our own app-only access tokens from those for a person (scp)
// and from ID tokens, which have neither appid nor azp.
func appOnly(as *assertion) bool {
	_, delegated := as.claims["scp"]
	_, v1 := as.claims["appid"]
	_, v2 := as.claims["azp"]
	return !delegated && (v1 || v2)
}

// matchFederated finds the credential whose audience and subject the token has,
// or says which of them none has.
func matchFederated(trusted []*directory.FederatedIdentityCredential, as *assertion) (directory.ID, error) {
	aud, ok := texts(as.claims, "aud")
	if !ok {
		return "", unreadable("'aud' is neither a string nor a list of strings")
	}
	audienceSeen, caseOnly := false, false
	for _, f := range trusted {
		// Kubernetes sends a list; it must hold the audience of the credential.
		if len(f.Audiences) != 1 || !slices.Contains(aud, f.Audiences[0]) {
			continue
		}
		audienceSeen = true
		if f.Subject == as.sub {
			return f.ID, nil
		}
		caseOnly = caseOnly || strings.EqualFold(f.Subject, as.sub)
	}
	switch {
	case !audienceSeen:
		return "", aadsts.New(aadsts.FederatedAudience, strings.Join(aud, ", "))
	case caseOnly:
		return "", aadsts.New(aadsts.FederatedSubjectCase)
	}
	return "", aadsts.New(aadsts.FederatedSubject, as.sub)
}
