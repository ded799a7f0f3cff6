package session

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
)

// Sealer seals small texts. *envelope.Keeper is one.
type Sealer interface {
	Seal(ctx context.Context, owner, table, row string, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, owner, table, row string, sealed []byte) ([]byte, error)
}

// Hints makes and reads the value of the `login_hint` claim: it names an account
// to us and nothing to anybody else. It comes back as login_hint and logout_hint.
type Hints struct{ Sealer Sealer }

const (
	hintPrefix = "O."
	hintTable  = "login_hint"
	maxHint    = 256
)

// Hint names the account.
func (h Hints) Hint(ctx context.Context, home directory.TenantID, user directory.ID) (string, error) {
	t, u := home.Bytes(), user.Bytes()
	sealed, err := h.Sealer.Seal(ctx, envelope.InstallationOwner, hintTable, "", append(t[:], u[:]...))
	if err != nil {
		return "", err
	}
	return hintPrefix + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Account reads a hint; ok is false for anything that is none, such as a user
// name.
func (h Hints) Account(ctx context.Context, hint string) (home directory.TenantID, user directory.ID, ok bool) {
	text, found := strings.CutPrefix(hint, hintPrefix)
	if !found || len(hint) > maxHint {
		return home, "", false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return home, "", false
	}
	plain, err := h.Sealer.Open(ctx, envelope.InstallationOwner, hintTable, "", sealed)
	if err != nil || len(plain) != 32 {
		return home, "", false
	}
	home, err = directory.ParseTenantID(string(directory.IDFromBytes([16]byte(plain[:16]))))
	if err != nil {
		return home, "", false
	}
	return home, directory.IDFromBytes([16]byte(plain[16:])), true
}
