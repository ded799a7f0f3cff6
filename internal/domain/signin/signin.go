package signin

import (
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/consent"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Account names an account by its home.
type Account struct {
	Tenant directory.TenantID `json:"t"`
	User   directory.ID       `json:"u"`
}

// IsZero reports whether no account is meant.
func (a Account) IsZero() bool { return a.User == "" }

// Wish is what a request asks of the sign-in.
type Wish struct {
	// Authority is what the path names; Tenant is nil for aliases.
	Authority directory.TenantName
	Tenant    *directory.Tenant
	App       *directory.Application
	// Principal is the application's in Tenant; nil for aliases and before the
	// first consent.
	Principal *directory.ServicePrincipal

	// The prompts (OpenID Connect Core §3.1.2.1).
	None, Login, Select, Consent bool
	// MaxAge bounds the age of the sign-in; negative without a bound.
	MaxAge time.Duration

	// Hints: an account that login_hint or id_token_hint names to us, a user name,
	// a session, a domain. A person may choose another account than is hinted.
	HintAccount  Account
	HintUsername string
	Session      directory.ID
	// HintBinds: nobody but HintAccount may be signed in. HintUnknown: somebody is
	// meant, and nobody can say who, so that no session answers unasked.
	HintBinds, HintUnknown bool
	// Subject is the `sub` of the only person that the application takes (OpenID
	// Connect Core §5.5.1); see Candidate.Foreign.
	Subject string
	// DomainHint is the tenant of the hinted domain, zero without one.
	DomainHint directory.TenantID
}

// Transaction is one visit. The json names are short: it is part of every page.
type Transaction struct {
	Purpose string    `json:"p"` // which endpoint it came from
	Path    string    `json:"h"` // the tenant segment
	Version int       `json:"v"`
	Params  string    `json:"q"` // the request's parameters, form-encoded
	Began   time.Time `json:"b"`
	Lang    string    `json:"l,omitempty"` // chosen on a page

	// What the person chose.
	Username string  `json:"n,omitempty"` // typed and not proven
	Picked   Account `json:"a,omitzero"`
	// Other: the person asked for another account than those shown.
	Other bool `json:"o,omitempty"`
	// Stay: the question about staying signed in was answered.
	Stay bool `json:"s,omitempty"`
	// Consented: the person Picked accepted in this visit.
	Consented bool `json:"c,omitempty"`
	// Shown is a digest of the permissions on the consent page.
	Shown string `json:"w,omitempty"`
	// Again counts the questions for a password in this visit.
	Again int `json:"g,omitempty"`
}

// Candidate is a session of the browser.
type Candidate struct {
	Account
	Session  directory.ID
	Address  string // user principal name
	AuthTime time.Time
	// Persistent sessions were asked already.
	Persistent bool
	// Allowed: the account is in the tenant that the path names, or the path
	// names none.
	Allowed bool
	// Foreign: the request demands another person by Wish.Subject.
	Foreign bool
	// MustChange: the password has to be changed first.
	MustChange bool
}

// Entry is what is known of an account in the tenant that it signs in to.
type Entry struct {
	// Failure is what is wrong with the request itself, as it shows in that tenant:
	// the application is told.
	Failure error
	// Refusal is why the account may not enter (an *aadsts.Error), nil if it may.
	Refusal error
	// Consent is what the application may do; nil where Refusal is not.
	Consent *consent.Assessment
}

// Facts are what Next goes by.
type Facts struct {
	Wish        *Wish
	Transaction *Transaction
	Live        []Candidate
	// Known are the accounts that this browser remembers beside the live ones.
	Known []Account
	// AskStay: the question about staying signed in may be asked at all.
	AskStay bool
	Now     time.Time
}

// Kind is what the browser must do.
type Kind int

// The steps.
const (
	// Done: the person is signed in, may enter and has consented.
	Done Kind = iota + 1
	AskUsername
	AskPassword
	NewPassword
	PickAccount
	AskStay
	AskConsent
	// Refused: the person cannot go on, but perhaps with another account.
	Refused
	// Failed: the application is told.
	Failed
)

// Interactive reports whether the step shows a page.
func (k Kind) Interactive() bool { return k != Done && k != Failed }

// Step is what is due.
type Step struct {
	Kind Kind
	// Err is why, for Refused and Failed.
	Err error
	// Account is whom a password is asked of, where the account is known.
	Account Account
	// Reason is why somebody signed in is asked again: "login" or "age".
	Reason string
}

// Result is what a finished sign-in has proven.
type Result struct {
	Subject authorization.Subject
	// Tenant, Principal and User are those of the tenant signed in to.
	Tenant    *directory.Tenant
	Principal *directory.ServicePrincipal
	User      *directory.User
}

// MaxAge is how long a visit may last.
const MaxAge = time.Hour

// skew is how far the clocks of two servers may lie apart.
const skew = time.Minute
