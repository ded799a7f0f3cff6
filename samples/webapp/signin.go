package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/provider"
)

// Where the platform sends people. All three are registered.
const (
	callbackPath  = "/auth/callback"
	signedOutPath = "/"
	frontPath     = "/auth/logout"
)

// always are the scopes of every sign-in: who it is, and a refresh token.
var always = []string{"openid", "profile", "offline_access"}

// attempt is a sign-in that has begun. It waits in a cookie of this browser, so
// that an answer which somebody else began is not taken here (RFC 6749 §10.12).
type attempt struct {
	State    string   `json:"state"`
	Nonce    string   `json:"nonce"`
	Verifier string   `json:"verifier"` // RFC 7636 §4.1
	Scopes   []string `json:"scopes"`
	Return   string   `json:"return"`
}

// patience is how long a person may take at the platform.
const patience = 15 * time.Minute

// attemptCookie has a name of its own for each attempt: two tabs may sign in at
// the same time.
func attemptCookie(state string) string { return "signin-" + state[:min(8, len(state))] }

// startSignIn is GET /signin, from a link of ours.
func (a *app) startSignIn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prompt := ""
	if q.Get("prompt") == "select_account" {
		prompt = "select_account"
	}
	a.ask(w, r, []string{a.scope("Orders.Read")}, q.Get("return"), "", prompt)
}

// ask sends the person to the platform: to sign in, to consent, or to whatever the
// platform wants besides. claims is what a refusal said that the next request must
// bring; prompt is "" for no more questions than are needed.
func (a *app) ask(w http.ResponseWriter, r *http.Request, scopes []string, back, claims, prompt string) {
	// 26 letters of base32 are 130 bits; a verifier is at least 43 long.
	t := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Scopes: scopes, Return: local(back)}
	options := []confidential.AuthCodeURLOption{}
	if s := a.session(r); s != nil && prompt == "" {
		options = append(options, confidential.WithLoginHint(s.person.hint))
	}
	if claims != "" {
		options = append(options, confidential.WithClaims(claims))
	}
	address, err := a.asking.AuthCodeURL(r.Context(), a.clientID, a.baseURL+callbackPath, slices.Concat(scopes, always), options...)
	if err != nil {
		a.fail(w, r, fmt.Errorf("asking the platform where people sign in: %w", err))
		return
	}
	challenge := sha256.Sum256([]byte(t.Verifier))
	// MSAL leaves these to the application.
	q := url.Values{
		"state": {t.State}, "nonce": {t.Nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	text, err := json.Marshal(t)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.forgetAttempts(w, r)
	a.cookies.set(w, attemptCookie(t.State), base64.RawURLEncoding.EncodeToString(text), patience)
	http.Redirect(w, r, provider.WithQuery(address, q), http.StatusSeeOther)
}

// maxAttempts bounds the cookies of sign-ins that were begun and never finished:
// servers refuse requests whose cookies have grown too long.
const maxAttempts = 8

func (a *app) forgetAttempts(w http.ResponseWriter, r *http.Request) {
	prefix := a.cookies.name(attemptCookie(""))
	var names []string
	for _, c := range r.Cookies() {
		if name, ok := strings.CutPrefix(c.Name, prefix); ok {
			names = append(names, attemptCookie(name))
		}
	}
	if len(names) >= maxAttempts {
		for _, name := range names {
			a.cookies.clear(w, name)
		}
	}
}

// begun finds the attempt that an answer belongs to, and forgets it: it counts
// once.
func (a *app) begun(w http.ResponseWriter, r *http.Request, state string) (attempt, bool) {
	var t attempt
	if state == "" {
		return t, false
	}
	name := attemptCookie(state)
	text, err := base64.RawURLEncoding.DecodeString(a.cookies.get(r, name))
	if err != nil || json.Unmarshal(text, &t) != nil {
		return t, false
	}
	a.cookies.clear(w, name)
	return t, subtle.ConstantTimeCompare([]byte(t.State), []byte(state)) == 1
}

// callback is the redirect URI: a code, or why there is none.
func (a *app) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("admin_consent") {
		a.adminAnswered(w, r, q)
		return
	}
	t, ok := a.begun(w, r, q.Get("state"))
	if !ok {
		a.show(w, r, http.StatusBadRequest, "unknown", nil)
		return
	}
	if q.Get("error") != "" {
		a.refused(w, r, t, q.Get("error"), q.Get("error_description"))
		return
	}
	client, err := a.connect()
	if err != nil {
		a.fail(w, r, err)
		return
	}
	result, err := client.AcquireTokenByAuthCode(r.Context(), q.Get("code"), a.baseURL+callbackPath, t.Scopes, confidential.WithChallenge(t.Verifier))
	if err != nil {
		a.fail(w, r, fmt.Errorf("redeeming the code: %w", err))
		return
	}
	if err := a.check(result, t, q.Get("iss")); err != nil {
		a.fail(w, r, err)
		return
	}
	if a.enter(w, r, client, result) {
		http.Redirect(w, r, t.Return, http.StatusSeeOther)
	}
}

// check proves that the ID token answers this attempt (OpenID Connect Core
// §3.1.3.7). It came straight from the token endpoint by TLS, which stands for its
// signature there.
func (a *app) check(result confidential.AuthResult, t attempt, iss string) error {
	id := result.IDToken
	nonce := claimsOf(id.RawToken).Nonce
	issuer := a.provider.IssuerOf(id.TenantID)
	switch {
	case id.RawToken == "" || id.Oid == "" || id.TenantID == "":
		return errors.New("the platform gave no ID token, or none that says who it is of")
	case subtle.ConstantTimeCompare([]byte(nonce), []byte(t.Nonce)) != 1:
		return errors.New("the ID token answers another sign-in: its nonce is not ours")
	case id.Audience != a.clientID:
		return errors.New("the ID token is for another application")
	case id.Issuer != issuer:
		return fmt.Errorf("the ID token is from %q, not from %q", id.Issuer, issuer)
	case iss != "" && iss != issuer: // RFC 9207 §2.4
		return fmt.Errorf("the answer says that it is from %q, not from %q", iss, issuer)
	case a.now().After(time.Unix(id.ExpirationTime, 0).Add(5 * time.Minute)):
		return errors.New("the ID token has expired: is the clock right?")
	}
	return nil
}

// moreClaims are claims of an ID token that MSAL does not hand out. The last two
// are optional: the registration asks for them.
type moreClaims struct {
	Nonce     string `json:"nonce"`
	SID       string `json:"sid"`
	LoginHint string `json:"login_hint"`
}

func claimsOf(idToken string) moreClaims {
	var c moreClaims
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return c
	}
	// What cannot be read has no claims, and then the nonce is missing.
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(text, &c)
	return c
}

// enter gives the browser a session. Its key is always a new one, so that nobody
// can have planted it; the old session ends, and its tokens with it: the new
// refresh token is good for every scope that was ever granted, and whoever signed
// in now may be somebody else.
func (a *app) enter(w http.ResponseWriter, r *http.Request, client confidential.Client, result confidential.AuthResult) bool {
	id := result.IDToken
	more := claimsOf(id.RawToken)
	s := &session{
		client: client, account: result.Account, idToken: id.RawToken, sid: more.SID, ends: a.now().Add(lifetime),
		person: person{Name: id.Name, Username: id.PreferredUsername, TenantID: id.TenantID, ObjectID: id.Oid, hint: more.LoginHint},
	}
	if s.person.hint == "" {
		s.person.hint = id.PreferredUsername
	}
	if before := a.session(r); before != nil {
		s.asked = before.everAsked()
	}
	a.sessions.remove(a.cookies.get(r, sessionCookie))
	key, err := a.sessions.add(s, a.now())
	if err != nil {
		a.fail(w, r, err)
		return false
	}
	a.cookies.set(w, sessionCookie, key, lifetime)
	return true
}

// refused is an answer without a code. What follows depends on who can help: the
// person (asked again), an administrator, or nobody here.
func (a *app) refused(w http.ResponseWriter, r *http.Request, t attempt, code, description string) {
	a.log.Info("the platform gave no code", "error", code, "description", description)
	again := "/signin?" + url.Values{"return": {t.Return}}.Encode()
	if s := a.session(r); s != nil {
		again = t.Return
		s.answered()
	}
	data := map[string]any{"Error": code, "Description": description, "Again": again}
	switch {
	case provider.NeedsAdministrator(code, description):
		data["Link"] = provider.AdminConsent(a.authority, a.clientID, t.Scopes, a.baseURL+callbackPath)
		a.show(w, r, http.StatusForbidden, "administrator", data)
	case code == "access_denied":
		a.show(w, r, http.StatusForbidden, "declined", data)
	default:
		a.show(w, r, http.StatusBadGateway, "refused", data)
	}
}

// adminAnswered is the answer to that link, in the administrator's browser. Nothing
// follows from it but a sentence: what was granted shows when it is used.
func (a *app) adminAnswered(w http.ResponseWriter, r *http.Request, q url.Values) {
	if code := q.Get("error"); code != "" {
		a.show(w, r, http.StatusForbidden, "refused", map[string]any{"Error": code, "Description": q.Get("error_description"), "Again": "/"})
		return
	}
	a.show(w, r, http.StatusOK, "granted", nil)
}

// signOut ends the session here, and then the one at the platform.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) {
	s := a.session(r)
	a.sessions.remove(a.cookies.get(r, sessionCookie))
	a.cookies.clear(w, sessionCookie)
	if s == nil || a.provider.EndSession == "" {
		http.Redirect(w, r, signedOutPath, http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, a.provider.SignOut(s.idToken, s.person.hint, a.baseURL+signedOutPath), http.StatusSeeOther)
}

// frontChannel is asked by a frame in the platform's sign-out page when the person
// signed out anywhere (OpenID Connect Front-Channel Logout 1.0 §2). Cookies may be
// missing in a frame: what ends is found by the session id of the platform.
func (a *app) frontChannel(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a.sessions.removeSID(a.provider.IssuerOf, q.Get("iss"), q.Get("sid"))
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+provider.Origin(a.authority))
	h.Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "signed out")
}

// local is an address within this application, so that a link cannot make the
// sign-in end somewhere else.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) {
		return "/"
	}
	return path
}
