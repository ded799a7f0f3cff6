package bearer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/bearer"
)

func TestConfigFaults(t *testing.T) {
	good := bearer.Config{Authority: "https://login.example/" + tenant1, Audiences: []string{apiID}}
	with := func(change func(*bearer.Config)) bearer.Config {
		c := good
		change(&c)
		return c
	}
	authority := func(s string) bearer.Config { return with(func(c *bearer.Config) { c.Authority = s }) }
	audience := func(s ...string) bearer.Config { return with(func(c *bearer.Config) { c.Audiences = s }) }
	tests := map[string]struct {
		cfg  bearer.Config
		want []string // parts of the error; none: no error
	}{
		"good":                {good, nil},
		"nothing":             {bearer.Config{}, []string{"Config.Authority: it is empty", "Config.Audiences: at least"}},
		"http":                {authority("http://login.example/" + tenant1), []string{"https is required"}},
		"http, insecure":      {with(func(c *bearer.Config) { c.Authority, c.InsecureAllowHTTP = "http://localhost:8080/"+tenant1, true }), nil},
		"no scheme":           {authority("login.example/" + tenant1), []string{"does not begin with https://"}},
		"no host":             {authority("https:///" + tenant1), []string{"has no host"}},
		"no tenant":           {authority("https://login.example/"), []string{"has no tenant"}},
		"no tenant, v2.0":     {authority("https://login.example/v2.0"), []string{"has no tenant"}},
		"two tenants":         {authority("https://login.example/a.example/b.example"), []string{"has no tenant"}},
		"double slash":        {authority("https://login.example//common"), []string{"has no tenant"}},
		"not a tenant":        {authority("https://login.example/orders"), []string{"has no tenant"}},
		"user info":           {authority("https://user:secret@login.example/common"), []string{"only a host and a tenant"}},
		"query":               {authority("https://login.example/common?appid=x"), []string{"only a host and a tenant"}},
		"escape":              {authority("https://login.example/%63ommon%2f"), []string{"only a host and a tenant"}},
		"not a URL":           {authority("https://login example/"), []string{"is not a URL"}},
		"common without rule": {authority("https://login.example/common/v2.0"), []string{"list those that may call in Tenants"}},
		"tenant with rule":    {with(func(c *bearer.Config) { c.TenantAllowed = bearer.AnyTenant }), []string{"names one tenant"}},
		"tenant is a domain":  {with(func(c *bearer.Config) { c.Authority, c.Tenants = "https://login.example/common", []string{"a.example"} }), []string{`"a.example" is not a tenant id`}},
		"audience no URI":     {audience("orders"), []string{"neither a client id"}},
		"audience empty":      {audience(apiID, ""), []string{"is empty"}},
		"audience spaced":     {audience(" " + apiURI), []string{"spaces around it"}},
		"algorithm":           {with(func(c *bearer.Config) { c.Algorithms = []string{"RS256", "none", "HS256"} }), []string{`"none" is not supported`, `"HS256" is not supported`}},
		"skew":                {with(func(c *bearer.Config) { c.Skew = time.Hour }), []string{"Config.Skew: 1h0m0s is more than 15m0s"}},
		"negative":            {with(func(c *bearer.Config) { c.KeyRefresh, c.UnknownKeyInterval = -1, -1 }), []string{"Config.KeyRefresh", "Config.UnknownKeyInterval"}},
		"max age":             {with(func(c *bearer.Config) { c.KeyMaxAge = time.Minute }), []string{"is less than KeyRefresh"}},
		"realm":               {with(func(c *bearer.Config) { c.Realm = "a\r\nSet-Cookie: x" }), []string{"printable ASCII"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			v, err := bearer.New(tt.cfg)
			if (err == nil) != (len(tt.want) == 0) || (v == nil) != (err != nil) {
				t.Fatalf("New: %v, %v", v, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in: %v", part, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

// New must not keep hold of slices that the program goes on to change.
func TestConfigIsCopied(t *testing.T) {
	k := key(t, "rsa1")
	audiences := []string{apiID}
	v := verifier(t, newAuthority(k), func(c *bearer.Config) { c.Audiences = audiences })
	audiences[0] = clientID
	_, err := v.Verify(context.Background(), k.token(delegatedV2()))
	wantReason(t, err, "")
}
