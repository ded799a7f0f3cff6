package signin

import (
	"context"
	"io"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/session"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
)

// browser is what the cookies of a request say, and what they will say after it.
type browser struct {
	live    []session.Live
	known   web.Remembered
	name    web.Browser
	binding []byte // nil where the browser has no name yet
	named   bool   // the name was drawn in this request

	sealer       session.Sealer
	changed      bool // sessions
	knownChanged bool
}

// browserOf reads the cookies. What they hold of sessions that are over stays until
// something else changes: an answer to a request that began before the cookie was
// renewed elsewhere must not undo that.
func (e *Endpoint) browserOf(r *http.Request) (*browser, error) {
	b := &browser{sealer: e.Sealer}
	var err error
	if b.live, err = e.Sessions.Load(r.Context(), web.SessionSecrets(r)); err != nil {
		return nil, err
	}
	if b.known, err = web.ReadRemembered(r.Context(), r, e.Sealer); err != nil {
		return nil, err
	}
	if name, ok := web.BrowserOf(r); ok {
		b.name, b.binding = name, name.Binding()
	}
	return b, nil
}

// write sets the cookies that changed, before anything is answered.
func (b *browser) write(ctx context.Context, w http.ResponseWriter) error {
	if b == nil {
		return nil
	}
	if b.changed {
		web.SetSessions(w, b.live)
		b.changed = false
	}
	if b.knownChanged {
		if err := b.known.Write(ctx, w, b.sealer); err != nil {
			return err
		}
		b.knownChanged = false
	}
	if b.named {
		b.name.Write(w)
		b.named = false
	}
	return nil
}

// bind gives the browser a name if it has none. A name stays: sign-ins in several
// tabs share it.
func (b *browser) bind(rand io.Reader) ([]byte, error) {
	if b.binding == nil {
		name, err := web.NewBrowser(rand)
		if err != nil {
			return nil, err
		}
		b.name, b.binding, b.named = name, name.Binding(), true
	}
	return b.binding, nil
}

func (b *browser) find(a signin.Account) *session.Live {
	for i := range b.live {
		if accountOf(&b.live[i]) == a {
			return &b.live[i]
		}
	}
	return nil
}

// add takes a new session in, and remembers its account. It gives the session that
// had to make room, if one had to.
func (b *browser) add(l session.Live) (gone *session.Live) {
	b.drop(accountOf(&l))
	b.live = append(b.live, l)
	if len(b.live) > session.MaxAccounts {
		oldest := b.live[0]
		b.live, gone = b.live[1:], &oldest
	}
	b.changed = true
	b.remember(&l)
	return gone
}

func (b *browser) remember(l *session.Live) {
	b.known.Remember(web.KnownAccount{
		Tenant: l.Tenant, User: l.User, Name: l.Account.DisplayName, Address: l.Account.UserPrincipalName,
	})
	b.knownChanged = true
}

// drop takes a session out of the cookies; it does not end it.
func (b *browser) drop(a signin.Account) {
	for i := range b.live {
		if accountOf(&b.live[i]) == a {
			b.live = append(b.live[:i:i], b.live[i+1:]...)
			b.changed = true
			return
		}
	}
}

func (b *browser) unknow(a signin.Account) {
	b.known.Forget(a.Tenant, a.User)
	b.knownChanged = true
}

// knows reports whether the account was signed in to this browser before.
func (b *browser) knows(u *directory.User) bool {
	return u != nil && u.ID != "" && b.known.Knows(u.TenantID, u.ID)
}

func (b *browser) dontAskAgain() {
	b.known.NeverAskToStay = true
	b.knownChanged = true
}

// listed is an account that a page may show in this browser.
type listed struct {
	signin.Account
	name, address string
	live          bool
}

// list is the accounts of this browser: those signed in, then those remembered.
func (b *browser) list() []listed {
	var out []listed
	for i := range b.live {
		l := &b.live[i]
		out = append(out, listed{accountOf(l), l.Account.DisplayName, l.Account.UserPrincipalName, true})
	}
	for _, k := range b.known.Accounts {
		a := signin.Account{Tenant: k.Tenant, User: k.User}
		if b.find(a) == nil {
			out = append(out, listed{a, k.Name, k.Address, false})
		}
	}
	return out
}

func (b *browser) accounts() []signin.Account {
	var out []signin.Account
	for _, l := range b.list() {
		out = append(out, l.Account)
	}
	return out
}

// remembered are the accounts that are not signed in.
func (b *browser) remembered() []signin.Account { return b.accounts()[len(b.live):] }

func (b *browser) tiles() []page.Tile {
	var out []page.Tile
	for _, l := range b.list() {
		out = append(out, page.Tile{
			Account: page.Account{Name: l.name, Address: l.address}, Value: tileValue(l.Account), SignedIn: l.live,
		})
	}
	return out
}
