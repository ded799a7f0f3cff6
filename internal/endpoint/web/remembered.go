package web

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

// KnownAccount is an account that signed in to this browser before.
type KnownAccount struct {
	Tenant        directory.TenantID // home tenant
	User          directory.ID
	Name, Address string
}

// Remembered is what a browser remembers for the person in front of it. It lets nobody
// in.
type Remembered struct {
	// Accounts, the one that was used last first; at most session.MaxAccounts.
	Accounts []KnownAccount
	// NeverAskToStay: the person does not want to be asked whether to stay signed
	// in.
	NeverAskToStay bool
}

// Knows reports whether an account signed in to this browser before.
func (k *Remembered) Knows(t directory.TenantID, user directory.ID) bool {
	return slices.ContainsFunc(k.Accounts, func(a KnownAccount) bool { return a.Tenant == t && a.User == user })
}

// Remember puts an account that just signed in to the front.
func (k *Remembered) Remember(a KnownAccount) {
	k.Forget(a.Tenant, a.User)
	k.Accounts = slices.Insert(k.Accounts, 0, a)
	k.Accounts = k.Accounts[:min(len(k.Accounts), session.MaxAccounts)]
}

// Forget drops an account.
func (k *Remembered) Forget(t directory.TenantID, user directory.ID) {
	k.Accounts = slices.DeleteFunc(slices.Clone(k.Accounts), func(a KnownAccount) bool { return a.Tenant == t && a.User == user })
}

const (
	knownTable   = "known accounts"
	knownFormat  = 1
	maxKnownText = 120 // bytes of a name or an address
	// maxKnown bounds the plain text, so that the cookie stays one that browsers
	// keep.
	maxKnown = 2900
)

// ReadRemembered opens the cookie of known accounts. One that we did not write is as
// none; an error is a failure of ours.
func ReadRemembered(ctx context.Context, r *http.Request, s session.Sealer) (Remembered, error) {
	text := cookie(r, knownCookie)
	if text == "" {
		return Remembered{}, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Remembered{}, nil
	}
	plain, err := s.Open(ctx, envelope.InstallationOwner, knownTable, "", sealed)
	switch {
	case errors.Is(err, envelope.ErrDamaged), errors.Is(err, envelope.ErrNoDataKey):
		return Remembered{}, nil
	case err != nil:
		return Remembered{}, err
	}
	k, ok := decodeKnown(plain)
	if !ok {
		return Remembered{}, nil
	}
	return k, nil
}

// Write seals the cookie of known accounts.
func (k *Remembered) Write(ctx context.Context, w http.ResponseWriter, s session.Sealer) error {
	if len(k.Accounts) == 0 && !k.NeverAskToStay {
		setCookie(w, knownCookie, "", 0)
		return nil
	}
	sealed, err := s.Seal(ctx, envelope.InstallationOwner, knownTable, "", k.encode())
	if err != nil {
		return err
	}
	setCookie(w, knownCookie, base64.RawURLEncoding.EncodeToString(sealed), knownFor)
	return nil
}

// encode writes format, flags and the accounts: 32 bytes of ids, then name and
// address with their lengths. What does not fit is left out from the end.
func (k *Remembered) encode() []byte {
	b := []byte{knownFormat, 0}
	if k.NeverAskToStay {
		b[1] = 1
	}
	for _, a := range k.Accounts[:min(len(k.Accounts), session.MaxAccounts)] {
		t, u := a.Tenant.Bytes(), a.User.Bytes()
		name, address := cutText(a.Name), cutText(a.Address)
		if len(b)+len(t)+len(u)+2+len(name)+len(address) > maxKnown {
			break
		}
		b = append(append(b, t[:]...), u[:]...)
		b = append(append(b, byte(len(name))), name...)
		b = append(append(b, byte(len(address))), address...)
	}
	return b
}

func cutText(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxKnownText)], "")
}

func decodeKnown(b []byte) (k Remembered, ok bool) {
	if len(b) < 2 || len(b) > maxKnown || b[0] != knownFormat || b[1] > 1 {
		return Remembered{}, false
	}
	k.NeverAskToStay = b[1] == 1
	for b = b[2:]; len(b) > 0; {
		var a KnownAccount
		if len(b) < 32 || len(k.Accounts) == session.MaxAccounts {
			return Remembered{}, false
		}
		t, err := directory.ParseTenantID(string(directory.IDFromBytes([16]byte(b[:16]))))
		if err != nil {
			return Remembered{}, false
		}
		a.Tenant, a.User = t, directory.IDFromBytes([16]byte(b[16:32]))
		b = b[32:]
		for _, text := range []*string{&a.Name, &a.Address} {
			if len(b) == 0 || len(b) < 1+int(b[0]) {
				return Remembered{}, false
			}
			*text, b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
			if len(*text) > maxKnownText || !utf8.ValidString(*text) {
				return Remembered{}, false
			}
		}
		k.Accounts = append(k.Accounts, a)
	}
	return k, true
}
