package signingkey

import (
	"context"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// Stored is a signing key as the store keeps it. Times are UTC; a zero time
// means "not yet decided".
type Stored struct {
	KID        string // base64url of the certificate's SHA-1
	Ring       string // "organizations", "consumers", or a tenant id
	Algorithm  string // JWS name: RS256, ES256
	Cert       []byte // DER, self-signed
	SealedKey  []byte // PKCS #8 sealed by the installation's data key, AAD: table and kid
	CreatedAt  time.Time
	PublishAt  time.Time // from when the key set shows it
	ActivateAt time.Time // from when it may sign
	RetireAt   time.Time // from when it no longer signs
	ExpireAt   time.Time // from when the key set no longer shows it
	RevokedAt  time.Time // emergency removal, effective at once
}

// Store keeps the signing keys of the installation.
type Store interface {
	// SigningKeys lists all keys, newest last.
	SigningKeys(ctx context.Context) ([]Stored, error)
	// AddSigningKey adds a key; a second one with its kid is an error.
	AddSigningKey(ctx context.Context, k Stored, ev *audit.Event) error
	// SetSigningKeyTimes writes the five times after CreatedAt of a key.
	SetSigningKeyTimes(ctx context.Context, k Stored, ev *audit.Event) error
	// DeleteSigningKey removes a key that has expired.
	DeleteSigningKey(ctx context.Context, kid string, ev *audit.Event) error
}
