package directory

import "time"

// PasswordCredential is a client secret. The secret itself is shown once and
// never kept: Hash is a keyed SHA-256 of it.
type PasswordCredential struct {
	KeyID               ID
	DisplayName         *string
	StartAt             time.Time
	EndAt               time.Time
	Hint                string // the first three characters
	CustomKeyIdentifier []byte
	Hash                []byte
}

// Key usages and types (Graph: keyCredential).
const (
	UsageVerify  = "Verify"
	UsageSign    = "Sign"
	UsageEncrypt = "Encrypt"

	KeyTypeX509 = "AsymmetricX509Cert"
)

// KeyCredential is a certificate. DER is the public certificate; a private key
// is never accepted.
type KeyCredential struct {
	KeyID               ID
	DisplayName         *string
	Type                string
	Usage               string
	StartAt             time.Time
	EndAt               time.Time
	CustomKeyIdentifier []byte // SHA-1 of the DER unless the caller chose another
	DER                 []byte
	SHA1                [20]byte
	SHA256              [32]byte
}

// FederatedIdentityCredential trusts tokens of another issuer: issuer, subject
// and audience are compared exactly.
type FederatedIdentityCredential struct {
	ID          ID
	Name        string
	Issuer      string
	Subject     string
	Audiences   []string // exactly one
	Description *string
}
