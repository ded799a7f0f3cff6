package session

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Live is a session that was judged good, with the account it belongs to.
type Live struct {
	Session
	// Account is the user object in the home tenant. It is shared: nobody changes
	// it.
	Account *directory.User

	secret string
}

// Secret is what the browser's cookie must hold from now on.
func (l Live) Secret() string { return l.secret }

// Format keeps the secret out of logs, whatever the verb.
func (l Live) Format(w fmt.State, _ rune) {
	_, _ = io.WriteString(w, "session "+string(l.ID))
}

// SetPlace says where the proof that Renew is about to note was given.
func (l *Live) SetPlace(p Place) { l.IPAddress, l.UserAgent = p.IPAddress, cutUserAgent(p.UserAgent) }

// Place is where a person proves who they are.
type Place struct {
	IPAddress string
	UserAgent string
}

// MaxAccounts bounds the accounts of one browser.
const MaxAccounts = 10

// Password is the name of a password among the methods (RFC 8176 as the platform
// writes it).
const Password = "pwd"

// limits are how long a session lives: idle without a visit, absolute since the
// person last proved who they are.
type limits struct{ idle, absolute time.Duration }

const day = 24 * time.Hour

var (
	browserLimits    = limits{idle: day, absolute: 30 * day}
	persistentLimits = limits{idle: 90 * day, absolute: LongestLife}
)

func limitsOf(persistent bool) limits {
	if persistent {
		return persistentLimits
	}
	return browserLimits
}

// LongestLife is how long a persistent session can last without a new proof.
const LongestLife = 365 * day

// expiry is when a session ends if it is not used again after now.
func expiry(s *Session, now time.Time) time.Time {
	l := limitsOf(s.Persistent)
	end, last := now.Add(l.idle), s.AuthTime.Add(l.absolute)
	if last.Before(end) {
		return last
	}
	return end
}

// over reports whether a session's time has passed. The absolute limit is judged
// apart from the stored end, which a row written under other limits may have
// later.
func over(s *Session, now time.Time) bool {
	return !now.Before(s.ExpiresAt) || !now.Before(s.AuthTime.Add(limitsOf(s.Persistent).absolute))
}

// Revoked reports whether something that happened to the account took a session
// away, by the platform's table of what revokes which cookie: revoking sessions
// ends every session that was proved before, a change or reset of the password
// those that rest on a password. An expired password ends none.
//
// A proof of the very moment is good: the person who changes the password and
// signs in with it is not thrown out.
func Revoked(s *Session, account *directory.User) bool {
	if s.AuthTime.Before(account.SessionsValidFrom) {
		return true
	}
	return slices.Contains(s.Methods, Password) && s.AuthTime.Before(account.PasswordChangedAt)
}

// cutUserAgent keeps a browser's name short enough for a row and whole enough to
// be recognised.
func cutUserAgent(s string) string {
	const most = 40
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}
