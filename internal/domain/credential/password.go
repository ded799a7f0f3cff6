package credential

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
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

// ErrBusy is returned where too many others wait already. It counts as
// directory.ErrUnavailable: the caller may come again.
var ErrBusy error = busyError{}

type busyError struct{}

func (busyError) Error() string { return "credential: too many passwords wait to be hashed" }

// Is makes ErrBusy an unavailability for those who do not know it.
func (busyError) Is(target error) bool { return target == directory.ErrUnavailable }

// maxWaiting bounds those who wait for a hash. With two at once the last of them
// waits for about a second; more would only learn later that the server is busy.
const maxWaiting = 64

// Passwords hashes and checks passwords, a few at a time.
type Passwords struct {
	slots   chan struct{}
	waiting atomic.Int64
	rand    io.Reader
	memory  int // KiB of a new hash
}

// NewPasswords allows atOnce hashes to run at the same time; some others wait in
// order of arrival, the rest get ErrBusy.
func NewPasswords(atOnce int, rand io.Reader) *Passwords {
	return &Passwords{slots: make(chan struct{}, atOnce), rand: rand, memory: memoryKiB}
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
	sum, err := p.hash(ctx, password, salt, p.memory, passes, lanes, hashLen)
	if err != nil {
		return "", err
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, passes, lanes, enc.EncodeToString(salt), enc.EncodeToString(sum)), nil
}

// CheckPassword reports whether the password is the one of the PHC string. It
// takes the time of a hash whatever the answer.
func (p *Passwords) CheckPassword(ctx context.Context, phc, password string) (bool, error) {
	if len(password) > MaxPassword {
		return false, ErrPasswordTooLong
	}
	h, err := parseHash(phc)
	if err != nil {
		return false, err
	}
	got, err := p.hash(ctx, password, h.salt, h.memory, h.passes, h.lanes, len(h.sum))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, h.sum) == 1, nil
}

// waste takes the time of a check and knows no password.
func (p *Passwords) waste(ctx context.Context, password string) error {
	_, err := p.hash(ctx, password, make([]byte, saltLen), p.memory, passes, lanes, hashLen)
	return err
}

// storedHash is what a PHC string of argon2id says.
type storedHash struct {
	memory, passes, lanes int
	salt, sum             []byte
}

func parseHash(phc string) (h storedHash, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return h, ErrMalformedHash
	}
	var version int
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return h, ErrMalformedHash
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.lanes)
	if n != 3 || err != nil || h.memory < 8 || h.memory > 1<<20 || h.passes < 1 || h.passes > 16 || h.lanes < 1 || h.lanes > 16 {
		return h, ErrMalformedHash
	}
	if h.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil {
		return h, ErrMalformedHash
	}
	if h.sum, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(h.sum) < 16 {
		return h, ErrMalformedHash
	}
	return h, nil
}

// hash waits for its turn and hashes.
func (p *Passwords) hash(ctx context.Context, password string, salt []byte, m, t, l, n int) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		if err := p.wait(ctx); err != nil {
			return nil, err
		}
	}
	defer func() { <-p.slots }()
	return argon2.IDKey([]byte(password), salt, uint32(t), uint32(m), uint8(l), uint32(n)), nil
}

// wait takes a slot as soon as one is free.
func (p *Passwords) wait(ctx context.Context) error {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maxWaiting {
		return ErrBusy
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
