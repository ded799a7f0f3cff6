package server

import (
	"context"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/frontchannel"
	sign "github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/adminconsent"
	"github.com/sekisho-id/sekisho/internal/endpoint/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// newAdminConsent joins the administrator's consent with the pages.
func (s *Server) newAdminConsent() *adminconsent.Endpoint {
	return adminconsent.New(adminconsent.Config{
		Lookup: s.view, Pages: s.pages, Check: s.people.consents.Check,
		Begin: func(w http.ResponseWriter, r *http.Request, tx *sign.Transaction, q *adminconsent.Request) {
			s.people.signin.Begin(w, r, tx, q)
		},
		Refused: func(r *http.Request, party *frontchannel.Party, code int) {
			s.metrics.refused(code)
			if party.Tenant != nil {
				s.refusals.Add(s.clock.Now(), party.Tenant.ID.Bytes(), party.ClientID.Bytes(), code, web.From(r.Context()).Trace)
			}
		},
		Now: s.clock.Now, Log: s.log,
	})
}

// adminConsentPurpose lets the pages prove a request for consent again.
type adminConsentPurpose struct{ *adminconsent.Endpoint }

func (p adminConsentPurpose) Load(ctx context.Context, tx *sign.Transaction) (signin.Visit, error) {
	return p.Endpoint.Load(ctx, tx)
}
