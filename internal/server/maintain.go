package server

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// Keys opens the database for the commands that manage signing keys, and calls
// f with the keyring.
func Keys(ctx context.Context, cfg Config, f func(*signingkey.Keyring) error) error {
	s, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	err = s.keys.Reload(ctx)
	if err == nil {
		err = f(s.keys)
	}
	return errors.Join(err, s.db.Close())
}

// Migrate brings the database up to date, whichever it is, and reports whether
// there was anything to do.
func Migrate(ctx context.Context, database string) (bool, error) {
	clock := &Clock{}
	db, err := sqlstore.Open(ctx, sqlstore.Config{URL: database, Now: clock.Now})
	if err != nil {
		return false, err
	}
	needed, err := db.NeedsMigration(ctx)
	if err == nil && needed {
		err = db.Migrate(ctx)
	}
	return needed, errors.Join(err, db.Close())
}
