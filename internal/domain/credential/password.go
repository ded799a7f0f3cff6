package credential

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost of a hash: memory in KiB, passes, lanes (OWASP's minimum for argon2id).
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltLen   = 16
	hashLen   = 32

	// MaxPassword bounds what is hashed, in bytes.
	MaxPassword = 1024
)

// ErrPasswordTooLong is returned for input beyond MaxPassword.
var ErrPasswordTooLong = errors.New("credential: the password is too long")

// ErrMalformedHash is returned for a stored hash that cannot be read.
var ErrMalformedHash = errors.New("credential: malformed password hash")

// Passwords hashes and checks passwords, a few at a time.
type Passwords struct {
	slots chan struct{}
	rand  io.Reader
}

// NewPasswords allows atOnce hashes to run at the same time; others wait in
// order of arrival.
func NewPasswords(atOnce int, rand io.Reader) *Passwords {
	return &Passwords{slots: make(chan struct{}, atOnce), rand: rand}
}

// HashPassword returns the PHC string of an argon2id hash.
func (p *Passwords) HashPassword(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", ErrPasswordTooLong
	}
	salt := make([]byte, saltLen)
	if _, err := io.ReadFull(p.rand, salt); err != nil {
		return "", err
	}
	sum, err := p.hash(ctx, password, salt, memoryKiB, passes, lanes, hashLen)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes, enc.EncodeToString(salt), enc.EncodeToString(sum)), nil
}

// CheckPassword reports whether the password is the one of the PHC string. It
// takes the time of a hash whatever the answer.
func (p *Passwords) CheckPassword(ctx context.Context, phc, password string) (bool, error) {
	if len(password) > MaxPassword {
		return false, ErrPasswordTooLong
	}
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, ErrMalformedHash
	}
	var version, m, t, l int
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return false, ErrMalformedHash
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &l); n != 3 || err != nil || m < 8 || m > 1<<20 || t < 1 || t > 16 || l < 1 || l > 16 {
		return false, ErrMalformedHash
	}
	salt, err := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if err != nil {
		return false, ErrMalformedHash
	}
	want, err := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err != nil || len(want) < 16 {
		return false, ErrMalformedHash
	}
	got, err := p.hash(ctx, password, salt, m, t, l, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (p *Passwords) hash(ctx context.Context, password string, salt []byte, m, t, l, n int) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, uint32(t), uint32(m), uint8(l), uint32(n)), nil
}
