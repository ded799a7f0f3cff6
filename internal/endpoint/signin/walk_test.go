package signin_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	domain "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// stepOf names the form of a page.
var stepOf = map[domain.Kind]string{
	domain.AskUsername: "username", domain.AskPassword: "password", domain.NewPassword: "newpassword", domain.PickAccount: "pick",
	domain.AskStay: "stay", domain.AskConsent: "consent", domain.Refused: "refused",
}

// robber is somebody who presses every button in every order, in two browsers, and
// keeps every page to send it again. The model beside knows only what must have
// happened before a sign-in may finish.
type robber struct {
	*world
	random   *rand.Rand
	browsers [2]browser
	pages    []kept
	visits   map[string]*began
	// proofs are when the right password of an account was last given in a browser.
	proofs   [2]map[domain.Account]time.Time
	finished int
}

type kept struct{ state, step string }

type began struct {
	browser int
	at      time.Time
}

func (r *robber) account() domain.Account {
	return []domain.Account{hana, ren, kai}[r.random.IntN(3)]
}

func (r *robber) wish() *domain.Wish {
	w := &domain.Wish{MaxAge: -1}
	switch r.random.IntN(9) {
	case 0:
		w.Login = true
	case 1:
		w.Consent = true
	case 2:
		w.Select = true
	case 3:
		w.HintAccount = r.account()
	case 4:
		w.HintAccount, w.HintBinds = r.account(), true
	case 5:
		w.MaxAge = time.Duration(r.random.IntN(3)) * 10 * time.Minute
	case 6:
		w.None = true
	case 7:
		a := r.account()
		w.Subject = home.String() + string(appID+a.User)
	}
	return w
}

// fields are what the robber types.
func (r *robber) fields(step string) []string {
	a := r.account()
	tile := a.Tenant.String() + "/" + string(a.User)
	out := []string{
		"loginfmt", r.people[a].UserPrincipalName, "passwd", r.people[a].PasswordHash, "newpasswd", "x", "confirmpasswd", "x",
		"account", tile, "demo", tile,
	}
	switch r.random.IntN(12) {
	case 0:
		out = append(out, "action", "other")
	case 1:
		out = append(out, "action", "no")
	case 2:
		out = append(out, "action", "cancel")
	case 3:
		out = append(out, "lang", "ja")
	case 4:
		if step == "pick" {
			out = append(out, "forget", tile)
		}
	}
	return out
}

func (r *robber) act(n int) {
	i := r.random.IntN(2)
	var d did
	switch k := r.random.IntN(60); {
	case k == 0 && len(r.sessions) > 0: // somebody signs out elsewhere
		all := slices.Sorted(maps.Keys(r.sessions))
		delete(r.sessions, all[r.random.IntN(len(all))])
		return
	case k == 1:
		r.now = r.now.Add(time.Duration(r.random.IntN(40)) * time.Minute)
		return
	case k == 2:
		u := r.people[r.account()]
		u.ForceChangePassword = !u.ForceChangePassword
		return
	case k < 14 || len(r.pages) == 0:
		name := fmt.Sprint("visit ", n)
		r.visits[name] = &began{browser: i, at: r.now}
		d = r.begin(r.browsers[i], name, r.wish())
	default:
		// Mostly one of the last pages.
		at := len(r.pages) - 1 - r.random.IntN(min(4, len(r.pages)))
		if r.random.IntN(5) == 0 {
			at = r.random.IntN(len(r.pages))
		}
		p := r.pages[at]
		if r.random.IntN(6) == 0 {
			p.step = stepOf[domain.Kind(2+r.random.IntN(7))]
		}
		d = r.post(r.browsers[i], p.state, p.step, r.fields(p.step)...)
	}
	r.now = r.now.Add(time.Duration(r.random.IntN(30)) * time.Second)
	if d.state != "" {
		r.pages = append(r.pages, kept{d.state, stepOf[d.page]})
	}
	r.judge(i, d)
}

func (r *robber) judge(i int, d did) {
	r.t.Helper()
	must := func(ok bool, what string) {
		if !ok {
			r.t.Errorf("%s: %+v", what, d)
		}
	}
	for _, a := range d.proved {
		r.proofs[i][a] = r.now
	}
	outcomes := 0
	for _, happened := range []bool{d.page != 0, d.refused != nil, d.wrong != nil, d.finished != nil} {
		if happened {
			outcomes++
		}
	}
	must(outcomes == 1, "one thing comes of a request")
	if d.wrong != nil {
		must(errors.Is(d.wrong, aadsts.InvalidInput), "only a page of another browser is an error")
	}
	if d.finished == nil {
		return
	}
	r.finished++
	s := d.finished.Subject
	a := domain.Account{Tenant: s.HomeTenant, User: s.HomeUser}
	v, w := r.visits[d.visit], r.wishes[d.visit]
	proof, proved := r.proofs[i][a]
	must(proved, "the password was given in this browser")
	must(v.browser == i, "the visit is one of this browser")
	must(a.Tenant == home && s.Tenant == home, "the account is of the tenant")
	must(r.granted[a], "the person consented")
	must(!w.Consent || slices.Contains(r.accepted[d.visit], a), "the person consented in this visit")
	must(!w.Login || !proof.Before(v.at), "the password was given in this visit")
	must(w.MaxAge < 0 || !proof.Before(v.at) || r.now.Sub(proof) <= w.MaxAge+time.Minute, "the proof is not too old")
	must(!w.HintBinds || a == w.HintAccount, "the account is the one of the ID token")
	must(w.Subject == "" || w.Subject == home.String()+string(appID+a.User), "the subject is the one demanded")
	must(r.now.Sub(v.at) <= domain.MaxAge+time.Minute, "the visit is not too old")
	must(!r.people[a].ForceChangePassword, "the password need not be changed")
	if _, ok := (*shelf)(r.world).byID(s.HomeTenant, s.Session); !ok {
		must(false, "the session lives")
	}
}

// However the pages are mixed, a sign-in finishes only for who did everything that
// it takes, in that browser and that visit.
func TestPagesInEveryOrder(t *testing.T) {
	finished := 0
	for seed := range uint64(20) {
		r := &robber{
			world: newWorld(t), random: rand.New(rand.NewPCG(seed, 11)), browsers: [2]browser{{}, {}}, visits: map[string]*began{},
			proofs: [2]map[domain.Account]time.Time{{}, {}},
		}
		for n := range 600 {
			if r.act(n); t.Failed() {
				t.Fatalf("seed %d, act %d", seed, n)
			}
		}
		finished += r.finished
	}
	if finished < 300 {
		t.Errorf("only %d sign-ins finished: the test says little", finished)
	}
}

// What one person accepted, another did not.
func TestConsentOfSomebodyElse(t *testing.T) {
	w, b := newWorld(t), browser{}
	w.granted[hana], w.granted[ren] = true, true
	d := w.begin(b, "visit", &domain.Wish{MaxAge: -1, Consent: true})
	for _, p := range []struct {
		step   string
		fields []string
		next   domain.Kind
	}{
		{"username", []string{"loginfmt", "hana@home.example"}, domain.AskPassword},
		{"password", []string{"passwd", passwordOf(hana)}, domain.AskConsent},
		{"consent", nil, domain.AskStay},
		{"stay", []string{"action", "other"}, domain.AskUsername},
		{"username", []string{"loginfmt", "ren@home.example"}, domain.AskPassword},
		{"password", []string{"passwd", passwordOf(ren)}, domain.AskConsent},
		{"consent", []string{"action", "switch"}, domain.AskUsername},
		{"username", []string{"loginfmt", "hana@home.example"}, domain.AskConsent},
	} {
		if d = w.post(b, d.state, p.step, p.fields...); d.page != p.next {
			t.Fatalf("after %s %v: page %d, want %d; %+v", p.step, p.fields, d.page, p.next, d)
		}
	}
}

// A session that ends while the answer is written is as none.
func TestSessionEndsAtTheLastMoment(t *testing.T) {
	w, b := newWorld(t), browser{}
	w.granted[hana] = true
	d := w.begin(b, "first", &domain.Wish{MaxAge: -1, HintUsername: "hana@home.example"})
	w.joined = func() { clear(w.sessions) }
	if d = w.post(b, d.state, "password", "passwd", passwordOf(hana)); d.page != domain.AskStay {
		t.Fatalf("page %d", d.page)
	}
	if d = w.post(b, d.state, "stay", "action", "no"); d.page != domain.AskPassword || d.finished != nil || d.refused != nil {
		t.Fatalf("%+v", d)
	}
	if d = w.post(b, d.state, "password", "passwd", passwordOf(hana)); d.finished == nil {
		t.Fatalf("%+v", d)
	}
	w.joined = func() { clear(w.sessions) }
	w.endpoint.Sessions.Store = (*shelf)(w)
	d = w.begin(b, "second", &domain.Wish{MaxAge: -1, None: true})
	if d.finished == nil && !errors.Is(d.refused, aadsts.LoginRequired) {
		t.Errorf("%+v", d)
	}
}
