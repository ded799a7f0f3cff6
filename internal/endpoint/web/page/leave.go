package page

import (
	"html/template"
	"net/http"
)

// The pages at the end of a visit: the answer by a form, sign-out, and an
// administrator's consent that leads nowhere.
type (
	formPostPage struct {
		Frame
		Application string
		Target      template.URL
		Fields      []Field
	}
	confirmSignOutPage struct {
		Frame
		ConfirmSignOut
	}
	signedOutPage struct {
		Frame
		Application string
		Account     *Account
		Frames      []template.URL
		Next        template.URL
	}
	adminConsentedPage struct {
		Frame
		Application, Tenant string
	}
)

func (*formPostPage) name() string       { return "formpost" }
func (*confirmSignOutPage) name() string { return "signout" }
func (*signedOutPage) name() string      { return "signedout" }
func (*adminConsentedPage) name() string { return "adminconsented" }

// Step names the form of the page.
func (*confirmSignOutPage) Step() string { return "signout" }

// Several reports whether the person picks one of several accounts.
func (p *confirmSignOutPage) Several() bool { return len(p.Tiles) > 1 }

// WriteFormPost carries an answer to the application (OAuth 2.0 Form Post Response
// Mode §2).
func (p *Pages) WriteFormPost(w http.ResponseWriter, r *http.Request, v FormPost) {
	pg := &formPostPage{Application: v.Application, Target: proven(v.Target), Fields: v.Fields}
	pg.allow = allowance{submit: true, forms: []string{v.Target}}
	p.render(w, r, http.StatusOK, pg, v.Locales)
}

// WriteConfirmSignOut asks before a sign-out that nothing vouches for.
func (p *Pages) WriteConfirmSignOut(w http.ResponseWriter, r *http.Request, v ConfirmSignOut) {
	p.writeFlow(w, r, http.StatusOK, &confirmSignOutPage{ConfirmSignOut: v}, &v.Flow)
}

// WriteSignedOut frames the applications' logout addresses (OpenID Connect
// Front-Channel Logout 1.0 §3) and leads on to the next page as soon as they have
// loaded: a browser lets a refresh wait for the whole document (HTML, shared
// declarative refresh steps), and a time of its own would hurry people (WCAG 2.2,
// 2.2.1).
func (p *Pages) WriteSignedOut(w http.ResponseWriter, r *http.Request, v SignedOut) {
	pg := &signedOutPage{Application: v.Application, Account: v.Account}
	if v.Next != "" {
		pg.Next = proven(v.Next)
	}
	pg.Frames, pg.allow.frames = framed(v.Frames)
	p.render(w, r, http.StatusOK, pg, v.Locales)
}

// WriteAdminConsented says that an administrator's consent was recorded.
func (p *Pages) WriteAdminConsented(w http.ResponseWriter, r *http.Request, v AdminConsented) {
	pg := &adminConsentedPage{Application: v.Application, Tenant: v.Tenant}
	pg.Where = v.Tenant
	p.render(w, r, http.StatusOK, pg, v.Locales)
}
