package clientauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const hashSize = sha256.Size

// SecretHasher turns client secrets into what is stored of them. Secrets are
// drawn by the platform with 256 bits of randomness, so a keyed SHA-256 is as
// good as a slow hash and costs no token a delay; the key makes a stolen
// database useless for guessing what was imported.
type SecretHasher struct{ key []byte }

// NewSecretHasher takes the installation's key of at least 32 bytes. Another key
// makes all stored secrets wrong.
func NewSecretHasher(key []byte) (*SecretHasher, error) {
	if len(key) < hashSize {
		return nil, errors.New("clientauth: the key of client secrets needs at least 32 bytes")
	}
	return &SecretHasher{key: append([]byte(nil), key...)}, nil
}

// HashSecret is the keyed SHA-256 (HMAC, RFC 2104) of a secret.
func (h *SecretHasher) HashSecret(secret string) []byte {
	m := hmac.New(sha256.New, h.key)
	m.Write([]byte(secret))
	return m.Sum(nil)
}

func (a *Authenticator) checkSecret(t *target, secret string, method audit.ClientMethod) (audit.ClientMethod, directory.ID, error) {
	valid, expired := matchSecret(a.secrets.HashSecret(secret), a.now(), t.passwords[:]...)
	switch {
	case valid != "":
		return method, valid, nil
	case expired != "":
		return 0, "", aadsts.New(aadsts.ExpiredSecret, string(t.id))
	}
	return 0, "", aadsts.New(aadsts.WrongSecret, string(t.id))
}

// matchSecret compares the hash with every secret there is, without stopping at
// a match, so that time does not tell which one it was. It returns the key ids
// of a valid and of an expired match. A secret that is not valid yet matches
// nothing.
func matchSecret(hash []byte, now time.Time, lists ...[]directory.PasswordCredential) (valid, expired directory.ID) {
	for _, list := range lists {
		for i := range list {
			p := &list[i]
			equal := subtle.ConstantTimeCompare(hash, p.Hash) == 1
			switch {
			case now.Before(p.StartAt):
			case !p.EndAt.IsZero() && !now.Before(p.EndAt):
				if equal {
					expired = p.KeyID
				}
			case equal:
				valid = p.KeyID
			}
		}
	}
	return valid, expired
}
