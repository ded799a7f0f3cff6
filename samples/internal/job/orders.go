package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// A TokenSource gives an access token for the API, from its cache if it can.
// refused is a token that the API has refused, "" in the usual case: that one must
// not be given again.
type TokenSource func(ctx context.Context, refused string) (string, error)

// Orders asks the orders API at base for all orders.
type Orders struct {
	Base  string
	HTTP  *http.Client
	Token TokenSource
}

// A Refusal is an answer of the API other than success.
type Refusal struct {
	Status int
	// Challenge is the header WWW-Authenticate (RFC 6750 §3), which says why.
	Challenge string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("the API answered %d %s: %s", r.Status, http.StatusText(r.Status), r.Challenge)
}

// List gets the orders as the API wrote them, on one line. The error is a
// [*Refusal] if the API answered.
func (o *Orders) List(ctx context.Context) (string, error) {
	token, err := o.Token(ctx, "")
	if err != nil {
		return "", err
	}
	body, err := o.get(ctx, token)
	if refusal, ok := errors.AsType[*Refusal](err); ok && refusal.Status == http.StatusUnauthorized {
		// The token was good when it came out of the cache. It may have been revoked
		// since, or its key: another one, and one more try.
		if token, err = o.Token(ctx, token); err != nil {
			return "", err
		}
		body, err = o.get(ctx, token)
	}
	return body, err
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

func (o *Orders) get(ctx context.Context, token string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.Base+"/orders", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := o.HTTP.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", &Refusal{Status: resp.StatusCode, Challenge: resp.Header.Get("WWW-Authenticate")}
	}
	line := bytes.Buffer{}
	if err := json.Compact(&line, body); err != nil {
		return "", fmt.Errorf("the API answered no JSON: %w", err)
	}
	return line.String(), nil
}
