package main

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
)

// session is somebody who is signed in here. The cookie holds only the key of it:
// tokens stay in this process, in an MSAL client of the session's own, so that no
// mistake can give one person the token of another.
type session struct {
	person  person
	client  confidential.Client
	account confidential.Account
	idToken string // for signing out
	sid     string // the platform's session, "" where ID tokens do not say
	ends    time.Time

	mu    sync.Mutex
	asked map[string]time.Time // when the person was last sent to be asked, by what for
}

// person is who the ID token says it is.
type person struct {
	Name, Username     string // for people to read; they change
	TenantID, ObjectID string // together these never do
	hint               string // what a sign-in or a sign-out names the person by
}

const (
	// lifetime of a session here. The platform's own is another one.
	lifetime = 8 * time.Hour
	// maxSessions bounds the memory that visitors can take.
	maxSessions = 10_000
)

var errFull = errors.New("too many people are signed in")

// sessions keeps them in memory: a restart signs everybody out here, and the
// platform signs them in again without a question. Several servers would share a
// store, with the token caches encrypted in it.
type sessions struct {
	mu   sync.Mutex
	list map[string]*session
}

// add keeps a session and returns its key.
func (l *sessions) add(s *session, now time.Time) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxSessions {
		for key, old := range l.list {
			if now.After(old.ends) {
				delete(l.list, key)
			}
		}
		if len(l.list) >= maxSessions {
			return "", errFull
		}
	}
	if l.list == nil {
		l.list = map[string]*session{}
	}
	key := rand.Text()
	l.list[key] = s
	return key, nil
}

func (l *sessions) find(key string, now time.Time) *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.list[key]
	if s == nil || now.After(s.ends) {
		delete(l.list, key)
		return nil
	}
	return s
}

func (l *sessions) remove(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.list, key)
}

// removeSID ends the sessions that began in one session of the platform.
func (l *sessions) removeSID(tenantIssuer func(string) string, issuer, sid string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, s := range l.list {
		if sid != "" && s.sid == sid && tenantIssuer(s.person.TenantID) == issuer {
			delete(l.list, key)
		}
	}
}

// cookies are how this application names and guards its cookies. With https the
// prefix __Host- keeps other hosts of the domain from setting them.
type cookies struct{ secure bool }

func (c cookies) name(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

// set gives the browser a cookie. SameSite=Lax: it comes back with the redirect
// from the platform, but not with what other sites post or embed.
func (c cookies) set(w http.ResponseWriter, name, value string, maxAge time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) clear(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Path: "/", MaxAge: -1, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) get(r *http.Request, name string) string {
	cookie, err := r.Cookie(c.name(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}
