package administrator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sekisho-id/sekisho/interop/internal/platform"
)

// The built-in Graph application and its scope.
const (
	GraphAppID = "00000003-0000-0000-c000-000000000000"
	GraphScope = "https://graph.microsoft.com/.default"
)

// Administrator acts in one tenant with its administrator application.
type Administrator struct {
	graph string
	http  *http.Client
	token string
}

type object = map[string]any

// Login gets the administrator's token. The client must trust the server.
func Login(ctx context.Context, client *http.Client, server *platform.Bootstrap, tenant platform.Tenant) (*Administrator, error) {
	form := url.Values{
		"grant_type": {"client_credentials"}, "scope": {GraphScope},
		"client_id": {tenant.ClientID}, "client_secret": {tenant.ClientSecret},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.BaseURL+"/"+tenant.ID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a := &Administrator{graph: server.GraphURL + "/v1.0", http: client}
	var answer struct {
		Token string `json:"access_token"`
	}
	err = a.send(req, &answer)
	a.token = answer.Token
	return a, err
}

// do sends one request to Graph. in and out are JSON; either may be nil.
func (a *Administrator) do(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, a.graph+path, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return a.send(req, out)
}

func (a *Administrator) send(req *http.Request, out any) error {
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", req.Method, req.URL.Path, resp.Status, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, err)
	}
	return nil
}
