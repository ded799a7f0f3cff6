package directory

import (
	"fmt"
	"io"
	"log/slog"
)

// IssuedPassword is a client secret at the one moment when it can be read.
type IssuedPassword struct {
	PasswordCredential
	SecretText SecretText
}

// SecretText is a secret in the clear. It prints as a placeholder wherever it
// is formatted or logged; Reveal is the only way to its text.
type SecretText struct{ text string }

// Reveal is the secret itself.
func (s SecretText) Reveal() string { return s.text }

const redacted = "[secret]"

// String hides the secret.
func (SecretText) String() string { return redacted }

// GoString hides the secret from %#v.
func (SecretText) GoString() string { return redacted }

// LogValue hides the secret from structured logs.
func (SecretText) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from encoders: whoever answers with it says so
// by Reveal.
func (SecretText) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// secretAlphabet is safe unquoted in shells, in forms and in URLs.
const secretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// secretLength times six bits is a little over 256 bits.
const secretLength = 43

// newSecret draws a client secret of at least 256 bits. It begins with a letter
// or digit, so that no command line takes it for an option.
func newSecret(r io.Reader) (SecretText, error) {
	text := make([]byte, 0, secretLength)
	for len(text) < secretLength {
		var b [64]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return SecretText{}, fmt.Errorf("drawing a secret: %w", err)
		}
		for _, v := range b {
			ch := secretAlphabet[v&63]
			if len(text) == secretLength || len(text) == 0 && (ch == '-' || ch == '_') {
				continue
			}
			text = append(text, ch)
		}
	}
	return SecretText{string(text)}, nil
}
