package oauth2

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
)

// Methods of a code challenge (RFC 7636 §4.2). Their letter case counts.
const (
	ChallengeS256  = "S256"
	ChallengePlain = "plain"
)

// Lengths of a code challenge and of a code verifier (RFC 7636 §4.1, §4.2).
const (
	minChallenge = 43
	maxChallenge = 128
)

// Refusals of a code challenge.
var (
	// ErrNoChallenge: a method without a challenge.
	ErrNoChallenge = errors.New("code_challenge is missing")
	// ErrChallengeSyntax: characters that no challenge has.
	ErrChallengeSyntax = errors.New("code_challenge holds characters that are not allowed")
	// ErrChallengeSize: outside 43 to 128 characters.
	ErrChallengeSize = errors.New("code_challenge has a wrong size")
	// ErrChallengeMethod: a method that is neither S256 nor plain.
	ErrChallengeMethod = errors.New("code_challenge_method is unknown")
)

// ParseChallenge checks the two parameters of an authorization request and says
// which method the challenge has: without code_challenge_method it is plain (RFC
// 7636 §4.3), and "" where the request has no challenge. Which methods a client
// may use is the caller's to decide.
func ParseChallenge(method, challenge string) (string, error) {
	if method == "" && challenge == "" {
		return "", nil
	}
	if method == "" {
		method = ChallengePlain
	}
	switch {
	case method != ChallengeS256 && method != ChallengePlain:
		return "", ErrChallengeMethod
	case challenge == "":
		return "", ErrNoChallenge
	case len(challenge) < minChallenge || len(challenge) > maxChallenge:
		return "", ErrChallengeSize
	case !unreserved(challenge):
		return "", ErrChallengeSyntax
	}
	return method, nil
}

// VerifyChallenge reports whether the verifier of a token request proves the
// challenge that was stored with the code (RFC 7636 §4.6). method is what
// ParseChallenge gave, never a parameter of the token request. The comparison
// takes the same time wherever the two differ.
func VerifyChallenge(method, challenge, verifier string) bool {
	if len(verifier) < minChallenge || len(verifier) > maxChallenge || !unreserved(verifier) || challenge == "" {
		return false
	}
	switch method {
	case ChallengeS256:
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
	case ChallengePlain:
	default:
		return false
	}
	return subtle.ConstantTimeCompare([]byte(challenge), []byte(verifier)) == 1
}

// unreserved reports whether s is of the characters of RFC 3986 §2.3.
func unreserved(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '_', c == '~':
		default:
			return false
		}
	}
	return true
}
