package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// client talks to a running server as any client would.
type client struct {
	http *http.Client
}

// newClient trusts the server's own CA, if it has one, beside the system's.
func newClient(b *bootstrapFile) (*client, error) {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
	}
	if b.CAFile != "" {
		pem, err := os.ReadFile(b.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading the server's CA: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", b.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &client{http: &http.Client{
		Transport: transport,
		Timeout:   time.Minute,
		// No endpoint that the commands use redirects; a credential must not
		// follow one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

// do sends a request and reads the whole answer.
func (c *client) do(req *http.Request) (int, []byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, explainDial(req.URL, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("reading the answer of %s: %w", req.URL.Host, err)
	}
	return resp.StatusCode, body, nil
}

// explainDial says what to do about a server that cannot be reached.
func explainDial(u *url.URL, err error) error {
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing answers at %s://%s: start the server with sekisho dev, or sekisho serve", u.Scheme, u.Host)
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of %s is not trusted: give the bootstrap.json that belongs to this server (its caFile names the CA)", u.Host)
	default:
		return fmt.Errorf("asking %s: %w", u.Host, err)
	}
}

// tokenAnswer is a success of the token endpoint (RFC 6749 §5.1).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope,omitempty"`

	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// tokenRefusal is its error (RFC 6749 §5.2), with the platform's members.
type tokenRefusal struct {
	Name        string `json:"error"`
	Description string `json:"error_description"`
	SubError    string `json:"suberror"`
	Codes       []int  `json:"error_codes"`
	Trace       string `json:"trace_id"`
}

func (r *tokenRefusal) Error() string {
	text := strings.ReplaceAll(r.Description, "\r\n", "\n  ")
	if r.SubError != "" {
		return fmt.Sprintf("the token was refused: %s (%s)\n  %s", r.Name, r.SubError, text)
	}
	return fmt.Sprintf("the token was refused: %s\n  %s", r.Name, text)
}

// token posts a form to a token endpoint.
func (c *client) token(ctx context.Context, endpoint string, form url.Values) (*tokenAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	status, body, err := c.do(req)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		refusal := &tokenRefusal{}
		if json.Unmarshal(body, refusal) == nil && refusal.Name != "" {
			return nil, refusal
		}
		return nil, fmt.Errorf("%s answered %d, which is no answer of a token endpoint", endpoint, status)
	}
	var answer tokenAnswer
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		return nil, fmt.Errorf("%s answered 200 without a token", endpoint)
	}
	return &answer, nil
}

// getJSON reads a public document.
func (c *client) getJSON(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	status, body, err := c.do(req)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s answered %d", address, status)
	}
	return json.Unmarshal(body, into)
}
