package opaque

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// ErrMalformed is returned for what Mint cannot have made.
var ErrMalformed = errors.New("opaque: malformed value")

// Kind is what a value is good for; a value of one kind is none of another.
type Kind byte

// The kinds of values. They are part of what is hashed.
const (
	Code    Kind = 1
	Session Kind = 2
)

const (
	tenantSize = 16
	secretSize = 32
	// prefix lets people and scanners tell our values from others'.
	prefix = "1."
)

// Minter makes and reads values. It is safe for concurrent use if its source of
// randomness is.
type Minter struct {
	key  []byte
	rand io.Reader
}

// NewMinter takes the key of the hashes, at least 32 bytes, and a
// cryptographically secure source.
func NewMinter(key []byte, rand io.Reader) (*Minter, error) {
	if len(key) < 32 || rand == nil {
		return nil, errors.New("opaque: a Minter needs a key of 32 bytes and a source of randomness")
	}
	return &Minter{key: append([]byte(nil), key...), rand: rand}, nil
}

// Mint draws a value and gives it with the hash to store.
func (m *Minter) Mint(k Kind, t directory.TenantID) (value string, hash []byte, err error) {
	if t.IsZero() {
		return "", nil, directory.ErrNoTenant
	}
	var raw [tenantSize + secretSize]byte
	id := t.Bytes()
	copy(raw[:], id[:])
	if _, err := io.ReadFull(m.rand, raw[tenantSize:]); err != nil {
		return "", nil, fmt.Errorf("opaque: drawing a value: %w", err)
	}
	return prefix + base64.RawURLEncoding.EncodeToString(raw[:]), m.hash(k, raw[:]), nil
}

// Parse reads a value: the tenant that keeps it and the hash under which it is
// kept. That there is such a row is for the store to say.
func (m *Minter) Parse(k Kind, value string) (t directory.TenantID, hash []byte, err error) {
	if len(value) != len(prefix)+base64.RawURLEncoding.EncodedLen(tenantSize+secretSize) || value[:len(prefix)] != prefix {
		return t, nil, ErrMalformed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value[len(prefix):])
	// The decoder skips line breaks: a value that has some is too short.
	if err != nil || len(raw) != tenantSize+secretSize {
		return t, nil, ErrMalformed
	}
	t, err = directory.ParseTenantID(string(directory.IDFromBytes([tenantSize]byte(raw[:tenantSize]))))
	if err != nil || t == directory.Installation {
		return directory.TenantID{}, nil, ErrMalformed
	}
	return t, m.hash(k, raw), nil
}

func (m *Minter) hash(k Kind, raw []byte) []byte {
	mac := hmac.New(sha256.New, m.key)
	mac.Write([]byte{byte(k)})
	mac.Write(raw)
	return mac.Sum(nil)
}
