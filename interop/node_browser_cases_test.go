package interop

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/interop/internal/person"
	"github.com/sekisho-id/sekisho/interop/internal/platform"
)

// promptly is how soon a hidden frame has its answer. MSAL gives up after ten
// seconds and then says nothing about the reason.
const promptly = 5 * time.Second

func (s *spa) declined(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, err := s.load(t, tab); err != nil {
		return answer{}, err
	}
	got, _, err := s.inPopup(t, tab, "app.popup("+scopes(s.party.Permission)+")", person.Way{Person: s.party.person, Decline: true})
	return answer{Error: got.Error}, err
}

func (s *spa) redirect(t *testing.T) (a answer, err error) {
	// The profile outlives the case: the next ones go on in it.
	tab, closed, err := stage.people.profile()
	if err != nil {
		return a, err
	}
	if s.closed != nil {
		s.closed()
	}
	s.tab, s.closed = tab, closed
	if s.got, _, err = s.signIn(t, s.tab, s.party.Permission); err != nil {
		return a, err
	}
	return answer{Token: s.got.Token, IDToken: s.got.IDToken, Account: s.got.Account, Public: true}, nil
}

// cached asks for the same token, which must come without a request.
func (s *spa) cached(*testing.T) (answer, error) {
	second, err := s.withoutRequest(s.tab, s.party.Permission)
	return answer{Token: s.got.Token, Again: second.Token, IDToken: s.got.IDToken, Public: true}, err
}

func (s *spa) refreshed(*testing.T) (answer, error) { return s.fresh(s.tab, s.got, "RefreshToken") }

func (s *spa) popup(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, err := s.load(t, tab); err != nil {
		return answer{}, err
	}
	got, _, err := s.inPopup(t, tab, "app.popup("+scopes(s.party.Permission)+")", person.Way{Person: s.party.person})
	if err == nil {
		err = got.err()
	}
	if err != nil {
		return answer{}, err
	}
	return s.fresh(tab, got, "RefreshToken")
}

// withoutRequest asks for a token that MSAL has, and makes sure that it does not ask
// the server for it.
func (s *spa) withoutRequest(tab context.Context, scope string) (told, error) {
	before, err := call[int](tab, "app.requests()")
	if err == nil && before == 0 {
		err = errors.New("the page does not see its own requests")
	}
	if err != nil {
		return told{}, err
	}
	cached, err := call[told](tab, "app.silent("+scopes(scope)+")")
	if err != nil || cached.err() != nil {
		return told{}, errors.Join(err, cached.err())
	}
	after, err := call[int](tab, "app.requests()")
	if err == nil && (!cached.FromCache || after != before) {
		err = fmt.Errorf("%s is not from the cache: fromCache %v, %d requests", scope, cached.FromCache, after-before)
	}
	return cached, err
}

// fresh asks for another token by the way that a cache policy of MSAL names.
func (s *spa) fresh(tab context.Context, got told, policy string) (answer, error) {
	second, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", '"+policy+"')")
	if err != nil || second.err() != nil {
		return answer{}, errors.Join(err, second.err())
	}
	return answer{Token: got.Token, Again: second.Token, IDToken: second.IDToken, Account: second.Account, Public: true}, nil
}

func (s *spa) iframe(t *testing.T) (answer, error) {
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, s.party.Permission)
	if err != nil {
		return answer{}, err
	}
	sso, err := call[told](tab, "app.sso("+scopes(s.party.Permission)+", '"+s.party.Address+"')")
	if err != nil || sso.err() != nil {
		return answer{}, errors.Join(err, sso.err())
	}
	// Somebody else's session answers for nobody.
	other, err := call[told](tab, "app.sso("+scopes(s.party.Permission)+", 'nobody@"+s.party.Domain+"')")
	if err == nil && !strings.Contains(other.Error, "login_required") {
		err = fmt.Errorf("for another person the frame brought %q", other.Error)
	}
	if err != nil {
		return answer{}, err
	}
	return s.fresh(tab, got, "Skip") // neither cache nor refresh token: the frame
}

func (s *spa) iframeRefused(t *testing.T) (answer, error) {
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, s.party.Permission)
	if err != nil {
		return answer{}, err
	}
	asked := time.Now()
	refused, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", 'Skip')")
	if err != nil {
		return answer{}, err
	}
	if took := time.Since(asked); !strings.Contains(refused.Error, "InteractionRequiredAuthError") || !strings.Contains(refused.Error, "login_required") || took > promptly {
		return answer{}, fmt.Errorf("the frame answered after %v: %q", took, refused.Error)
	}
	return s.fresh(tab, got, "RefreshToken")
}

// signOut signs out of the application and of the server, once by leaving the page
// and once in a window of its own.
func (s *spa) signOut(t *testing.T) (answer, error) {
	tab := newProfile(t)
	if _, _, err := s.signIn(t, tab, s.party.Permission); err != nil {
		return answer{}, err
	}
	walk, err := s.leave(t, tab, "app.logout()")
	if err != nil {
		return answer{}, err
	}
	if err := s.isSignedOut(t, tab, walk); err != nil {
		return answer{}, err
	}
	_, walk, err = s.signIn(t, tab, s.party.Permission)
	if err == nil && !walk.Saw("password") {
		err = fmt.Errorf("after signing out the person saw %v", walk.Pages)
	}
	if err != nil {
		return answer{}, err
	}
	got, walk, err := s.inPopup(t, tab, "app.logoutPopup()", person.Way{Person: s.party.person})
	if err != nil || got.err() != nil {
		return answer{}, errors.Join(err, got.err())
	}
	if err := s.isSignedOut(t, tab, walk); err != nil {
		return answer{}, err
	}
	_, walk, err = s.signIn(t, tab, s.party.Permission)
	if err == nil && !walk.Saw("password") {
		err = fmt.Errorf("after signing out in a window the person saw %v", walk.Pages)
	}
	return answer{Done: true}, err
}

// isSignedOut waits for the app, which must know of nobody any more. Nobody was
// asked on the way, because the client named the account.
func (s *spa) isSignedOut(t *testing.T, tab context.Context, walk *person.Walk) error {
	if _, err := s.settled(t, tab); err != nil {
		return err
	}
	accounts, err := call[int](tab, "app.accounts()")
	if err == nil && (accounts != 0 || walk.Saw("signout")) {
		err = fmt.Errorf("the app knows %d accounts after the pages %v", accounts, walk.Pages)
	}
	return err
}

// guest signs in a person of one demonstration tenant to the other. The application
// has people of all tenants, so that the guest's consent brings it there.
func guest(t *testing.T, p *party, major string) (answer, error) {
	home, host := stage.server.Demo["usui.example"], stage.server.Demo["hakone.example"]
	at := slices.IndexFunc(home.People, func(x platform.Person) bool { return x.Address == "aya@usui.example" })
	if at < 0 {
		return answer{}, errors.New("the demonstration has no Aya of Usui")
	}
	secrets = append(secrets, home.People[at].Password)
	theirs := *p
	theirs.person = person.Person{Address: home.People[at].Address, Password: home.People[at].Password}
	s := newSPA(t, &theirs, major, "https", "localhost", host.ID)
	tab := newProfile(t)
	got, _, err := s.signIn(t, tab, "User.Read")
	if err != nil {
		return answer{}, err
	}
	again, err := call[told](tab, "app.silent("+scopes("User.Read")+", 'RefreshToken')")
	if err != nil || again.err() != nil {
		return answer{}, errors.Join(err, again.err())
	}
	if again.Token == got.Token {
		return answer{}, errors.New("the refresh token brought no other token")
	}
	for _, token := range []string{got.Token, again.Token} {
		claims, err := payload(token)
		if err != nil {
			return answer{}, err
		}
		uid, utid, _ := strings.Cut(got.Account, ".")
		if claims["tid"] != host.ID || utid != home.ID || claims["oid"] == uid {
			return answer{}, fmt.Errorf("the account is %s; the token has tid %v, oid %v", got.Account, claims["tid"], claims["oid"])
		}
		me, err := askMe(t.Context(), p, token)
		if err == nil && me != claims["oid"] {
			err = fmt.Errorf("Graph names %q", me)
		}
		if err != nil {
			return answer{}, err
		}
	}
	return answer{Done: true}, nil
}

// incremental asks for more when there is a use for it: the person is asked for
// what is new alone, and a later sign-in brings all that was ever agreed to.
func (s *spa) incremental(t *testing.T) (answer, error) {
	const first, later = "User.Read", "Files.ReadWrite"
	tab := newProfile(t)
	got, walk, err := s.signIn(t, tab, first)
	if err != nil {
		return answer{}, err
	}
	if asked := walk.Asked(); !slices.Contains(asked, first) || slices.Contains(asked, later) {
		return answer{}, fmt.Errorf("at first the person was asked for %q", asked)
	}
	if slices.Contains(got.Scopes, later) {
		return answer{}, fmt.Errorf("the first token has %q", got.Scopes)
	}
	got, walk, err = s.inPopup(t, tab, "app.more("+scopes(later)+")", person.Way{Person: s.party.person})
	if err != nil || got.err() != nil {
		return answer{}, errors.Join(err, got.err())
	}
	if asked := walk.Asked(); !slices.Equal(asked, []string{later}) {
		return answer{}, fmt.Errorf("the person was asked for %q, not for %s alone", asked, later)
	}
	if err := carries(got, first, later); err != nil {
		return answer{}, fmt.Errorf("after the consent: %w", err)
	}
	// The application starts anew, on another machine: nothing is left of its cache.
	tab = newProfile(t)
	got, walk, err = s.signIn(t, tab, first)
	if err == nil && walk.Saw("consent") {
		err = fmt.Errorf("the person was asked again, for %q", walk.Asked())
	}
	if err == nil {
		err = carries(got, first, later)
	}
	if err != nil {
		return answer{}, fmt.Errorf("after the restart: %w", err)
	}
	cached, err := s.withoutRequest(tab, later)
	if err == nil && cached.Token != got.Token {
		err = errors.New("the cache had another token")
	}
	return answer{Done: true}, err
}

// expired comes back a day later: the refresh token of a page lives for 24 hours
// from the sign-in, and MSAL goes on to the hidden frame, which the person who
// stays signed in answers for.
func (s *spa) expired(t *testing.T) (answer, error) {
	tab := newProfile(t)
	s.stay = true
	got, _, err := s.signIn(t, tab, s.party.Permission)
	s.stay = false
	if err != nil {
		return answer{}, err
	}
	if err := moveClock(t, 25*time.Hour); err != nil {
		return answer{}, err
	}
	refused, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", 'RefreshToken')")
	if err != nil {
		return answer{}, err
	}
	if !strings.Contains(refused.Error, "AADSTS700084") {
		return answer{}, fmt.Errorf("the refresh token brought %q", refused.Error)
	}
	second, err := call[told](tab, "app.silent("+scopes(s.party.Permission)+", 'RefreshTokenAndNetwork')")
	if err != nil || second.err() != nil {
		return answer{}, errors.Join(err, second.err())
	}
	if second.Token == got.Token {
		return answer{}, errors.New("the frame brought no other token")
	}
	return answer{Done: true}, nil
}

// moveClock moves the server's clock until the case ends.
func moveClock(t *testing.T, by time.Duration) error {
	t.Helper()
	move := func(body string) error {
		resp, err := http.Post(stage.server.BaseURL+"/dev/clock", "application/json", strings.NewReader(body))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			return fmt.Errorf("/dev/clock answered %s", resp.Status)
		}
		return nil
	}
	t.Cleanup(func() {
		if err := move(`{"reset":true}`); err != nil {
			t.Error(err)
		}
	})
	return move(fmt.Sprintf(`{"advanceSeconds":%d}`, int(by.Seconds())))
}

// carries says what a token or MSAL's description of it lacks.
func carries(got told, wanted ...string) error {
	raw, err := payload(got.Token)
	if err != nil {
		return err
	}
	scp, _ := raw["scp"].(string)
	for _, scope := range wanted {
		if !slices.Contains(strings.Fields(scp), scope) || !slices.Contains(got.Scopes, scope) {
			return fmt.Errorf("%s is missing: scp is %q, MSAL says %q", scope, scp, got.Scopes)
		}
	}
	return nil
}
