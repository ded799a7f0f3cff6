package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// RevokeAllKeys withdraws every signing key, for tests of what a server without
// keys answers.
func (d *Dev) RevokeAllKeys(ctx context.Context) error {
	var errs []error
	for _, k := range d.keys.Set().All() {
		errs = append(errs, d.stores.SigningKeys.SetSigningKeyTimes(ctx, revoked(k.Times(), d.clock.Now()),
			directory.Platform(directory.Installation).Event(d.clock.Now(), "Revoke signing key", "signingKey", directory.ID(k.KID()), k.KID())))
	}
	return errors.Join(append(errs, d.keys.Reload(ctx))...)
}

// Sign signs claims with the active key, for tests of how tokens are judged that
// no endpoint issues.
func (d *Dev) Sign(claims []byte) (string, error) {
	key, err := d.keys.Set().Active(signingkey.Organizations, signingkey.RS256, d.clock.Now())
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	input := enc.EncodeToString([]byte(`{"typ":"JWT","alg":"RS256","kid":"`+key.KID()+`"}`)) + "." + enc.EncodeToString(claims)
	digest := sha256.Sum256([]byte(input))
	signature, err := key.Sign(digest[:])
	return input + "." + enc.EncodeToString(signature), err
}

// Interfere calls hook at each moment of the storage until it is called with
// nil, for tests that hold a commit up.
func (d *Dev) Interfere(hook func(context.Context, sqlstore.Op) error) { d.db.Interfere(hook) }

// FailNext makes the next storage operation of a kind fail with err.
func (d *Dev) FailNext(op string, err error) { d.db.FailNext(sqlstore.Op(op), err) }

func revoked(k signingkey.Stored, at time.Time) signingkey.Stored {
	k.RevokedAt = at
	return k
}

// Durability is what the writing connections say of their commits.
func (d *Dev) Durability(ctx context.Context) (map[string]string, error) { return d.db.Durability(ctx) }

// Record is a sign-in record in words.
type Record struct{ ClientID, PrincipalID, IPAddress string }

// SignIn reads the record of a request.
func (d *Dev) SignIn(ctx context.Context, tenant string, request [16]byte) (Record, error) {
	r, err := d.stores.SignIns.SignIn(ctx, directory.ID(tenant).Bytes(), request)
	if err != nil {
		return Record{}, err
	}
	return Record{string(directory.IDFromBytes(r.ClientAppID)), string(directory.IDFromBytes(r.PrincipalID)), r.IPAddress}, nil
}

// RecordsWaiting is the number of sign-in records that no commit has taken yet.
func (d *Dev) RecordsWaiting() int { return d.recorder.Waiting() }

// Refusals writes the sums of refusals and reads those of a tenant.
func (d *Dev) Refusals(ctx context.Context, tenant string) ([]audit.RefusalSum, error) {
	if err := d.refusals.Flush(ctx, d.stores.Refusals); err != nil {
		return nil, err
	}
	return d.db.RefusalsOf(ctx, directory.ID(tenant).Bytes(), 100)
}
