package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

// exchangeAudience is for whom the surroundings make the token; the federated
// identity credential names it too.
const exchangeAudience = "api://AzureADTokenExchange"

// An assertion is a token of another issuer that says who this program is.
type assertion func(context.Context) (string, error)

// assertionFromSettings takes the file that Kubernetes mounts or, where there is
// none, asks GitHub Actions. A workflow needs "permissions: id-token: write" for
// that.
func assertionFromSettings(r *setting.Reader, client *http.Client) assertion {
	if file := r.Optional("AZURE_FEDERATED_TOKEN_FILE", ""); file != "" {
		return fromFile(file)
	}
	if r.Optional("ACTIONS_ID_TOKEN_REQUEST_URL", "") == "" {
		r.Fault("AZURE_FEDERATED_TOKEN_FILE", "is not set, and this is no run of GitHub Actions: the file with the token of the other issuer")
		return nil
	}
	return fromGitHub(client,
		r.URL("ACTIONS_ID_TOKEN_REQUEST_URL", "where a GitHub Actions run gets its token"),
		r.Required("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "what a GitHub Actions run gets its token with"))
}

func fromFile(file string) assertion {
	return func(context.Context) (string, error) {
		text, err := os.ReadFile(file)
		return string(bytes.TrimSpace(text)), err
	}
}

// fromGitHub asks the token service of a GitHub Actions run
// (docs.github.com/actions/reference/security/oidc).
func fromGitHub(client *http.Client, address, token string) assertion {
	return func(ctx context.Context) (string, error) {
		u, err := url.Parse(address)
		if err != nil {
			return "", err
		}
		q := u.Query()
		q.Set("audience", exchangeAudience)
		u.RawQuery = q.Encode()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("GitHub's token service answered %s", resp.Status)
		}
		var answer struct {
			Value string `json:"value"`
		}
		if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&answer); err != nil {
			return "", fmt.Errorf("GitHub's token service: %w", err)
		}
		return answer.Value, nil
	}
}
