package server

import (
	"context"
	"errors"
	"time"

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

// FailNext makes the next storage operation of a kind fail with err.
func (d *Dev) FailNext(op string, err error) { d.db.FailNext(sqlstore.Op(op), err) }

func revoked(k signingkey.Stored, at time.Time) signingkey.Stored {
	k.RevokedAt = at
	return k
}
