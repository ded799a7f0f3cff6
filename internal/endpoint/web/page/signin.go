package page

import "net/http"

// Flow is what every page of a sign-in shares.
type Flow struct {
	// Action is the path that the page's form is posted to; State the sealed
	// transaction, posted as "flowToken".
	Action, State string
	// Application is where the person is going, and Publisher who says so; all are
	// data that strangers chose.
	Application string
	Publisher   Publisher
	// Tenant is the display name of the tenant, once one is known.
	Tenant string
	// Account is the chip; nil before anybody is known.
	Account *Account
	// Targets are origins, or schemes with a colon, that the answer of the form
	// may redirect to: Chromium holds form-action against redirects as well.
	Targets []string
	// Cancel offers to go back to the application without signing in.
	Cancel bool
	// Locales are the ui_locales of the request.
	Locales string
}

// Publisher describes who made an application.
type Publisher struct {
	Name     string // the publisher's, or the home tenant's
	Domain   string
	Verified bool
	Own      bool // the tenant's own application
}

// Account is a person's account as pages name it.
type Account struct{ Name, Address string }

// AskUsername asks who the person is.
type AskUsername struct {
	Flow
	Value string // as typed or hinted
	// Fault is a key of the sentences, "" without one.
	Fault string
	// Remembered: accounts are known in this browser, so the page leads back to
	// the picker.
	Remembered bool
	// People are the demonstration people; only in development mode.
	People []Demo
}

// Demo is a demonstration person who signs in with one click.
type Demo struct {
	Account
	Value string // posted as "demo"
	About string // a word on the role, a key of the sentences (demo.member, …)
}

// AskPassword asks for the password of Flow.Account.
type AskPassword struct {
	Flow
	Fault string
	// Reason is a key of a sentence that says why the person is asked again; "".
	Reason string
}

// NewPassword asks for a new password before going on.
type NewPassword struct {
	Flow
	Fault string
}

// PickAccount offers the accounts of this browser.
type PickAccount struct {
	Flow
	Tiles []Tile
}

// Tile is one account to pick.
type Tile struct {
	Account
	Value    string // posted as "account"
	SignedIn bool
}

// StaySignedIn asks whether the session may outlive the browser.
type StaySignedIn struct{ Flow }

// AskConsent shows what the application asks for.
type AskConsent struct {
	Flow
	Groups []ConsentGroup
	// MayOrganisation offers the box; Organisation: the page is the administrator's
	// and consent is for all.
	MayOrganisation, Organisation bool
	// ReplyHost is where the person returns to; Home, Terms and Privacy are links
	// whose schemes the caller has checked.
	ReplyHost, Home, Terms, Privacy string
	// Again: everything was granted before.
	Again bool
}

// ConsentGroup is what is asked of one resource.
type ConsentGroup struct {
	Resource string
	Items    []ConsentItem
}

// ConsentItem is one permission.
type ConsentItem struct {
	Title, Description string
	Value              string // technical name
	Granted            bool   // before
	AdminOnly          bool
	Application        bool   // the application itself gets it, without a person
	For                string // another application that gets it, ""
}

// Refused says that the person cannot go on, inside a flow: with a way to another
// account and back to the application.
type Refused struct {
	Flow
	Err error
	// Groups is what an administrator would have to approve; empty for other
	// refusals.
	Groups []ConsentGroup
}

// FormPost carries an answer to the application by a form (OAuth 2.0 Form Post
// Response Mode). It submits itself by the one script that pages may hold, and
// works without it.
type FormPost struct {
	Target      string // a proven redirect URI
	Fields      []Field
	Application string
	Locales     string
}

// Field is one parameter of an answer.
type Field struct{ Name, Value string }

// ConfirmSignOut asks before signing out a person whom no hint named, or which
// account of several.
type ConfirmSignOut struct {
	Flow
	Tiles []Tile // posted as "account"; several: pick one
}

// SignedOut says that the person is signed out, tells the applications that took
// part in the session, and leads on.
type SignedOut struct {
	Account *Account
	// Frames are the front-channel logout addresses.
	Frames []string
	// Next is the proven address to return to, "" to stay.
	Next        string
	Application string
	Locales     string
}

// AdminConsented says that an administrator's consent was recorded, where there is
// no address to return to.
type AdminConsented struct {
	Application, Tenant string
	Locales             string
}

// Writer is the pages of a sign-in. Pages implements it.
type Writer interface {
	WriteAskUsername(w http.ResponseWriter, r *http.Request, p AskUsername)
	WriteAskPassword(w http.ResponseWriter, r *http.Request, p AskPassword)
	WriteNewPassword(w http.ResponseWriter, r *http.Request, p NewPassword)
	WritePickAccount(w http.ResponseWriter, r *http.Request, p PickAccount)
	WriteStaySignedIn(w http.ResponseWriter, r *http.Request, p StaySignedIn)
	WriteAskConsent(w http.ResponseWriter, r *http.Request, p AskConsent)
	// WriteRefused draws the refusal with its number, text and status; the cause
	// is logged here, once.
	WriteRefused(w http.ResponseWriter, r *http.Request, p Refused)
	WriteFormPost(w http.ResponseWriter, r *http.Request, p FormPost)
	WriteConfirmSignOut(w http.ResponseWriter, r *http.Request, p ConfirmSignOut)
	WriteSignedOut(w http.ResponseWriter, r *http.Request, p SignedOut)
	WriteAdminConsented(w http.ResponseWriter, r *http.Request, p AdminConsented)
}

var _ Writer = (*Pages)(nil)
