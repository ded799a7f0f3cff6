package authorization_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const day = 24 * time.Hour

// rotating are the platforms whose clients keep no secret.
var rotating = []directory.RedirectPlatform{directory.PlatformSPA, directory.PlatformPublicClient}

func TestPublicClientsRotate(t *testing.T) {
	for _, platform := range rotating {
		t.Run(string(platform), func(t *testing.T) {
			w := newWorld(t)
			first := w.begin(platform)
			w.pass(time.Hour)
			second := w.works("the newest", first)
			w.pass(authorization.DefaultGrace)
			w.works("the one before, within the grace", first)
			third := w.works("the newest, after the other tab", second)
			w.pass(authorization.DefaultGrace + time.Microsecond)
			w.works("the newest", third)
			w.refused("the one before the one before", first, aadsts.GrantRevoked)
			w.refused("the newest, after a reuse", third, aadsts.GrantRevoked)
		})
	}
}

func TestReuseAfterTheGrace(t *testing.T) {
	for _, platform := range rotating {
		w := newWorld(t)
		first := w.begin(platform)
		second := w.works("the newest", first)
		w.pass(authorization.DefaultGrace + time.Microsecond)
		w.refused("the one before, too late", first, aadsts.GrantRevoked)
		w.refused("the newest, after a reuse", second, aadsts.GrantRevoked)
	}
}

// Two generations back is a reuse even within the grace.
func TestReuseTwoBack(t *testing.T) {
	w := newWorld(t)
	first := w.begin(directory.PlatformSPA)
	third := w.works("second", w.works("first", first))
	w.refused("two back", first, aadsts.GrantRevoked)
	w.refused("the newest", third, aadsts.GrantRevoked)
}

// Both tabs of a browser hold a good token after they refreshed at once.
func TestTabsRefreshAtOnce(t *testing.T) {
	w := newWorld(t)
	first := w.begin(directory.PlatformSPA)
	const tabs = 8
	got := make([]string, tabs)
	var wg sync.WaitGroup
	for i := range tabs {
		wg.Go(func() {
			token, err := w.refresh(first)
			if err != nil {
				t.Errorf("tab %d: %v", i, err)
			}
			got[i] = token
		})
	}
	wg.Wait()
	for i, token := range got {
		p, err := w.FindRefreshToken(t.Context(), token)
		if err != nil {
			t.Fatalf("tab %d: %v", i, err)
		}
		if p.Generation != 2 {
			t.Errorf("the family is at generation %d after %d refreshes of one token", p.Generation, tabs)
		}
	}
	w.pass(time.Hour)
	w.works("one of them", got[0])
}

// A refresh that is refused for what it asks does not use the token up.
func TestRefusedRefreshDoesNotRotate(t *testing.T) {
	w := newWorld(t)
	token := w.begin(directory.PlatformPublicClient)
	for range 3 {
		p, err := w.FindRefreshToken(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Refresh(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
	}
	w.works("after requests that came to nothing", token)
}

func TestConfidentialClientsKeepEveryToken(t *testing.T) {
	w := newWorld(t)
	first := w.begin(directory.PlatformWeb)
	token := first
	for range 5 {
		w.pass(10 * day)
		token = w.works("the newest", token)
	}
	w.pass(39 * day)
	w.works("the first", first)
	w.pass(2 * day)
	w.refused("the first, idle", first, aadsts.TokenInactive)
	w.works("the newest", token)
}

// The end of a family in the store moves with its use, so that a sweep never
// takes a living one.
func TestFamilyOutlivesItsTokens(t *testing.T) {
	for _, platform := range []directory.RedirectPlatform{directory.PlatformWeb, directory.PlatformPublicClient} {
		w := newWorld(t)
		token := w.begin(platform)
		for range 12 {
			w.pass(89 * day)
			if _, err := w.db.SweepFamilies(t.Context(), w.clock(), 10); err != nil {
				t.Fatal(err)
			}
			token = w.works("after a sweep", token)
		}
		w.pass(authorization.IdleLimit + time.Microsecond)
		w.refused("idle", token, aadsts.TokenInactive)
		w.pass(10 * day)
		if n, err := w.db.SweepFamilies(t.Context(), w.clock(), 10); n != 1 || err != nil {
			t.Fatalf("%d swept, %v", n, err)
		}
		w.refused("forgotten", token, aadsts.TokenInactive)
	}
}

// A single-page application's tokens end a day after the sign-in, however often
// they are used.
func TestSinglePageApplicationsEnd(t *testing.T) {
	w := newWorld(t)
	token := w.begin(directory.PlatformSPA)
	for range 4 {
		w.pass(5 * time.Hour)
		token = w.works("within the day", token)
	}
	w.pass(4*time.Hour - time.Microsecond)
	token = w.works("at the last moment", token)
	w.pass(time.Microsecond)
	w.refused("a day after the sign-in", token, aadsts.TokenTooOld)
	w.pass(2 * day)
	if n, err := w.db.SweepFamilies(t.Context(), w.clock(), 10); n != 1 || err != nil {
		t.Fatalf("%d swept, %v", n, err)
	}
	w.refused("forgotten", token, aadsts.GrantRevoked)
}

func TestRefreshTokenLife(t *testing.T) {
	f := &authorization.Family{CreatedAt: start}
	f.Platform = directory.PlatformSPA
	if got := f.RefreshTokenLife(start.Add(time.Second)); got != day-time.Second {
		t.Errorf("single-page: %v", got)
	}
	f.Platform = directory.PlatformWeb
	if got := f.RefreshTokenLife(start.Add(time.Hour)); got != authorization.IdleLimit {
		t.Errorf("web: %v", got)
	}
}

func TestRefreshTokenThatIsNone(t *testing.T) {
	w := newWorld(t)
	token := w.begin(directory.PlatformWeb)
	for text, want := range map[string]aadsts.Code{
		"": aadsts.GarbledGrant, "1.": aadsts.GarbledGrant, token[:len(token)-1]: aadsts.GarbledGrant, token + "A": aadsts.GarbledGrant,
		"2" + token[1:]: aadsts.GarbledGrant, token[:9] + "+" + token[10:]: aadsts.GarbledGrant, w.issue(directory.PlatformWeb): aadsts.GarbledGrant,
		"1." + strings.Repeat("A", len(token)-2): aadsts.InvalidGrant, "1." + strings.Repeat("\n", len(token)-2): aadsts.GarbledGrant,
		token[:9] + "\r" + token[10:]: aadsts.GarbledGrant,
	} {
		_, err := w.refresh(text)
		wants(t, text, "", err, want)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token[2:])
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 1
		_, err := w.FindRefreshToken(t.Context(), "1."+base64.RawURLEncoding.EncodeToString(raw))
		wants(t, "a changed byte", "", err, aadsts.InvalidGrant)
		raw[i] ^= 1
	}
}

// Whoever can read the key but not the tokens cannot make one: the secret is in
// the token alone.
func TestRefreshTokenOfAnotherInstallation(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	token := w.begin(directory.PlatformWeb)
	// The same key and the same family id, but a secret of its own.
	p, err := w.FindRefreshToken(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	found, err := other.Find(t.Context(), other.issue(directory.PlatformWeb))
	if err != nil {
		t.Fatal(err)
	}
	use, err := other.Redeem(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	use.Family.ID = p.ID
	if _, err := other.commit(t.Context(), use, true, start); err != nil {
		t.Fatal(err)
	}
	other.refused("a token of another database", token, aadsts.InvalidGrant)
}

func TestRevokedAccount(t *testing.T) {
	later := func(f func(*directory.User, time.Time)) func(*world) {
		return func(w *world) {
			w.pass(time.Hour)
			w.change(home, hana, func(u *directory.User) { f(u, w.clock()) })
		}
	}
	sessions := later(func(u *directory.User, at time.Time) { u.SessionsValidFrom = at })
	changed := later(func(u *directory.User, at time.Time) { u.PasswordChangedAt = at })
	for _, platform := range []directory.RedirectPlatform{directory.PlatformWeb, directory.PlatformSPA, directory.PlatformPublicClient} {
		w := newWorld(t)
		token := w.begin(platform)
		sessions(w)
		w.refused("sessions revoked, "+string(platform), token, aadsts.GrantRevoked)

		w = newWorld(t)
		token = w.begin(platform)
		changed(w)
		if platform == directory.PlatformWeb {
			w.works("password changed, web", token)
		} else {
			w.refused("password changed, "+string(platform), token, aadsts.GrantRevoked)
		}
	}
}
