package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/interop/internal/administrator"
)

// moduleVersion is the version of a Go client that go.mod pins.
func moduleVersion(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatalf("asking for the version of %s: %v", module, err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}

// listApplications calls Graph with a client's token.
func listApplications(ctx context.Context, p *party, token string) (int, error) {
	var page struct {
		Value []struct {
			AppID string `json:"appId"`
		} `json:"value"`
	}
	err := getJSON(ctx, p.GraphURL+"/v1.0/applications?$top=5&$select=appId", token, &page)
	return len(page.Value), err
}

func getJSON(ctx context.Context, url, token string, v any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", req.URL.Path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(v)
}

// callAPI calls an API that the verifier protects.
func callAPI(t *testing.T, verifier *bearer.Verifier, token string) (status int, err error) {
	orders := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	api := httptest.NewServer(verifier.Handler(orders, bearer.Role(administrator.Role)))
	defer api.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/orders", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}
