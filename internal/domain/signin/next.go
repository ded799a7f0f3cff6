package signin

import (
	"errors"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Choose finds the session that the sign-in goes on with. Without one the step
// says what to do about it. It reads facts and changes nothing.
func Choose(f *Facts) (*Candidate, Step) {
	c, s := choose(f)
	if c == nil && f.Wish.None && s.Kind.Interactive() {
		s = Step{Kind: Failed, Err: aadsts.New(aadsts.LoginRequired)} // OpenID Connect Core §3.1.2.6
	}
	return c, s
}

func choose(f *Facts) (*Candidate, Step) {
	if age := f.Now.Sub(f.Transaction.Began); age > MaxAge || age < -skew {
		return nil, Step{Kind: Failed, Err: aadsts.New(aadsts.SignInExpired)}
	}
	fit, step := narrow(f)
	if step.Kind != 0 {
		return nil, step
	}
	tx, w := f.Transaction, f.Wish
	switch {
	case !tx.Picked.IsZero() && !w.None: // who may be asked nothing has chosen nothing
		i := slices.IndexFunc(f.Live, func(c Candidate) bool { return c.Account == tx.Picked })
		if i < 0 {
			return nil, Step{Kind: AskPassword, Account: tx.Picked}
		}
		if c := &f.Live[i]; barred(w, c) {
			return nil, Step{Kind: Refused, Account: c.Account, Err: aadsts.New(aadsts.SelectionRequired, c.Address, w.Authority.Text)}
		}
		return fresh(f, &f.Live[i])
	case tx.Username != "":
		return nil, Step{Kind: AskPassword}
	case tx.Other:
		return nil, Step{Kind: AskUsername}
	case w.Select:
		return nil, pick(f)
	case len(fit) == 1:
		return fresh(f, fit[0])
	case len(fit) > 1 && w.None:
		return nil, Step{Kind: Failed, Err: aadsts.New(aadsts.SelectionRequired, "", w.Authority.Text)}
	case len(fit) > 1:
		return nil, Step{Kind: PickAccount}
	case !w.HintAccount.IsZero() && slices.Contains(f.Known, w.HintAccount):
		return nil, Step{Kind: AskPassword, Account: w.HintAccount}
	case !w.HintAccount.IsZero():
		// Whoever holds a hint must not learn from us whose it is.
		return nil, Step{Kind: AskUsername}
	case w.HintUsername != "":
		return nil, Step{Kind: AskPassword}
	}
	return nil, pick(f)
}

// pick leads to the accounts that the browser knows, or asks for one.
func pick(f *Facts) Step {
	if len(f.Live)+len(f.Known) == 0 {
		return Step{Kind: AskUsername}
	}
	return Step{Kind: PickAccount}
}

// narrow keeps the sessions that the request's hints mean.
func narrow(f *Facts) ([]*Candidate, Step) {
	w := f.Wish
	var fit []*Candidate
	for i := range f.Live {
		c := &f.Live[i]
		if c.Allowed && means(w, c) {
			fit = append(fit, c)
		}
	}
	if !w.None || len(fit) > 0 {
		return fit, Step{}
	}
	// Silent requests tell why nothing fits.
	switch {
	case w.Session != "" && !slices.ContainsFunc(f.Live, func(c Candidate) bool { return c.Session == w.Session }):
		return nil, Step{Kind: Failed, Err: aadsts.New(aadsts.SessionNotFound)}
	case !w.DomainHint.IsZero() && slices.ContainsFunc(f.Live, func(c Candidate) bool { return c.Allowed }):
		return nil, Step{Kind: Failed, Err: aadsts.New(aadsts.HintMismatch)}
	}
	return nil, Step{Kind: Failed, Err: aadsts.New(aadsts.LoginRequired)}
}

// means reports whether the hints leave the session possible. A wrong user's
// session never answers a request that names another.
func means(w *Wish, c *Candidate) bool {
	switch {
	case w.HintUnknown, barred(w, c):
		return false
	case w.Session != "" && c.Session != w.Session:
		return false
	case !w.HintAccount.IsZero() && c.Account != w.HintAccount:
		return false
	case w.HintUsername != "" && !strings.EqualFold(c.Address, w.HintUsername):
		return false
	}
	return w.DomainHint.IsZero() || c.Tenant == w.DomainHint
}

// barred reports whether the application must not be told of this person, whatever
// the person chooses (OpenID Connect Core §3.1.2.2).
func barred(w *Wish, c *Candidate) bool {
	return c.Foreign || w.HintBinds && c.Account != w.HintAccount
}

// fresh goes on with a session if its proof is new enough for the request.
func fresh(f *Facts, c *Candidate) (*Candidate, Step) {
	w := f.Wish
	again := Step{Kind: AskPassword, Account: c.Account}
	// A proof given in this visit counts even where max_age is 0. One of the future
	// tells of a clock that is wrong, and proves nothing of its age.
	age := f.Now.Sub(c.AuthTime)
	visit := !c.AuthTime.Before(f.Transaction.Began) && age >= -skew
	switch {
	case visit:
	case w.Login:
		again.Reason = "login"
		return nil, again
	case w.MaxAge >= 0 && (age > w.MaxAge || age < -skew):
		again.Reason = "age"
		return nil, again
	}
	return c, Step{}
}

// Next says what is due for the chosen session and what is known of its account
// in the tenant. It reads facts and changes nothing.
func Next(f *Facts, c *Candidate, e *Entry) Step {
	s := next(f, c, e)
	if f.Wish.None && s.Kind.Interactive() {
		return Step{Kind: Failed, Err: silent(f, s, e)}
	}
	return s
}

func next(f *Facts, c *Candidate, e *Entry) Step {
	w, tx := f.Wish, f.Transaction
	switch {
	case c == nil || e == nil:
		return Step{Kind: AskUsername}
	case !w.DomainHint.IsZero() && c.Tenant != w.DomainHint:
		return Step{Kind: Failed, Err: aadsts.New(aadsts.HintMismatch)}
	case e.Failure != nil:
		return Step{Kind: Failed, Err: e.Failure}
	case e.Refusal != nil:
		return Step{Kind: Refused, Err: e.Refusal}
	case !c.Allowed: // as it was when the sessions were read, a moment before
		return Step{Kind: Refused, Err: aadsts.New(aadsts.AccountTypeRefused)}
	case c.MustChange:
		return Step{Kind: NewPassword, Account: c.Account}
	case e.Consent == nil:
		return Step{Kind: Refused, Err: aadsts.New(aadsts.ConsentMissing, string(w.App.AppID), w.App.DisplayName)}
	}
	accepted := tx.Consented && tx.Picked == c.Account
	if len(e.Consent.Missing) > 0 || e.Consent.Needed && !accepted {
		if e.Consent.Refusal != nil {
			return Step{Kind: Refused, Err: e.Consent.Refusal}
		}
		return Step{Kind: AskConsent}
	}
	if f.AskStay && !w.None && !tx.Stay && !c.Persistent && !c.AuthTime.Before(tx.Began) {
		return Step{Kind: AskStay}
	}
	return Step{Kind: Done}
}

// silent is the error of a request that may show no page (OpenID Connect Core
// §3.1.2.6).
func silent(f *Facts, s Step, e *Entry) error {
	switch s.Kind {
	case AskConsent:
		return aadsts.New(aadsts.ConsentMissing, string(f.Wish.App.AppID), f.Wish.App.DisplayName)
	case NewPassword:
		return aadsts.New(aadsts.PasswordExpired).Named("interaction_required")
	case Refused:
		known, ok := errors.AsType[*aadsts.Error](s.Err)
		if !ok {
			return s.Err
		}
		if errors.Is(known, aadsts.NoPermissions) {
			return aadsts.New(aadsts.ConsentMissing, string(f.Wish.App.AppID), f.Wish.App.DisplayName)
		}
		if e != nil && e.Refusal == nil {
			return known.Named("consent_required")
		}
		return known.Named("interaction_required")
	}
	return aadsts.New(aadsts.LoginRequired)
}
