package server

import "testing"

func TestFirstSegment(t *testing.T) {
	for raw, want := range map[string]string{
		"/": "",
		"/Common/v2.0/.well-known/openid-configuration": "common",
		"/v1.0/applications(appId='a%2fb')":             "v1.0",
		"/beta/users/a%2eb":                             "beta",
		"/x/...":                                        "x",
		"/x/..y":                                        "x",
		"/%E9%96%A2":                                    "%e9%96%a2",
	} {
		if got, ok := firstSegment(raw); !ok || got != want {
			t.Errorf("%s: %q, %v", raw, got, ok)
		}
	}
	for _, raw := range []string{
		"", "x", "//x", "/x//y", "/./x", "/x/./y", "/x/../y", "/..", "/.", "/x/.", "/x/..", `/x\y`, "/x%2Fy", "/x%5cy", "/x%00", "/%2E%2e/x",
		"/v1.0/%5c", "/v1.0/../x",
	} {
		if got, ok := firstSegment(raw); ok {
			t.Errorf("%s was accepted as %q", raw, got)
		}
	}
}
