package logout

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// leaving is who signs out.
type leaving struct {
	// live is the session of this browser, nil where it has none of the account.
	live *session.Live
	// elsewhere is a session that an ID token names and this browser does not hold,
	// as where cookies were lost; nil without one.
	elsewhere *session.Session
}

// hinted finds out for whom the request vouches: an ID token of ours, which need
// not be valid any more, or the login_hint claim of an account that is signed in
// here. It is nil where nothing usable was sent; then the person is asked.
func (e *Endpoint) hinted(ctx context.Context, v *visit, form oauth2.Form) (*leaving, error) {
	if text := form.Get("id_token_hint"); text != "" {
		if hint, err := e.Tokens.Read(text); err == nil {
			// RP-Initiated Logout §2: a client_id beside it must be the same. It is
			// no reason to keep the person signed in, but nobody is sent anywhere.
			v.Foreign = v.Foreign || v.Client != "" && v.Client != hint.Client
			v.Client = hint.Client
			if who, err := e.ofToken(ctx, v, &hint); who != nil || err != nil {
				return who, err
			}
		}
	}
	if hint := form.Get("logout_hint"); hint != "" {
		if home, user, ok := e.Hints.Account(ctx, hint); ok {
			if l := v.of(home, user); l != nil {
				return &leaving{live: l}, nil
			}
		}
	}
	return nil, nil
}

// ofToken finds the sessions that an ID token speaks of; nil where it leads to
// nobody.
func (e *Endpoint) ofToken(ctx context.Context, v *visit, hint *issue.TokenHint) (*leaving, error) {
	p, err := e.person(ctx, hint)
	if err != nil {
		return nil, err
	}
	who := &leaving{}
	for i := range v.live {
		l := &v.live[i]
		is, err := p.is(ctx, l.Tenant, l.User)
		if err != nil {
			return nil, err
		}
		if is || hint.Session != "" && l.ID == hint.Session {
			who.live = l
			break
		}
	}
	if who.live == nil && !p.known && hint.Session == "" {
		return nil, nil
	}
	if hint.Session != "" && (who.live == nil || who.live.ID != hint.Session) {
		who.elsewhere, err = e.elsewhere(ctx, hint, p)
	}
	return who, err
}

// elsewhere finds the session that the token names by `sid`, if it is the token's
// person whose it is.
func (e *Endpoint) elsewhere(ctx context.Context, hint *issue.TokenHint, p *person) (*session.Session, error) {
	row, err := e.Sessions.Store.Session(ctx, p.home, hint.Session)
	switch {
	case errors.Is(err, directory.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	is, err := p.is(ctx, row.Tenant, row.User)
	if err != nil || !is {
		return nil, err
	}
	return row, nil
}

// person is whom an ID token is about.
type person struct {
	*Endpoint
	hint *issue.TokenHint
	home directory.TenantID
	// user is known where the token says it; else there is only the client's name
	// for the person to compare with.
	user  directory.ID
	known bool
}

func (e *Endpoint) person(ctx context.Context, hint *issue.TokenHint) (*person, error) {
	p := &person{Endpoint: e, hint: hint}
	var err error
	p.home, p.user, p.known, err = e.Tokens.Account(ctx, *hint)
	if !p.known {
		p.home = hint.Tenant
	}
	return p, err
}

// is reports whether an account is the person's.
func (p *person) is(ctx context.Context, home directory.TenantID, user directory.ID) (bool, error) {
	if home != p.home {
		return false, nil
	}
	if p.known {
		return user == p.user, nil
	}
	sub, err := p.Subjects.Subject(ctx, home, p.hint.Client, user)
	return err == nil && sub == p.hint.Subject, err
}

// of finds the browser's session of an account.
func (v *visit) of(home directory.TenantID, user directory.ID) *session.Live {
	for i := range v.live {
		if l := &v.live[i]; l.Tenant == home && l.User == user {
			return l
		}
	}
	return nil
}

// named finds the browser's session by its public name.
func (v *visit) named(id directory.ID) *session.Live {
	for i := range v.live {
		if l := &v.live[i]; l.ID == id {
			return l
		}
	}
	return nil
}
