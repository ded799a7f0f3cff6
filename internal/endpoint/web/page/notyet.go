package page

import "net/http"

// NotYet is what is known of a sign-in that this server cannot carry out yet.
type NotYet struct {
	// Application is shown as data; Home, if not empty, is the application's home
	// page, whose scheme the caller has checked.
	Application, Home string
	// Locales are the ui_locales of a posted form.
	Locales string
}

// notYetPage says that sign-in is not available yet.
type notYetPage struct {
	Frame
	Application, Home string
}

func (*notYetPage) name() string { return "notyet" }

// WriteNotYet answers a valid request for sign-in, which this server does not
// offer yet: 501, since nothing that the client changes would help.
func (p *Pages) WriteNotYet(w http.ResponseWriter, r *http.Request, n NotYet) {
	p.render(w, r, http.StatusNotImplemented, &notYetPage{Application: n.Application, Home: n.Home}, n.Locales)
}
