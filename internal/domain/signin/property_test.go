package signin_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	. "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// draws makes a world of bytes.
type draws struct{ rest []byte }

func (d *draws) n(n int) int {
	if len(d.rest) == 0 {
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return int(b) % n
}

func (d *draws) yes() bool { return d.n(3) == 1 }

func (d *draws) account() Account { return []Account{{}, hana, ren, kai}[d.n(4)] }

// moment lies around now and the beginning of the visit.
func (d *draws) moment() time.Time {
	return now.Add([]time.Duration{
		-time.Hour - time.Second, -time.Hour, -2 * time.Minute, -time.Minute - 1, -time.Minute, -time.Second, 0, time.Second, time.Hour,
	}[d.n(9)])
}

func (d *draws) scene() *scene {
	s := newScene()
	w, tx := s.Wish, s.Transaction
	w.None, w.Login, w.Select, w.Consent = d.yes(), d.yes(), d.yes(), d.yes()
	w.MaxAge = []time.Duration{-1, 0, time.Second, time.Minute, time.Hour, 24 * time.Hour}[d.n(6)]
	w.HintAccount, w.HintBinds, w.HintUnknown = d.account(), d.yes(), d.yes()
	w.HintUsername = []string{"", "", "HANA@home.example", "kai@other.example", "nobody@home.example"}[d.n(5)]
	w.Session = []directory.ID{"", "", sidOf(hana), sidOf(kai), "22222222-0000-4000-8000-000000000000"}[d.n(5)]
	w.DomainHint = []directory.TenantID{{}, {}, home, other}[d.n(4)]
	tx.Began = d.moment()
	tx.Picked, tx.Other, tx.Stay, tx.Consented = d.account(), d.yes(), d.yes(), d.yes()
	tx.Username = []string{"", "", "hana@home.example"}[d.n(3)]
	for _, a := range []Account{hana, ren, kai} {
		if d.yes() {
			continue
		}
		in(a)(s)
		c := &s.Live[len(s.Live)-1]
		c.AuthTime, c.Persistent, c.MustChange = d.moment(), d.yes(), d.yes()
		c.Allowed, c.Foreign = !d.yes(), d.yes()
	}
	if s.AskStay = d.yes(); d.yes() {
		s.Known = []Account{d.account()}
	}
	if d.yes() {
		s.entry.Failure = aadsts.New(aadsts.ResourceNotFound, "x", "y")
	}
	if d.yes() {
		s.entry.Refusal = aadsts.New(aadsts.NotAssigned, "x", "y")
	}
	s.entry.Consent = []*consent.Assessment{nil, {}, {}, {Needed: true}, {Needed: true, Missing: make([]consent.Permission, 1)}, {Missing: make([]consent.Permission, 1)}}[d.n(6)]
	if s.entry.Consent != nil && d.yes() {
		s.entry.Consent.Refusal = aadsts.New(aadsts.ConsentForbidden)
	}
	if w.None { // the parser lets nothing stand beside none
		w.Login, w.Select, w.Consent = false, false, false
	}
	return s
}

// hold checks what must be true whatever the world.
func hold(t *testing.T, s *scene) (finished bool) {
	t.Helper()
	c, step := s.run()
	w, tx := s.Wish, s.Transaction
	must := func(ok bool, what string) {
		if !ok {
			t.Errorf("%s: step %d, chosen %+v\nwish %+v\ntransaction %+v\nlive %+v\nentry %+v", what, step.Kind, c, *w, *tx, s.Live, s.entry)
		}
	}
	must(step.Kind >= Done && step.Kind <= Failed, "there is a step")
	must((step.Kind == Failed || step.Kind == Refused) == (step.Err != nil), "errors, and only they, have a cause")
	must(!w.None || !step.Kind.Interactive(), "a silent request shows no page")
	if step.Kind != Done {
		return false
	}
	must(c != nil && slices.ContainsFunc(s.Live, func(l Candidate) bool { return l == *c }), "the chosen one is signed in")
	must(c.Allowed, "the chosen one may enter the tenant")
	must(!c.MustChange, "the password need not change")

	visit := s.Now.Sub(tx.Began)
	must(visit <= MaxAge && visit > -time.Hour, "the visit is not too old")
	inVisit := !c.AuthTime.Before(tx.Began) && c.AuthTime.Sub(s.Now) < time.Hour
	must(!w.Login || inVisit, "a login that was demanded took place in this visit")
	must(w.MaxAge < 0 || inVisit || s.Now.Sub(c.AuthTime) <= w.MaxAge && !c.AuthTime.After(s.Now.Add(time.Minute)), "the proof is not older than max_age")

	must(!c.Foreign, "the subject is the one demanded")
	must(!w.HintBinds || c.Account == w.HintAccount, "nobody else than the ID token says")
	must(w.DomainHint.IsZero() || c.Tenant == w.DomainHint, "the domain is the hinted one")
	if tx.Picked != c.Account || w.None {
		must(!w.HintUnknown, "whom we cannot make out is nobody unasked")
		must(w.HintAccount.IsZero() || c.Account == w.HintAccount, "the account is the hinted one")
		must(w.HintUsername == "" || strings.EqualFold(c.Address, w.HintUsername), "the name is the hinted one")
		must(w.Session == "" || c.Session == w.Session, "the session is the hinted one")
		must(!w.Select, "a selection was made")
		must(!tx.Other && tx.Username == "" || w.None, "who asked for another account is not passed over")
		fit := 0
		for _, l := range s.Live {
			if l.Allowed && !l.Foreign && (w.HintAccount.IsZero() || l.Account == w.HintAccount) &&
				(w.HintUsername == "" || strings.EqualFold(l.Address, w.HintUsername)) &&
				(w.Session == "" || l.Session == w.Session) && (w.DomainHint.IsZero() || l.Tenant == w.DomainHint) {
				fit++
			}
		}
		must(fit == 1, "nobody is chosen among several")
	}

	must(s.entry.Failure == nil && s.entry.Refusal == nil, "nothing was refused")
	must(s.entry.Consent != nil && len(s.entry.Consent.Missing) == 0, "no consent is missing")
	must(s.entry.Consent == nil || !s.entry.Consent.Needed || tx.Consented && tx.Picked == c.Account, "consent that was demanded was given in this visit")
	return true
}

// Whoever finishes a sign-in has done everything that it takes.
func TestNobodyFinishesEarly(t *testing.T) {
	random := rand.New(rand.NewPCG(2026, 11))
	data := make([]byte, 64)
	finished := 0
	for range 300_000 {
		for i := range data {
			data[i] = byte(random.UintN(256))
		}
		if hold(t, (&draws{data}).scene()) {
			finished++
		}
		if t.Failed() {
			return
		}
	}
	if finished < 1000 {
		t.Errorf("only %d worlds finish: the test says little", finished)
	}
}

func FuzzNext(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("one signed in, everything else as it may be"))
	f.Fuzz(func(t *testing.T, data []byte) { hold(t, (&draws{data}).scene()) })
}
