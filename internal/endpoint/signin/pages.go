package signin

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

// A stepPage is how one step meets the person: the page that asks, and what takes
// the answer.
type stepPage struct {
	// step is the page's field of that name. What is posted for a step that is not
	// due is not looked at.
	step string
	draw func(e *Endpoint, w http.ResponseWriter, r *http.Request, t *turn, step signin.Step, f page.Flow)
	// accept verifies what the page posted and notes it in the turn. It may only
	// note; what follows from it is derived anew.
	accept func(e *Endpoint, r *http.Request, t *turn, form oauth2.Form) error
}

// pages has a row for every step that shows one.
var pages = map[signin.Kind]stepPage{
	signin.AskUsername: {"username", (*Endpoint).drawUsername, (*Endpoint).acceptUsername},
	signin.AskPassword: {"password", (*Endpoint).drawPassword, (*Endpoint).acceptPassword},
	signin.NewPassword: {"newpassword", (*Endpoint).drawNewPassword, (*Endpoint).acceptNewPassword},
	signin.PickAccount: {"pick", (*Endpoint).drawPick, (*Endpoint).acceptPick},
	signin.AskStay:     {"stay", (*Endpoint).drawStay, (*Endpoint).acceptStay},
	signin.AskConsent:  {"consent", (*Endpoint).drawConsent, (*Endpoint).acceptConsent},
	signin.Refused:     {"refused", (*Endpoint).drawRefused, (*Endpoint).acceptNothing},
}
