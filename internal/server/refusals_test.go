package server_test

import (
	"net/http"
	"testing"

	"github.com/sekisho-id/sekisho/sekishotest"
)

// Refusals of known clients are summed per client, code and minute: a flood of
// them is one row, and strangers leave none.
func TestRefusalsAreSummed(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{})
	hakone := srv.Bootstrap.Demo["hakone.example"]
	daemon := hakone.Apps["ordersDaemon"]
	for range 25 {
		srv.Token(t, hakone.TenantID, daemon.ClientID, "wrong", graphScope)
		srv.Token(t, hakone.TenantID, "00000000-0000-4000-8000-00000000dead", "wrong", graphScope)
		srv.Token(t, "nobody.example", daemon.ClientID, "wrong", graphScope)
	}
	// The daemon holds no permission on Graph.
	_, body := srv.Token(t, hakone.TenantID, daemon.ClientID, daemon.ClientSecret, graphScope)
	req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1.0/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+body["access_token"].(string))
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Fatalf("status %d", resp.StatusCode)
	}

	sums, err := srv.Dev.Refusals(t.Context(), hakone.TenantID)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[int]int{}
	for _, s := range sums {
		counts[s.Code] += s.Count
	}
	if len(sums) > 4 || len(counts) != 2 || counts[7000215] != 25 || counts[http.StatusForbidden] != 1 {
		t.Errorf("sums %+v", sums)
	}
}
