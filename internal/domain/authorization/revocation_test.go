package authorization_test

import (
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// What takes away the refresh tokens of a sign-in (rows), and of which (columns).
func TestRevocationMatrix(t *testing.T) {
	signedIn := start
	after, before := signedIn.Add(time.Microsecond), signedIn.Add(-time.Hour)
	for _, tt := range []struct {
		name    string
		account directory.User
		// public client with a password, public client without, confidential client
		pwd, other, confidential bool
	}{
		{"nothing", directory.User{}, false, false, false},
		{"password expired", directory.User{ForceChangePassword: true}, false, false, false},
		{"user changes the password", directory.User{PasswordChangedAt: after}, true, false, false},
		{"administrator resets the password", directory.User{PasswordChangedAt: after, SessionsValidFrom: after}, true, true, true},
		{"sessions revoked", directory.User{SessionsValidFrom: after}, true, true, true},
		{"password changed before the sign-in", directory.User{PasswordChangedAt: before}, false, false, false},
		{"sessions revoked before the sign-in", directory.User{SessionsValidFrom: before}, false, false, false},
		{"in the very moment", directory.User{PasswordChangedAt: signedIn, SessionsValidFrom: signedIn}, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check := func(what string, public bool, methods []string, want bool) {
				t.Helper()
				since := authorization.Revoked(&tt.account, signedIn, public, methods)
				if !since.IsZero() != want {
					t.Errorf("%s: since %v, want revoked %v", what, since, want)
				}
				if want && !since.Equal(after) {
					t.Errorf("%s: since %v, want %v", what, since, after)
				}
			}
			check("public, password", true, []string{"pwd", "mfa"}, tt.pwd)
			check("public, no password", true, []string{"fido"}, tt.other)
			check("confidential, password", false, []string{"pwd"}, tt.confidential)
			check("confidential, no password", false, []string{"fido"}, tt.confidential)
		})
	}
}
