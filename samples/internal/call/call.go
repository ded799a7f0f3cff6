// Package call sends requests with an access token to the APIs of the samples.
package call

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxAnswer bounds what is read of an API's answer.
const maxAnswer = 1 << 20

// JSON sends one request with a token and reads the JSON that is answered into out.
// A refusal is an *Error.
func JSON(ctx context.Context, client *http.Client, method, address, token string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return &Error{Status: resp.StatusCode, URL: address, Body: string(text), Challenge: resp.Header.Get("WWW-Authenticate")}
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s answered something else than was expected: %w", address, err)
	}
	return nil
}

// Error is an API's refusal. The consent of a person does not widen what that
// person may do: an API can refuse a token that is good in every other respect.
type Error struct {
	Status               int
	URL, Body, Challenge string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s answered %d: %s %s", e.URL, e.Status, strings.TrimSpace(e.Body), e.Challenge)
}
