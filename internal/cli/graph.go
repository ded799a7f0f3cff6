package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// graphScope asks for all permissions of Graph that the caller was given.
const graphScope = "https://graph.microsoft.com/.default"

// graph calls Graph as the administrator application of bootstrap.json.
type graph struct {
	*client
	base  string
	token string
}

// newGraph gets the token.
func newGraph(ctx context.Context, b *bootstrapFile) (*graph, error) {
	c, err := newClient(b)
	if err != nil {
		return nil, err
	}
	answer, err := c.token(ctx, tokenEndpoint(b, b.TenantID), url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {b.ClientID},
		"client_secret": {b.ClientSecret},
		"scope":         {graphScope},
	})
	if err != nil {
		return nil, err
	}
	return &graph{client: c, base: strings.TrimSuffix(b.GraphURL, "/"), token: answer.AccessToken}, nil
}

func tokenEndpoint(b *bootstrapFile, tenant string) string {
	return strings.TrimSuffix(b.BaseURL, "/") + "/" + url.PathEscape(tenant) + "/oauth2/v2.0/token"
}

// graphError is Graph's refusal.
type graphError struct {
	Status  int
	Code    string
	Message string
}

func (e *graphError) Error() string {
	return fmt.Sprintf("Graph refused: %s (%s, %d)", e.Message, e.Code, e.Status)
}

// call sends body, if any, and decodes the answer into answer, if any. The path
// starts with a slash and has no version.
func (g *graph) call(ctx context.Context, method, path string, body, answer any) error {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return err
		}
	}
	address := path
	if strings.HasPrefix(path, "/") {
		address = g.base + "/v1.0" + path
	}
	req, err := http.NewRequestWithContext(ctx, method, address, &payload)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+g.token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	status, text, err := g.do(req)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		var e struct {
			Error struct{ Code, Message string }
		}
		if json.Unmarshal(text, &e) != nil || e.Error.Code == "" {
			return fmt.Errorf("Graph answered %d to %s %s", status, method, path)
		}
		return &graphError{Status: status, Code: e.Error.Code, Message: e.Error.Message}
	}
	if answer == nil || len(text) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("reading Graph's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// all reads every page of a list.
func all[T any](ctx context.Context, g *graph, path string) ([]T, error) {
	var items []T
	for path != "" {
		var page struct {
			Value []T    `json:"value"`
			Next  string `json:"@odata.nextLink"`
		}
		if err := g.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Value...)
		if page.Next != "" && !strings.HasPrefix(page.Next, g.base+"/") {
			return nil, fmt.Errorf("Graph's next page is on another host: %s", page.Next)
		}
		path = page.Next
	}
	return items, nil
}

// quote writes a text as an OData literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
