package authorization

import (
	"slices"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// password is the name of a password among the methods (RFC 8176).
const password = "pwd"

// Revoked reports since when what happened to an account takes away the refresh
// tokens and codes of a sign-in, by the platform's table of what revokes which;
// zero where nothing does.
//
// Revoked sessions, and a password that an administrator reset, take all of them.
// A password that its owner changed takes those of public clients that rest on a
// password, and leaves those of confidential clients. An expired password and an
// ordinary sign-out take none.
//
// authTime is when the person proved who they are, not when the newest token was
// issued: a token that is issued while sessions are being revoked is as old as
// its sign-in. A proof of the very moment is good.
func Revoked(account *directory.User, authTime time.Time, public bool, methods []string) time.Time {
	if since := account.SessionsValidFrom; authTime.Before(since) {
		return since
	}
	if since := account.PasswordChangedAt; public && slices.Contains(methods, password) && authTime.Before(since) {
		return since
	}
	return time.Time{}
}

func revokedSince(account *directory.User, f *Family) time.Time {
	return Revoked(account, f.AuthTime, f.Platform.Public(), f.Methods)
}
