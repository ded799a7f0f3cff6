package authorize

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// Request is an authorization request. Facts are only added; those below Party
// are proven by validate.
type Request struct {
	endpoint *Endpoint
	path     string // the tenant segment
	version  int
	form     oauth2.Form
	*frontchannel.Party

	responseType *responseType
	mode         string // where answers and errors go from now on
	scopes       oauth2.Scopes
	resource     string // v1
	challenge    string
	method       string // of the challenge
	organisation bool   // prompt=admin_consent of v1
	wish         signin.Wish
}

// validate checks what may be refused at the redirect URI, in the order of the
// table.
func (q *Request) validate(ctx context.Context) error {
	for _, c := range checks {
		if err := c.run(q, ctx); err != nil {
			return err
		}
	}
	return nil
}

// checks come after the redirect was proven. Response type and mode come first:
// they decide how the application hears of everything after them.
var checks = []struct {
	name string
	run  func(*Request, context.Context) error
}{
	{"response type", (*Request).checkResponseType},
	{"response mode", (*Request).checkResponseMode},
	{"request objects", (*Request).checkRequestObjects},
	{"scope", (*Request).checkScope},
	{"challenge", (*Request).checkChallenge},
	{"prompt", (*Request).checkPrompt},
	{"max_age", (*Request).checkMaxAge},
	{"claims", (*Request).checkClaims},
	{"hints", (*Request).checkHints},
	{"domain hint", (*Request).checkDomainHint},
	{"resource", (*Request).checkResource},
}

func (q *Request) checkResponseType(context.Context) error {
	// Until both are known, errors go where the type of the request puts them.
	q.mode = defaultMode(q.form.Get("response_type"))
	if m := q.form.Get("response_mode"); m == modeFormPost || m == modeFragment {
		q.mode = m
	}
	var err error
	q.responseType, err = parseResponseType(q.form.Get("response_type"), q.App)
	return err
}

func (q *Request) checkResponseMode(context.Context) error {
	var err error
	q.mode, err = q.responseType.mode(q.form.Get("response_mode"))
	return err
}

// checkRequestObjects refuses by name what is not supported: to ignore a request
// object would be to ignore what the application asked (OpenID Connect Core §6).
func (q *Request) checkRequestObjects(context.Context) error {
	for _, name := range []string{"request", "request_uri", "registration"} {
		if q.form.Get(name) != "" {
			return aadsts.New(aadsts.UnsupportedValue, name).Named(name + "_not_supported")
		}
	}
	return nil
}

func (q *Request) checkScope(context.Context) error {
	var err error
	text := q.form.Get("scope")
	if q.version == 1 {
		q.resource = q.form.Get("resource")
		if q.scopes, err = oauth2.ParseScopes(text); err != nil {
			return aadsts.New(aadsts.InvalidScope, text).Because(err)
		}
		// Only the words of OpenID Connect mean anything here.
		q.scopes = oauth2.Scopes{OIDC: q.scopes.OIDC}
		return nil
	}
	switch {
	case q.form.Get("resource") != "":
		return aadsts.New(aadsts.ResourceOnV2)
	case text == "":
		return aadsts.New(aadsts.MissingParameter, "scope")
	}
	if q.scopes, err = oauth2.ParseScopes(text); err != nil {
		return aadsts.New(aadsts.InvalidScope, text).Because(err)
	}
	if len(q.scopes.OIDC)+len(q.scopes.List) == 0 {
		return aadsts.New(aadsts.MissingParameter, "scope")
	}
	return nil
}

// checkChallenge demands PKCE of public clients (RFC 7636, RFC 9700 §2.1.1), with
// S256; confidential clients may use either method or none.
func (q *Request) checkChallenge(context.Context) error {
	q.challenge = q.form.Get("code_challenge")
	var err error
	if q.method, err = oauth2.ParseChallenge(q.form.Get("code_challenge_method"), q.challenge); err != nil {
		return challengeError(err)
	}
	switch {
	case q.Redirect.Platform() == directory.PlatformWeb:
		return nil
	case q.method == "" && q.Redirect.Platform() == directory.PlatformSPA:
		return aadsts.New(aadsts.ChallengeRequired)
	case q.method == "":
		return aadsts.New(aadsts.ChallengeInvalid)
	case q.method != oauth2.ChallengeS256:
		return aadsts.New(aadsts.ChallengeMethod)
	}
	return nil
}

func challengeError(err error) error {
	switch {
	case errors.Is(err, oauth2.ErrChallengeSize):
		return aadsts.New(aadsts.ChallengeSize)
	case errors.Is(err, oauth2.ErrChallengeMethod):
		return aadsts.New(aadsts.ChallengeMethod)
	}
	return aadsts.New(aadsts.ChallengeInvalid).Because(err)
}

func (q *Request) checkPrompt(context.Context) error {
	text := q.form.Get("prompt")
	if q.version == 1 && text == "admin_consent" {
		// An administrator proves anew who they are before granting for all.
		q.organisation, q.wish.Consent, q.wish.Login = true, true, true
		return nil
	}
	values, err := oauth2.ParsePrompt(text)
	if err != nil {
		return aadsts.New(aadsts.UnsupportedValue, "prompt").Because(err)
	}
	for _, v := range values {
		switch v {
		case oauth2.PromptNone:
			q.wish.None = true
		case oauth2.PromptLogin:
			q.wish.Login = true
		case oauth2.PromptConsent:
			q.wish.Consent = true
		case oauth2.PromptSelectAccount:
			q.wish.Select = true
		}
	}
	return nil
}

// longest bounds max_age: more than any session lives.
const longest = 10 * 365 * 24 * time.Hour

func (q *Request) checkMaxAge(context.Context) error {
	q.wish.MaxAge = -1
	text := q.form.Get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] < '0' || text[0] > '9' { // no sign
		return aadsts.New(aadsts.EmptyParameter, "max_age")
	}
	q.wish.MaxAge = longest
	if seconds < int64(longest/time.Second) {
		q.wish.MaxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

func (q *Request) checkClaims(context.Context) error {
	w, err := issue.ParseWish(q.form.Get("claims"))
	if err != nil {
		return aadsts.New(aadsts.MalformedJSON, "claims").Because(err)
	}
	q.wish.Subject = w.Subject
	return nil
}

func (q *Request) checkHints(ctx context.Context) error {
	hint, sid := q.form.Get("login_hint"), q.form.Get("sid")
	if q.wish.Select && sid != "" {
		return aadsts.New(aadsts.ExclusiveParameters, "prompt=select_account", "sid")
	}
	// A login_hint beside select_account is what MSAL Go sends by default: the
	// person chooses, and the hint fills the name in.
	if sid != "" {
		id, err := directory.ParseID(sid)
		if err != nil {
			return aadsts.New(aadsts.InvalidSessionID)
		}
		q.wish.Session = id
	}
	q.readLoginHint(ctx, hint)
	return q.readTokenHint(ctx, q.form.Get("id_token_hint"))
}

// readLoginHint tells our own name for an account from a user name. One of ours
// that cannot be read names somebody all the same.
func (q *Request) readLoginHint(ctx context.Context, hint string) {
	switch home, user, ok := q.endpoint.Hints.Account(ctx, hint); {
	case ok:
		q.wish.HintAccount = signin.Account{Tenant: home, User: user}
	case strings.HasPrefix(hint, "O.") && !strings.Contains(hint, "@"):
		q.wish.HintUnknown = true
	default:
		q.wish.HintUsername = strings.TrimSpace(hint)
	}
}

// readTokenHint finds whom an ID token is about. Nobody else may be signed in for
// the request (OpenID Connect Core §3.1.2.2); whom a token is about that is none
// of ours, only the person can say.
func (q *Request) readTokenHint(ctx context.Context, token string) error {
	if token == "" || q.endpoint.TokenHint == nil {
		return nil
	}
	account, ok, err := q.endpoint.TokenHint(ctx, token)
	switch {
	case err != nil:
		return err
	case ok:
		q.wish.HintAccount, q.wish.HintUsername, q.wish.HintUnknown = account, "", false
		q.wish.HintBinds = true
	default:
		q.wish.HintUnknown = true
	}
	return nil
}

// checkDomainHint finds the directory that the hint names. Another identity
// provider cannot be reached from here yet, and that is said rather than ignored.
func (q *Request) checkDomainHint(ctx context.Context) error {
	hint := strings.ToLower(q.form.Get("domain_hint"))
	switch hint {
	case "", "organizations", "common":
		return nil
	}
	name, err := directory.ParseTenantName(hint)
	if err != nil {
		return aadsts.New(aadsts.DomainUnknown, hint).Because(err)
	}
	if name.Kind == directory.NameConsumers {
		q.wish.DomainHint = directory.Consumers
		return nil
	}
	t, err := directory.FindTenant(ctx, q.endpoint.Lookup, name)
	if isNotFound(err) || err == nil && t == nil {
		return aadsts.New(aadsts.DomainUnknown, hint)
	}
	if err != nil {
		return err
	}
	q.wish.DomainHint = t.ID
	return nil
}

// checkResource asks whether what is asked for exists, where the path names the
// tenant in which it must; behind an alias that is known only with the person.
func (q *Request) checkResource(ctx context.Context) error {
	if q.Tenant == nil || q.endpoint.Check == nil {
		return nil
	}
	return q.endpoint.Check(ctx, q.Consent(q.Tenant, q.Principal, nil))
}
