package authorize

import (
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Response modes (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth
// 2.0 Form Post Response Mode).
const (
	modeQuery    = "query"
	modeFragment = "fragment"
	modeFormPost = "form_post"
)

// A responseType is one value of response_type: a set of words, in any order.
type responseType struct {
	words []string // sorted
	// modes are those allowed; the first is the default.
	modes []string
	// allowed says why the application may not have it, nil if it may.
	allowed func(*directory.Application) error
}

// responseTypes is the table of what /authorize answers, in the order in which
// discovery lists it. Who adds one adds what Finish has to issue for it.
var responseTypes = []responseType{
	{words: []string{"code"}, modes: []string{modeQuery, modeFragment, modeFormPost}},
}

// ResponseTypes lists what is served, for discovery.
func ResponseTypes() []string {
	var names []string
	for _, t := range responseTypes {
		names = append(names, strings.Join(t.words, " "))
	}
	return names
}

// ResponseModes lists the modes of what is served, for discovery.
func ResponseModes() []string {
	var modes []string
	for _, t := range responseTypes {
		for _, m := range t.modes {
			if !slices.Contains(modes, m) {
				modes = append(modes, m)
			}
		}
	}
	return modes
}

// parseResponseType finds the row of a parameter.
func parseResponseType(text string, app *directory.Application) (*responseType, error) {
	if text == "" {
		return nil, aadsts.New(aadsts.MissingParameter, "response_type")
	}
	words := strings.Fields(text)
	slices.Sort(words)
	words = slices.Compact(words)
	for i := range responseTypes {
		t := &responseTypes[i]
		if slices.Equal(t.words, words) {
			if t.allowed != nil {
				return t, t.allowed(app)
			}
			return t, nil
		}
	}
	// The switches of the implicit flow are said first: they are what the
	// application's registration can be asked about.
	implicit := app.Web.ImplicitGrantSettings
	switch {
	case slices.Contains(words, "token") && !implicit.EnableAccessTokenIssuance:
		return nil, aadsts.New(aadsts.TokenNotEnabled)
	case slices.Contains(words, "id_token") && !implicit.EnableIDTokenIssuance:
		return nil, aadsts.New(aadsts.IDTokenNotEnabled)
	}
	return nil, aadsts.New(aadsts.UnknownResponseType, text)
}

// defaultMode is where errors go whose request names no usable mode: tokens that
// were asked for never travel in a query, and neither does their refusal.
func defaultMode(responseTypeText string) string {
	for _, w := range strings.Fields(responseTypeText) {
		if w == "token" || w == "id_token" {
			return modeFragment
		}
	}
	return modeQuery
}

// mode checks a response_mode parameter; "" means the default of the type.
func (t *responseType) mode(text string) (string, error) {
	switch {
	case text == "":
		return t.modes[0], nil
	case slices.Contains(t.modes, text):
		return text, nil
	}
	return t.modes[0], aadsts.New(aadsts.ResponseModeRefused, text)
}
