package oauth2

import (
	"errors"
	"slices"
	"strings"
)

// Values of prompt (OpenID Connect Core §3.1.2.1).
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// PromptValues are the values that are served, for discovery.
func PromptValues() []string {
	return []string{PromptNone, PromptLogin, PromptConsent, PromptSelectAccount}
}

// ErrPrompt is returned for an unknown value, or for none beside another.
var ErrPrompt = errors.New("prompt has an unknown value, or none beside another")

// ParsePrompt reads the prompt parameter: a list without order.
func ParsePrompt(text string) ([]string, error) {
	values := strings.Fields(text)
	for _, v := range values {
		if !slices.Contains(PromptValues(), v) {
			return nil, ErrPrompt
		}
	}
	if slices.Contains(values, PromptNone) && slices.ContainsFunc(values, func(v string) bool { return v != PromptNone }) {
		return nil, ErrPrompt
	}
	return values, nil
}
