// Package credential keeps an MSAL client in step with a credential that is
// rotated while the program runs.
//
// The file of the credential is read before each token; when it has changed, a
// client with the new credential is made and tried. Only when it got a token does
// it take the place of the old one. So nothing fails while a file is half written,
// or while the new credential has not reached every server of the platform yet,
// and the old credential may be removed as soon as the program says that it uses
// the new one.
package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// Source is where a credential comes from. Exactly one field is set.
type Source struct {
	Secret          string // the secret itself
	SecretFile      string // a file with the secret; white space around it is left out
	CertificateFile string // a PEM file with certificate and private key
}

// FromSettings reads CLIENT_SECRET, CLIENT_SECRET_FILE and CLIENT_CERTIFICATE_FILE.
func FromSettings(r *setting.Reader) Source {
	s := Source{
		Secret:          r.Optional("CLIENT_SECRET", ""),
		SecretFile:      r.Optional("CLIENT_SECRET_FILE", ""),
		CertificateFile: r.Optional("CLIENT_CERTIFICATE_FILE", ""),
	}
	given := 0
	for _, v := range []string{s.Secret, s.SecretFile, s.CertificateFile} {
		if v != "" {
			given++
		}
	}
	if given != 1 {
		r.Fault("CLIENT_CERTIFICATE_FILE, CLIENT_SECRET_FILE or CLIENT_SECRET", "must be set, and only one of them")
	}
	return s
}

// read gives the bytes that the credential is made from.
func (s Source) read() ([]byte, error) {
	switch {
	case s.CertificateFile != "":
		return os.ReadFile(s.CertificateFile)
	case s.SecretFile != "":
		text, err := os.ReadFile(s.SecretFile)
		return bytes.TrimSpace(text), err
	}
	return []byte(s.Secret), nil
}

// Credential reads the credential once, for programs that are restarted when it
// changes.
func (s Source) Credential() (confidential.Credential, error) {
	material, err := s.read()
	if err != nil {
		return confidential.Credential{}, err
	}
	return s.credential(material)
}

func (s Source) credential(material []byte) (confidential.Credential, error) {
	if s.CertificateFile == "" {
		return confidential.NewCredFromSecret(string(material))
	}
	certs, key, err := confidential.CertFromPEM(material, "")
	if err != nil {
		return confidential.Credential{}, fmt.Errorf("%s: %w", s.CertificateFile, err)
	}
	return confidential.NewCredFromCert(certs, key)
}

// Rotating gives tokens of one application, with the credential of the moment.
type Rotating struct {
	source  Source
	scope   string
	connect func(confidential.Credential) (confidential.Client, error)
	notice  func(error)

	mu       sync.Mutex
	material []byte // what client was made from, nil before the first token
	client   confidential.Client
}

// New makes a Rotating for a scope, "{API}/.default". connect makes the MSAL
// client; notice hears of changes and of what went wrong without a token failing.
func New(source Source, scope string, connect func(confidential.Credential) (confidential.Client, error), notice func(error)) *Rotating {
	return &Rotating{source: source, scope: scope, connect: connect, notice: notice}
}

// Token gives an access token, from the cache if it can. With refused, a token
// that an API has refused, it is a new one. The options go to MSAL, for instance
// confidential.WithTenantID.
func (c *Rotating) Token(ctx context.Context, refused string, options ...confidential.AcquireByCredentialOption) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	material, err := c.source.read()
	if err == nil && c.material != nil && !bytes.Equal(material, c.material) {
		token, err := c.renew(ctx, material, options)
		if err == nil {
			c.notice(errors.New("the credential has changed and the new one is in use"))
			return token, nil
		}
		c.notice(fmt.Errorf("the credential has changed, but the new one gets no token; the old one stays in use: %w", err))
	}
	if c.material == nil {
		if err != nil {
			return "", err
		}
		return c.renew(ctx, material, options)
	}
	if err != nil {
		c.notice(fmt.Errorf("the credential cannot be read; the one in memory stays in use: %w", err))
	}
	token, err := c.ask(ctx, c.client, options)
	if err == nil && token == refused {
		// A client cannot be told to forget: a new one starts with an empty cache.
		return c.renew(ctx, c.material, options)
	}
	return token, err
}

// renew makes a client of the material, and keeps it if it gets a token.
func (c *Rotating) renew(ctx context.Context, material []byte, options []confidential.AcquireByCredentialOption) (string, error) {
	cred, err := c.source.credential(material)
	if err != nil {
		return "", err
	}
	client, err := c.connect(cred)
	if err != nil {
		return "", err
	}
	token, err := c.ask(ctx, client, options)
	if err != nil {
		return "", err
	}
	c.material, c.client = material, client
	return token, nil
}

func (c *Rotating) ask(ctx context.Context, client confidential.Client, options []confidential.AcquireByCredentialOption) (string, error) {
	result, err := client.AcquireTokenByCredential(ctx, []string{c.scope}, options...)
	if err != nil {
		return "", err
	}
	return result.AccessToken, nil
}
