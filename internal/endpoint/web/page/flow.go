package page

import "net/http"

// The pages of a sign-in, in the order in which people meet them. Each holds its
// view model; Step is posted as "step" and names what the form answers.
type (
	usernamePage struct {
		Frame
		AskUsername
	}
	passwordPage struct {
		Frame
		AskPassword
	}
	newPasswordPage struct {
		Frame
		NewPassword
	}
	pickPage struct {
		Frame
		PickAccount
	}
	stayPage struct {
		Frame
		StaySignedIn
	}
	consentPage struct {
		Frame
		AskConsent
	}
)

func (*usernamePage) name() string    { return "username" }
func (*passwordPage) name() string    { return "password" }
func (*newPasswordPage) name() string { return "newpassword" }
func (*pickPage) name() string        { return "pick" }
func (*stayPage) name() string        { return "stay" }
func (*consentPage) name() string     { return "consent" }

// Step names the form of the page.
func (*usernamePage) Step() string { return "username" }

// Step names the form of the page.
func (*passwordPage) Step() string { return "password" }

// Step names the form of the page.
func (*newPasswordPage) Step() string { return "newpassword" }

// Step names the form of the page.
func (*pickPage) Step() string { return "pick" }

// Step names the form of the page.
func (*stayPage) Step() string { return "stay" }

// Step names the form of the page.
func (*consentPage) Step() string { return "consent" }

// inFlow gives a page what it has of its flow: where the person is, how the
// language is switched, and where the answer may lead.
func inFlow(pg page, f *Flow) page {
	fr := pg.frame()
	fr.Where = f.Tenant
	fr.Post = Post{Action: f.Action, State: f.State}
	fr.allow.forms = f.Targets
	return pg
}

func (p *Pages) writeFlow(w http.ResponseWriter, r *http.Request, status int, pg page, f *Flow) {
	p.render(w, r, status, inFlow(pg, f), f.Locales)
}

// WriteAskUsername asks who the person is.
func (p *Pages) WriteAskUsername(w http.ResponseWriter, r *http.Request, v AskUsername) {
	p.writeFlow(w, r, http.StatusOK, &usernamePage{AskUsername: v}, &v.Flow)
}

// WriteAskPassword asks for the password of an account.
func (p *Pages) WriteAskPassword(w http.ResponseWriter, r *http.Request, v AskPassword) {
	p.writeFlow(w, r, http.StatusOK, &passwordPage{AskPassword: v}, &v.Flow)
}

// WriteNewPassword asks for a new password.
func (p *Pages) WriteNewPassword(w http.ResponseWriter, r *http.Request, v NewPassword) {
	p.writeFlow(w, r, http.StatusOK, &newPasswordPage{NewPassword: v}, &v.Flow)
}

// WritePickAccount offers the accounts that the browser knows.
func (p *Pages) WritePickAccount(w http.ResponseWriter, r *http.Request, v PickAccount) {
	p.writeFlow(w, r, http.StatusOK, &pickPage{PickAccount: v}, &v.Flow)
}

// WriteStaySignedIn asks whether the session may outlive the browser.
func (p *Pages) WriteStaySignedIn(w http.ResponseWriter, r *http.Request, v StaySignedIn) {
	p.writeFlow(w, r, http.StatusOK, &stayPage{StaySignedIn: v}, &v.Flow)
}

// WriteAskConsent shows what the application asks for.
func (p *Pages) WriteAskConsent(w http.ResponseWriter, r *http.Request, v AskConsent) {
	lang, _ := choose(r, v.Locales)
	v.Groups = inWords(v.Groups, lang)
	v.Home, v.Terms, v.Privacy = webOnly(v.Home), webOnly(v.Terms), webOnly(v.Privacy)
	p.writeFlow(w, r, http.StatusOK, &consentPage{AskConsent: v}, &v.Flow)
}

// Mixed reports whether some of what is asked was granted before and some is new,
// so that the page tells them apart.
func (p *consentPage) Mixed() bool { return mixed(p.Groups) }

func mixed(groups []ConsentGroup) bool {
	granted, fresh := false, false
	for _, g := range groups {
		for _, item := range g.Items {
			granted, fresh = granted || item.Granted, fresh || !item.Granted
		}
	}
	return granted && fresh
}

// Confirms reports whether a fault is about the repeated password rather than the
// new one.
func (p *newPasswordPage) Confirms() bool { return p.Fault == faultDiffers }

// faultDiffers is the fault of two entries that are not the same.
const faultDiffers = "fault.newpassword.differs"
