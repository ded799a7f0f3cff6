package authorize

import (
	"context"
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
	case q.Redirect.Platform() == frontchannel.Web:
		return nil
	case q.method == "" && q.Redirect.Platform() == frontchannel.SPA:
		return aadsts.New(aadsts.ChallengeRequired)
	case q.method == "":
		return aadsts.New(aadsts.ChallengeInvalid)
	case q.method != oauth2.ChallengeS256:
		return aadsts.New(aadsts.ChallengeMethod)
	}
	return nil
}

func challengeError(err error) error {
	switch err {
	case oauth2.ErrChallengeSize:
		return aadsts.New(aadsts.ChallengeSize)
	case oauth2.ErrChallengeMethod:
		return aadsts.New(aadsts.ChallengeMethod)
	}
	return aadsts.New(aadsts.ChallengeInvalid).Because(err)
}

func (q *Request) checkPrompt(context.Context) error {
	text := q.form.Get("prompt")
	if q.version == 1 && text == "admin_consent" {
		q.organisation, q.wish.Consent = true, true
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
	if err != nil || seconds < 0 || text[0] == '+' {
		return aadsts.New(aadsts.EmptyParameter, "max_age")
	}
	q.wish.MaxAge = longest
	if seconds < int64(longest/time.Second) {
		q.wish.MaxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

func (q *Request) checkClaims(context.Context) error {
	if _, err := issue.ParseWish(q.form.Get("claims")); err != nil {
		return aadsts.New(aadsts.MalformedJSON, "claims").Because(err)
	}
	return nil
}

func (q *Request) checkHints(ctx context.Context) error {
	hint, sid := q.form.Get("login_hint"), q.form.Get("sid")
	for _, other := range []struct{ name, value string }{{"login_hint", hint}, {"sid", sid}} {
		if q.wish.Select && other.value != "" {
			return aadsts.New(aadsts.ExclusiveParameters, "prompt=select_account", other.name)
		}
	}
	if sid != "" {
		id, err := directory.ParseID(sid)
		if err != nil {
			return aadsts.New(aadsts.InvalidSessionID)
		}
		q.wish.Session = id
	}
	if hint != "" {
		if home, user, ok := q.endpoint.Hints.Account(ctx, hint); ok {
			q.wish.HintAccount = signin.Account{Tenant: home, User: user}
		} else if !strings.HasPrefix(hint, "O.") {
			q.wish.HintUsername = strings.TrimSpace(hint)
		}
	}
	if token := q.form.Get("id_token_hint"); token != "" && q.endpoint.TokenHint != nil {
		if account, ok := q.endpoint.TokenHint(ctx, token); ok {
			q.wish.HintAccount, q.wish.HintUsername = account, ""
		}
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
	t, err := q.endpoint.Lookup.TenantByName(ctx, name.Text)
	if err != nil {
		if isNotFound(err) {
			return aadsts.New(aadsts.DomainUnknown, hint)
		}
		return err
	}
	q.wish.DomainHint = t.ID
	return nil
}
