package server

import "testing"

func TestArea(t *testing.T) {
	for path, want := range map[string]string{
		"/acme.example/oauth2/v2.0/token":                     "token",
		"/ACME.example/OAuth2/Token":                          "token",
		"/common/oauth2/v2.0/authorize":                       "oauth2",
		"/acme.example/v2.0/.well-known/openid-configuration": "discovery",
		"/acme.example/.well-known/openid-configuration":      "discovery",
		"/acme.example/discovery/v2.0/keys":                   "discovery",
		"/common/discovery/instance":                          "discovery",
		"/v1.0/applications":                                  "graph",
		"/beta/users":                                         "graph",
		"/acme.example":                                       "other",
		"/":                                                   "other",
		"":                                                    "other",
	} {
		if got := area(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}
