package oauth2

import (
	"errors"
	"strings"
	"testing"
)

// The pair of RFC 7636 appendix B.
const (
	rfcVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	rfcChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func TestParseChallenge(t *testing.T) {
	long := strings.Repeat("a", 128)
	for _, tt := range []struct {
		name, method, challenge string
		want                    string
		err                     error
	}{
		{"nothing", "", "", "", nil},
		{"S256", "S256", rfcChallenge, "S256", nil},
		{"plain", "plain", long, "plain", nil},
		{"no method means plain", "", rfcVerifier, "plain", nil},
		{"every unreserved sign", "plain", strings.Repeat("aZ0-._~", 8), "plain", nil},
		{"method alone", "S256", "", "", ErrNoChallenge},
		{"letter case of the method", "s256", rfcChallenge, "", ErrChallengeMethod},
		{"letter case of plain", "Plain", rfcChallenge, "", ErrChallengeMethod},
		{"unknown method", "S512", rfcChallenge, "", ErrChallengeMethod},
		{"unknown method alone", "none", "", "", ErrChallengeMethod},
		{"too short", "S256", rfcChallenge[:42], "", ErrChallengeSize},
		{"too long", "plain", long + "a", "", ErrChallengeSize},
		{"padding", "S256", rfcChallenge + "=", "", ErrChallengeSyntax},
		{"the other alphabet", "S256", strings.Replace(rfcChallenge, "-", "+", 1), "", ErrChallengeSyntax},
		{"a space", "plain", " " + rfcChallenge, "", ErrChallengeSyntax},
		{"not ASCII", "plain", strings.Repeat("関", 15), "", ErrChallengeSyntax},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseChallenge(tt.method, tt.challenge)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%q, %v; want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestVerifyChallenge(t *testing.T) {
	for _, tt := range []struct {
		name, method, challenge, verifier string
		want                              bool
	}{
		{"appendix B", "S256", rfcChallenge, rfcVerifier, true},
		{"plain", "plain", rfcVerifier, rfcVerifier, true},
		{"the challenge itself under S256", "S256", rfcChallenge, rfcChallenge, false},
		{"hashed under plain", "plain", rfcChallenge, rfcVerifier, false},
		{"another verifier", "S256", rfcChallenge, strings.Repeat("a", 43), false},
		{"letter case", "plain", rfcVerifier, strings.ToUpper(rfcVerifier), false},
		{"empty", "S256", rfcChallenge, "", false},
		{"empty and no challenge", "plain", "", "", false},
		{"no challenge", "plain", "", rfcVerifier, false},
		{"short but the same", "plain", "abc", "abc", false},
		{"white space at the end", "plain", rfcVerifier, rfcVerifier + " ", false},
		{"no method", "", rfcVerifier, rfcVerifier, false},
		{"unknown method", "S512", rfcVerifier, rfcVerifier, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := VerifyChallenge(tt.method, tt.challenge, tt.verifier); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func FuzzChallenge(f *testing.F) {
	f.Add("S256", rfcChallenge, rfcVerifier)
	f.Add("plain", rfcVerifier, rfcVerifier)
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, method, challenge, verifier string) {
		effective, err := ParseChallenge(method, challenge)
		if err != nil && effective != "" {
			t.Errorf("a method %q beside the error %v", effective, err)
		}
		if effective == "" && VerifyChallenge(effective, challenge, verifier) {
			t.Errorf("%q proves what is no challenge", verifier)
		}
		if effective == ChallengePlain && VerifyChallenge(effective, challenge, verifier) != (challenge == verifier) {
			t.Errorf("plain: %q and %q", challenge, verifier)
		}
		if effective == ChallengeS256 && challenge == verifier && VerifyChallenge(effective, challenge, verifier) {
			t.Errorf("%q hashes to itself", verifier)
		}
	})
}
