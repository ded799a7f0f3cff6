package authorization

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// A refresh token is the prefix and, in base64url: version (1 byte), home tenant,
// family (16 each), generation, time of issue in microseconds (8 each, big
// endian), the family's secret (32), and the HMAC-SHA-256 of all that (32). The
// MAC lets a forged token cost no read; the secret, of which the store has only a
// keyed hash, keeps whoever can read key or store alone from making one.
const (
	tokenPrefix  = "1."
	tokenVersion = 1
	secretSize   = 32
	macSize      = sha256.Size
	signedSize   = 1 + 16 + 16 + 8 + 8 + secretSize
	tokenSize    = signedSize + macSize
)

// Labels keep the two uses of the key apart.
const (
	labelToken  = "refresh token\x00"
	labelSecret = "family secret\x00"
)

func (a *Authorizations) mac(label string, data []byte) []byte {
	m := hmac.New(sha256.New, a.Key)
	m.Write([]byte(label))
	m.Write(data)
	return m.Sum(nil)
}

func (a *Authorizations) secretHash(secret *[secretSize]byte) []byte {
	return a.mac(labelSecret, secret[:])
}

// seal writes the refresh token of the family's newest generation.
func (a *Authorizations) seal(f *Family, secret [secretSize]byte, at time.Time) string {
	b := make([]byte, 0, tokenSize)
	tenant, id := f.HomeTenant.Bytes(), f.ID.Bytes()
	b = append(b, tokenVersion)
	b = append(b, tenant[:]...)
	b = append(b, id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(f.Generation))
	b = binary.BigEndian.AppendUint64(b, uint64(at.UnixMicro()))
	b = append(b, secret[:]...)
	b = append(b, a.mac(labelToken, b)...)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

// refreshToken is what a token says, after its MAC was found right.
type refreshToken struct {
	home       directory.TenantID
	family     directory.ID
	generation int64
	issued     time.Time
	secret     [secretSize]byte
}

// open reads a refresh token: AADSTS9002313 for what none looks like,
// AADSTS70000 for one that is not ours.
func (a *Authorizations) open(value string) (*refreshToken, error) {
	if len(value) != len(tokenPrefix)+base64.RawURLEncoding.EncodedLen(tokenSize) || value[:len(tokenPrefix)] != tokenPrefix {
		return nil, aadsts.New(aadsts.GarbledGrant)
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(value[len(tokenPrefix):])
	if err != nil {
		return nil, aadsts.New(aadsts.GarbledGrant).Because(err)
	}
	if len(b) != tokenSize { // the decoder skips line breaks
		return nil, aadsts.New(aadsts.GarbledGrant)
	}
	if !hmac.Equal(b[signedSize:], a.mac(labelToken, b[:signedSize])) || b[0] != tokenVersion {
		return nil, aadsts.New(aadsts.InvalidGrant)
	}
	t := &refreshToken{
		family:     directory.IDFromBytes([16]byte(b[17:33])),
		generation: int64(binary.BigEndian.Uint64(b[33:41])),
		issued:     time.UnixMicro(int64(binary.BigEndian.Uint64(b[41:49]))).UTC(),
		secret:     [secretSize]byte(b[49:signedSize]),
	}
	if t.home, err = directory.ParseTenantID(string(directory.IDFromBytes([16]byte(b[1:17])))); err != nil {
		return nil, aadsts.New(aadsts.InvalidGrant).Because(err)
	}
	return t, nil
}

// Presented is a refresh token that somebody presented, with its family. Nothing
// about it is judged yet but that we issued it.
type Presented struct {
	*Family
	token *refreshToken
}

// FindRefreshToken finds the family of a refresh token: AADSTS9002313 for what no
// token looks like, AADSTS70000 for one that we did not issue, and for one whose
// family is forgotten what it most likely died of.
func (a *Authorizations) FindRefreshToken(ctx context.Context, value string) (*Presented, error) {
	t, err := a.open(value)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.Family(ctx, t.home, t.family)
	if errors.Is(err, directory.ErrNotFound) {
		now := a.now()
		if err := t.idle(now); err != nil {
			return nil, err
		}
		return nil, revoked(t.issued, now)
	}
	if err != nil {
		return nil, fmt.Errorf("finding a family: %w", err)
	}
	if !f.Refreshable || !hmac.Equal(f.Secret, a.secretHash(&t.secret)) {
		return nil, aadsts.New(aadsts.InvalidGrant)
	}
	return &Presented{Family: f, token: t}, nil
}

// idle refuses a token that lay unused for too long.
func (t *refreshToken) idle(now time.Time) error {
	if unused := now.Sub(t.issued); unused > IdleLimit {
		return aadsts.New(aadsts.TokenInactive, ticks(t.issued), strconv.Itoa(int(unused/(24*time.Hour))))
	}
	return nil
}

// Refresh judges a refresh token that its own client presented: whether its
// family is good, the token not too old and not used before, and whether the
// person may still use it. A token that another one replaced, beyond the grace,
// was stolen or copied: it revokes its family (RFC 9700 §4.14.2).
func (a *Authorizations) Refresh(ctx context.Context, p *Presented) (*Use, error) {
	f, t, now := p.Family, p.token, a.now()
	if !f.RevokedAt.IsZero() {
		return nil, revoked(t.issued, f.RevokedAt)
	}
	if f.Platform == directory.PlatformSPA && !now.Before(f.CreatedAt.Add(SPALimit)) {
		return nil, aadsts.New(aadsts.TokenTooOld, "1.00:00:00")
	}
	if err := t.idle(now); err != nil {
		return nil, err
	}
	u := &Use{Family: f, secret: t.secret, issued: t.issued, generation: t.generation}
	if f.Platform.Public() && t.generation != f.Generation {
		if !a.inGrace(f, t.generation, now) {
			return nil, a.reused(ctx, f, t.issued, now)
		}
		u.repeated = true
	}
	var err error
	u.Home, err = a.person(ctx, f, t.issued)
	return u, err
}

// inGrace reports whether a generation is the one before the family's newest and
// was replaced just now.
func (a *Authorizations) inGrace(f *Family, generation int64, now time.Time) bool {
	return generation == f.Generation-1 && now.Sub(f.RotatedAt) <= a.Grace
}

func (a *Authorizations) reused(ctx context.Context, f *Family, issued, now time.Time) error {
	if err := a.Store.RevokeFamily(ctx, f.HomeTenant, f.ID, now); err != nil && !errors.Is(err, directory.ErrNotFound) {
		return fmt.Errorf("revoking a family: %w", err)
	}
	return revoked(issued, now)
}

// advance moves a family on after a refresh. A family of a public client rotates;
// one that a confidential client refreshes only lives longer.
func (a *Authorizations) advance(ctx context.Context, u *Use, tokens time.Time) error {
	f := u.Family
	end := f.end(u.now, tokens)
	switch {
	case !f.Platform.Public():
		if end.Sub(f.ExpiresAt) < keep {
			return nil
		}
		return a.Store.ExtendFamily(ctx, f.HomeTenant, f.ID, u.now, end)
	case u.repeated:
		return nil
	}
	err := a.Store.RotateFamily(ctx, f.HomeTenant, f.ID, u.generation, u.now, end)
	if err == nil {
		f.Generation, f.RotatedAt, f.ExpiresAt = u.generation+1, u.now, end
	}
	return err
}

// moved judges why a family could not be written: revoked meanwhile, or rotated
// by another use of the same token.
func (a *Authorizations) moved(ctx context.Context, u *Use, err error) error {
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return revoked(u.issued, u.now)
	case !errors.Is(err, ErrStale):
		return fmt.Errorf("moving a family on: %w", err)
	}
	f, err := a.Store.Family(ctx, u.Family.HomeTenant, u.Family.ID)
	if err != nil {
		return fmt.Errorf("finding a family again: %w", err)
	}
	if !f.RevokedAt.IsZero() {
		return revoked(u.issued, f.RevokedAt)
	}
	if !a.inGrace(f, u.generation, u.now) {
		return a.reused(ctx, f, u.issued, u.now)
	}
	u.Family = f
	return nil
}
