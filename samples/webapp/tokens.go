package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"
	msal "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"
)

// interaction says that no token can be had unless the person is asked.
type interaction struct {
	claims string // what the next request must bring, "" for nothing
	cause  error
}

func (i *interaction) Error() string { return "the person must be asked: " + i.cause.Error() }
func (i *interaction) Unwrap() error { return i.cause }

// token gets an access token for one scope from the session's cache, or by its
// refresh token. One token is for one resource: each API has its own.
func (a *app) token(r *http.Request, s *session, scope string) (string, error) {
	result, err := s.client.AcquireTokenSilent(r.Context(), []string{scope}, confidential.WithSilentAccount(s.account))
	if err == nil {
		return result.AccessToken, nil
	}
	call, ok := errors.AsType[msal.CallErr](err)
	if !ok || call.Resp == nil {
		if !ok && strings.Contains(err.Error(), "no token found") {
			return "", &interaction{cause: err}
		}
		return "", err
	}
	var answer struct {
		Error  string `json:"error"`
		Claims string `json:"claims"`
	}
	text, _ := io.ReadAll(io.LimitReader(call.Resp.Body, 64<<10)) // what cannot be read says nothing
	_ = json.Unmarshal(text, &answer)
	switch answer.Error {
	case "invalid_grant", "interaction_required", "consent_required", "login_required":
		// Not consented to yet, revoked, expired, the password has changed: the
		// platform knows what to ask, and asks it.
		return "", &interaction{claims: answer.Claims, cause: err}
	}
	return "", err
}

// with calls do with an access token for the scope. Where the person has to be
// asked, they are sent to the platform and come back to the address back.
func (a *app) with(w http.ResponseWriter, r *http.Request, scope, back string, do func(s *session, token string) error) {
	s := a.session(r)
	if s == nil {
		a.ask(w, r, []string{scope}, back, "", "")
		return
	}
	token, err := a.token(r, s, scope)
	if need, ok := errors.AsType[*interaction](err); ok {
		if !s.mayAsk(scope, a.now()) {
			a.fail(w, r, fmt.Errorf("the platform asked, and still gives no token: %w", err))
			return
		}
		a.ask(w, r, []string{scope}, back, need.claims, "")
		return
	}
	if err == nil {
		err = do(s, token)
	}
	if err != nil {
		a.fail(w, r, err)
	}
}

// mayAsk keeps two refusals from sending a browser round in circles.
func (s *session) mayAsk(what string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = map[string]time.Time{}
	}
	last, ok := s.asked[what]
	s.asked[what] = now
	return !ok || now.Sub(last) > 10*time.Second
}

// answered forgets what was asked, because the person was there and refused.
func (s *session) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.asked)
}

func (s *session) everAsked() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.asked)
}
