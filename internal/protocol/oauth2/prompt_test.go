package oauth2_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/sekisho-id/sekisho/internal/protocol/oauth2"
)

func TestParsePrompt(t *testing.T) {
	for _, tt := range []struct {
		text string
		want []string
		err  error
	}{
		{"", nil, nil},
		{"none", []string{"none"}, nil},
		{"login consent", []string{"login", "consent"}, nil},
		{"select_account", []string{"select_account"}, nil},
		{"none login", nil, oauth2.ErrPrompt},
		{"NONE", nil, oauth2.ErrPrompt},
		{"create", nil, oauth2.ErrPrompt},
		{"refresh_session", nil, oauth2.ErrPrompt},
	} {
		got, err := oauth2.ParsePrompt(tt.text)
		if !errors.Is(err, tt.err) || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, %v", tt.text, got, err)
		}
	}
}
