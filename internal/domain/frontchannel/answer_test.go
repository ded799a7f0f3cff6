package frontchannel

import "testing"

// How an answer is attached to an address. Only addresses of the web without a
// path get one.
func TestAnswer(t *testing.T) {
	fields := []Field{{"code", "a b"}, {"state", "x&y=#z"}}
	const text = "code=a%20b&state=x%26y%3D%23z"
	for _, tt := range []struct{ uri, query, fragment, target string }{
		{"https://a.example/cb", "https://a.example/cb?" + text + "#", "https://a.example/cb#" + text, "https://a.example"},
		{"https://a.example/cb?x=1", "https://a.example/cb?x=1&" + text + "#", "https://a.example/cb?x=1#" + text, "https://a.example"},
		{"https://a.example", "https://a.example/?" + text + "#", "https://a.example/#" + text, "https://a.example"},
		{"https://a.example?x=1", "https://a.example/?x=1&" + text + "#", "https://a.example/?x=1#" + text, "https://a.example"},
		{"http://localhost:81", "http://localhost:81/?" + text + "#", "http://localhost:81/#" + text, "http://localhost:81"},
		{"msal1://auth", "msal1://auth?" + text + "#", "msal1://auth#" + text, "msal1:"},
		{"urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob?" + text + "#", "urn:ietf:wg:oauth:2.0:oob#" + text, "urn:"},
	} {
		r := Redirect{uri: tt.uri}
		if got := r.Query(fields); got != tt.query {
			t.Errorf("%s: query %s", tt.uri, got)
		}
		if got := r.Fragment(fields); got != tt.fragment {
			t.Errorf("%s: fragment %s", tt.uri, got)
		}
		if got := r.Target(); got != tt.target {
			t.Errorf("%s: target %s", tt.uri, got)
		}
	}
	if got := (Redirect{}).Target(); got != "" {
		t.Errorf("the target of no address is %q", got)
	}
}
