package signin_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	. "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var (
	home  = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	other = directory.MustTenantID("b1d4e8a7-3c26-4f90-9a15-7e0c2d5f8b64")
	now   = time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)
	began = now.Add(-time.Minute)

	hana = Account{home, "00000000-0000-4000-8000-00000000000a"}
	ren  = Account{home, "00000000-0000-4000-8000-00000000000b"}
	kai  = Account{other, "00000000-0000-4000-8000-00000000000c"}
)

var app = &directory.Application{AppID: "3f0a7c11-52be-4c1d-9f3e-8d24b6a07e51", DisplayName: "Orders"}

// scene is a world to which facts are done.
type scene struct {
	Facts
	entry Entry
}

type fact func(*scene)

func newScene(facts ...fact) *scene {
	s := &scene{
		Facts: Facts{
			Wish:        &Wish{App: app, MaxAge: -1, Authority: directory.TenantName{Text: "home.example"}},
			Transaction: &Transaction{Began: began}, Now: now,
		},
		entry: Entry{Consent: &consent.Assessment{}},
	}
	for _, f := range facts {
		f(s)
	}
	return s
}

// run is what the endpoint does.
func (s *scene) run() (*Candidate, Step) {
	c, step := Choose(&s.Facts)
	if c == nil {
		return nil, step
	}
	return c, Next(&s.Facts, c, &s.entry)
}

// in makes somebody signed in an hour ago.
func in(a Account, and ...func(*Candidate)) fact {
	return func(s *scene) {
		names := map[Account]string{hana: "hana@home.example", ren: "ren@home.example", kai: "kai@other.example"}
		c := Candidate{Account: a, Session: sidOf(a), Address: names[a], AuthTime: now.Add(-time.Hour), Allowed: true}
		for _, f := range and {
			f(&c)
		}
		s.Live = append(s.Live, c)
	}
}

func sidOf(a Account) directory.ID { return "11111111" + a.User[8:] }

func proved(ago time.Duration) func(*Candidate) {
	return func(c *Candidate) { c.AuthTime = now.Add(-ago) }
}
func stranger(c *Candidate)   { c.Allowed = false }
func foreign(c *Candidate)    { c.Foreign = true }
func expired(c *Candidate)    { c.MustChange = true }
func persistent(c *Candidate) { c.Persistent = true }

func wish(f func(*Wish)) fact               { return func(s *scene) { f(s.Wish) } }
func chose(f func(*Transaction)) fact       { return func(s *scene) { f(s.Transaction) } }
func known(a Account) fact                  { return func(s *scene) { s.Known = append(s.Known, a) } }
func picked(a Account) fact                 { return chose(func(t *Transaction) { t.Picked = a }) }
func age(d time.Duration) fact              { return wish(func(w *Wish) { w.MaxAge = d }) }
func hinted(a Account) fact                 { return wish(func(w *Wish) { w.HintAccount = a }) }
func sid(id directory.ID) fact              { return wish(func(w *Wish) { w.Session = id }) }
func domain(t directory.TenantID) fact      { return wish(func(w *Wish) { w.DomainHint = t }) }
func username(n string) fact                { return wish(func(w *Wish) { w.HintUsername = n }) }
func entry(f func(*Entry)) fact             { return func(s *scene) { f(&s.entry) } }
func asks(f func(*consent.Assessment)) fact { return func(s *scene) { f(s.entry.Consent) } }
func failure(err error) fact                { return entry(func(e *Entry) { e.Failure = err }) }
func refusal(err error) fact                { return entry(func(e *Entry) { e.Refusal, e.Consent = err, nil }) }
func consentRefused(code aadsts.Code) fact {
	return asks(func(a *consent.Assessment) { a.Refusal = aadsts.New(code) })
}

var (
	none    = wish(func(w *Wish) { w.None = true })
	login   = wish(func(w *Wish) { w.Login = true })
	selects = wish(func(w *Wish) { w.Select = true })
	again   = wish(func(w *Wish) { w.Consent = true })
	binds   = wish(func(w *Wish) { w.HintBinds = true })
	unknown = wish(func(w *Wish) { w.HintUnknown = true })
	only    = wish(func(w *Wish) { w.Subject = "somebody" })

	typed     = chose(func(t *Transaction) { t.Username = "mei@home.example" })
	another   = chose(func(t *Transaction) { t.Other = true })
	consented = chose(func(t *Transaction) { t.Consented = true })
	stayed    = chose(func(t *Transaction) { t.Stay = true })
	askStay   = func(s *scene) { s.AskStay = true }

	missing = asks(func(a *consent.Assessment) { a.Needed, a.Missing = true, []consent.Permission{{Value: "Orders.Read"}} })
	needed  = asks(func(a *consent.Assessment) { a.Needed = true })
)

func opened(ago time.Duration) fact {
	return chose(func(t *Transaction) { t.Began = now.Add(-ago) })
}

// What is true of the world, and what is due then. An outcome is a Kind with, for
// AskPassword, the account and, for errors, their number and name.
func TestWhatIsDue(t *testing.T) {
	type want struct {
		kind    Kind
		account Account
		err     aadsts.Code
		oauth   string
		reason  string
	}
	var nobody Account
	done := func(a Account) want { return want{kind: Done, account: a} }
	failed := func(code aadsts.Code, oauth string) want { return want{kind: Failed, err: code, oauth: oauth} }
	refused := func(code aadsts.Code) want { return want{kind: Refused, err: code} }
	password := func(a Account) want { return want{kind: AskPassword, account: a} }
	renew := func(a Account, reason string) want { return want{kind: AskPassword, account: a, reason: reason} }
	for _, tt := range []struct {
		name  string
		facts []fact
		want  want
	}{
		// Nobody is signed in.
		{"nobody signed in", nil, want{kind: AskUsername}},
		{"nobody signed in, silent", []fact{none}, failed(aadsts.LoginRequired, "login_required")},
		{"nobody signed in, the browser remembers somebody", []fact{known(ren)}, want{kind: PickAccount}},
		{"nobody signed in, the browser remembers somebody, silent", []fact{known(ren), none}, failed(aadsts.LoginRequired, "login_required")},
		{"nobody signed in, a selection demanded", []fact{selects}, want{kind: AskUsername}},
		{"nobody signed in, a user name hinted", []fact{username("hana@home.example")}, password(nobody)},
		{"nobody signed in, an account hinted", []fact{hinted(hana), known(hana)}, password(hana)},
		{"nobody signed in, an account hinted, whom this browser never saw", []fact{hinted(hana)}, want{kind: AskUsername}},
		{"nobody signed in, an account hinted, silent", []fact{hinted(hana), none}, failed(aadsts.LoginRequired, "login_required")},
		{"nobody signed in, a name typed", []fact{typed}, password(nobody)},
		{"nobody signed in, an account picked", []fact{picked(hana), known(ren)}, password(hana)},
		{"nobody signed in, a session hinted", []fact{sid(sidOf(hana))}, want{kind: AskUsername}},
		{"nobody signed in, a session hinted, silent", []fact{sid(sidOf(hana)), none}, failed(aadsts.SessionNotFound, "interaction_required")},

		// One is.
		{"one signed in", []fact{in(hana)}, done(hana)},
		{"one signed in, silent", []fact{in(hana), none}, done(hana)},
		{"one signed in, a selection demanded", []fact{in(hana), selects}, want{kind: PickAccount}},
		{"one signed in, a selection demanded and made", []fact{in(hana), selects, picked(hana)}, done(hana)},
		{"one signed in, another account wanted", []fact{in(hana), another}, want{kind: AskUsername}},
		{"one signed in, another name typed", []fact{in(hana), typed}, password(nobody)},
		{"one signed in, not of this tenant", []fact{in(kai, stranger)}, want{kind: PickAccount}},
		{"one signed in, not of this tenant, silent", []fact{in(kai, stranger), none}, failed(aadsts.LoginRequired, "login_required")},
		{"one signed in, another picked", []fact{in(hana), picked(ren)}, password(ren)},
		{"one signed in, the same picked", []fact{in(hana), picked(hana)}, done(hana)},

		// Several are.
		{"two signed in", []fact{in(hana), in(ren)}, want{kind: PickAccount}},
		{"two signed in, silent", []fact{in(hana), in(ren), none}, failed(aadsts.SelectionRequired, "interaction_required")},
		{"two signed in, one picked", []fact{in(hana), in(ren), picked(ren)}, done(ren)},
		{"two signed in, one not of this tenant", []fact{in(hana), in(kai, stranger)}, done(hana)},
		{"two signed in, one not of this tenant, silent", []fact{in(hana), in(kai, stranger), none}, done(hana)},
		{"two signed in, one hinted", []fact{in(hana), in(ren), hinted(ren)}, done(ren)},
		{"two signed in, one hinted, silent", []fact{in(hana), in(ren), hinted(ren), none}, done(ren)},
		{"two signed in, one hinted by name in capitals", []fact{in(hana), in(ren), username("REN@home.example"), none}, done(ren)},
		{"two signed in, a session hinted", []fact{in(hana), in(ren), sid(sidOf(hana)), none}, done(hana)},
		{"two signed in, a domain hinted", []fact{in(hana), in(kai), domain(other), none}, done(kai)},

		// Hints of somebody else.
		{"another hinted", []fact{in(hana), hinted(ren), known(ren)}, password(ren)},
		{"another hinted, whom this browser never saw", []fact{in(hana), hinted(ren)}, want{kind: AskUsername}},
		{"another hinted, silent", []fact{in(hana), hinted(ren), none}, failed(aadsts.LoginRequired, "login_required")},
		{"another hinted by name, silent", []fact{in(hana), username("ren@home.example"), none}, failed(aadsts.LoginRequired, "login_required")},
		{"another hinted, and yet this one picked", []fact{in(hana), hinted(ren), picked(hana)}, done(hana)},
		{"another session hinted, silent", []fact{in(hana), sid(sidOf(ren)), none}, failed(aadsts.SessionNotFound, "interaction_required")},
		{"session and account hinted that are two, silent", []fact{in(hana), in(ren), sid(sidOf(hana)), hinted(ren), none}, failed(aadsts.LoginRequired, "login_required")},
		{"another domain hinted", []fact{in(hana), domain(other)}, want{kind: PickAccount}},
		{"another domain hinted, silent", []fact{in(hana), domain(other), none}, failed(aadsts.HintMismatch, "interaction_required")},
		{"another domain hinted, and yet this one picked", []fact{in(hana), domain(other), picked(hana)}, failed(aadsts.HintMismatch, "interaction_required")},
		{"another domain hinted, nobody of this tenant, silent", []fact{in(kai, stranger), domain(home), none}, failed(aadsts.LoginRequired, "login_required")},
		{"somebody hinted whom we cannot make out", []fact{in(hana), unknown}, want{kind: PickAccount}},
		{"somebody hinted whom we cannot make out, silent", []fact{in(hana), unknown, none}, failed(aadsts.LoginRequired, "login_required")},
		{"somebody hinted whom we cannot make out, one picked", []fact{in(hana), unknown, picked(hana)}, done(hana)},

		// One person alone will do.
		{"an ID token of this one", []fact{in(hana), hinted(hana), binds}, done(hana)},
		{"an ID token of this one, silent", []fact{in(hana), hinted(hana), binds, none}, done(hana)},
		{"an ID token of another", []fact{in(hana), hinted(ren), binds, known(ren)}, password(ren)},
		{"an ID token of another, whom this browser never saw", []fact{in(hana), hinted(ren), binds}, want{kind: AskUsername}},
		{"an ID token of another, silent", []fact{in(hana), hinted(ren), binds, none}, failed(aadsts.LoginRequired, "login_required")},
		{"an ID token of another, and yet this one picked", []fact{in(hana), hinted(ren), binds, picked(hana)}, refused(aadsts.SelectionRequired)},
		{"an ID token of another, this one proven since", []fact{in(hana, proved(0)), hinted(ren), binds, picked(hana)}, refused(aadsts.SelectionRequired)},
		{"a subject demanded, this one", []fact{in(hana), only}, done(hana)},
		{"a subject demanded, another", []fact{in(hana, foreign), only}, want{kind: PickAccount}},
		{"a subject demanded, another, silent", []fact{in(hana, foreign), only, none}, failed(aadsts.LoginRequired, "login_required")},
		{"a subject demanded, another, and yet picked", []fact{in(hana, foreign), only, picked(hana)}, refused(aadsts.SelectionRequired)},
		{"a subject demanded, one of two", []fact{in(hana, foreign), in(ren), only, none}, done(ren)},

		// How fresh the proof is.
		{"a login demanded, proven before", []fact{in(hana), login}, renew(hana, "login")},
		{"a login demanded, proven a moment before", []fact{in(hana, proved(time.Minute+time.Microsecond)), login}, renew(hana, "login")},
		{"a login demanded, proven in this visit", []fact{in(hana, proved(time.Second)), login}, done(hana)},
		{"a login demanded, proven as it began", []fact{in(hana, proved(time.Minute)), login}, done(hana)},
		{"a login demanded, picked", []fact{in(hana), login, picked(hana)}, renew(hana, "login")},
		{"a login demanded, another proven in this visit", []fact{in(hana), in(ren, proved(0)), login, picked(hana)}, renew(hana, "login")},
		{"a login demanded, a proof of the future", []fact{in(hana, proved(-time.Hour)), login}, renew(hana, "login")},
		{"a login demanded, a clock that goes ahead a little", []fact{in(hana, proved(-time.Second)), login}, done(hana)},
		{"max_age met", []fact{in(hana), age(time.Hour)}, done(hana)},
		{"max_age met, silent", []fact{in(hana), age(time.Hour), none}, done(hana)},
		{"max_age not met", []fact{in(hana), age(time.Hour - 1)}, renew(hana, "age")},
		{"max_age not met, silent", []fact{in(hana), age(time.Hour - 1), none}, failed(aadsts.LoginRequired, "login_required")},
		{"max_age 0, proven before", []fact{in(hana, proved(time.Minute+time.Second)), age(0)}, renew(hana, "age")},
		{"max_age 0, proven in this visit", []fact{in(hana, proved(time.Second)), age(0)}, done(hana)},
		{"max_age, a proof of the future", []fact{in(hana, proved(-time.Hour)), age(time.Hour)}, renew(hana, "age")},

		// How old the visit is.
		{"an hour later", []fact{in(hana), opened(time.Hour)}, done(hana)},
		{"more than an hour later", []fact{in(hana), opened(time.Hour + 1)}, failed(aadsts.SignInExpired, "invalid_grant")},
		{"more than an hour later, proven just now", []fact{in(hana, proved(0)), opened(time.Hour + 1), picked(hana)}, failed(aadsts.SignInExpired, "invalid_grant")},
		{"begun on a server whose clock goes ahead", []fact{in(hana), opened(-time.Second)}, done(hana)},
		{"begun in the future", []fact{in(hana), opened(-time.Hour)}, failed(aadsts.SignInExpired, "invalid_grant")},

		// What is known of the account in the tenant.
		{"not of this tenant, picked", []fact{in(kai, stranger), picked(kai), refusal(aadsts.New(aadsts.AccountNotInTenant, "kai", "other", "home"))}, refused(aadsts.AccountNotInTenant)},
		{"not of this tenant by now, picked", []fact{in(kai, stranger), picked(kai)}, refused(aadsts.AccountTypeRefused)},
		{"refused", []fact{in(hana), refusal(aadsts.New(aadsts.NotAssigned, "hana", "app"))}, refused(aadsts.NotAssigned)},
		{"refused, silent", []fact{in(hana), none, refusal(aadsts.New(aadsts.NotAssigned, "hana", "app"))}, failed(aadsts.NotAssigned, "interaction_required")},
		{"the request is wrong in the tenant", []fact{in(hana), failure(aadsts.New(aadsts.ResourceNotFound, "x", "y"))}, failed(aadsts.ResourceNotFound, "invalid_resource")},
		{"the request is wrong in the tenant, silent", []fact{in(hana), none, failure(aadsts.New(aadsts.ResourceNotFound, "x", "y"))}, failed(aadsts.ResourceNotFound, "invalid_resource")},
		{"nothing is known of consent", []fact{in(hana), entry(func(e *Entry) { e.Consent = nil })}, refused(aadsts.ConsentMissing)},
		{"the password has to be changed", []fact{in(hana, expired)}, want{kind: NewPassword, account: hana}},
		{"the password has to be changed, and consent is missing", []fact{in(hana, expired), missing}, want{kind: NewPassword, account: hana}},
		{"the password has to be changed, silent", []fact{in(hana, expired), none}, failed(aadsts.PasswordExpired, "interaction_required")},
		{"the password has to be changed, and may not enter", []fact{in(hana, expired), refusal(aadsts.New(aadsts.AccountDisabled))}, refused(aadsts.AccountDisabled)},

		// Consent.
		{"consent is missing", []fact{in(hana), missing}, want{kind: AskConsent}},
		{"consent is missing, silent", []fact{in(hana), missing, none}, failed(aadsts.ConsentMissing, "consent_required")},
		{"consent is missing, accepted what was less", []fact{in(hana), missing, consented, picked(hana)}, want{kind: AskConsent}},
		{"consent is missing and may not be given", []fact{in(hana), missing, consentRefused(aadsts.ConsentForbidden)}, refused(aadsts.ConsentForbidden)},
		{"consent is missing and may not be given, silent", []fact{in(hana), missing, none, consentRefused(aadsts.ConsentForbidden)}, failed(aadsts.ConsentForbidden, "consent_required")},
		{"consent demanded again", []fact{in(hana), again, needed}, want{kind: AskConsent}},
		{"consent demanded again and given", []fact{in(hana), again, needed, consented, picked(hana)}, done(hana)},
		{"consent demanded again and given by nobody picked", []fact{in(hana), again, needed, consented}, want{kind: AskConsent}},

		// Staying signed in.
		{"may stay, proven in this visit", []fact{in(hana, proved(time.Second)), askStay}, want{kind: AskStay}},
		{"may stay, proven in this visit, silent", []fact{in(hana, proved(time.Second)), askStay, none}, done(hana)},
		{"may stay, proven before", []fact{in(hana), askStay}, done(hana)},
		{"may stay, was asked", []fact{in(hana, proved(time.Second)), askStay, stayed}, done(hana)},
		{"may stay, stays already", []fact{in(hana, proved(time.Second), persistent), askStay}, done(hana)},
		{"may stay, and consent is missing", []fact{in(hana, proved(time.Second)), askStay, missing}, want{kind: AskConsent}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(tt.facts...)
			live := slices.Clone(s.Live)
			c, step := s.run()
			if step.Kind != tt.want.kind {
				t.Fatalf("kind %d, want %d (%v)", step.Kind, tt.want.kind, step.Err)
			}
			got := step.Account
			if c != nil {
				got = c.Account
			}
			if tt.want.kind == Done || tt.want.kind == AskPassword {
				if got != tt.want.account || step.Reason != tt.want.reason {
					t.Errorf("account %v for reason %q", got, step.Reason)
				}
			}
			if tt.want.err != (aadsts.Code{}) {
				known, ok := errors.AsType[*aadsts.Error](step.Err)
				if !ok || !errors.Is(known, tt.want.err) || tt.want.oauth != "" && known.OAuth() != tt.want.oauth {
					t.Errorf("error %v, want %v as %s", step.Err, tt.want.err.Number(), tt.want.oauth)
				}
			} else if step.Err != nil {
				t.Errorf("error %v", step.Err)
			}
			if !slices.Equal(live, s.Live) {
				t.Error("the facts changed")
			}
		})
	}
}
