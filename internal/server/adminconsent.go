package server

import (
	"net/http"

	sign "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/adminconsent"
)

// newAdminConsent joins the administrator's consent with the pages.
func (s *Server) newAdminConsent() *adminconsent.Endpoint {
	return adminconsent.New(adminconsent.Config{
		Lookup: s.view, Pages: s.pages, Check: s.people.consents.Check,
		Begin: func(w http.ResponseWriter, r *http.Request, tx *sign.Transaction, q *adminconsent.Request) {
			s.people.signin.Begin(w, r, tx, q)
		},
		Refused: s.refusedParty, Now: s.clock.Now, Log: s.log,
	})
}
