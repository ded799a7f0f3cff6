package signingkey_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestJWKS(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, 0)
	// One after the other, so that serial numbers are drawn in a fixed order.
	must(t, n.EnsureAlgorithm(ctx, signingkey.Organizations, signingkey.RS256))
	must(t, n.EnsureAlgorithm(ctx, signingkey.ConsumersRing, signingkey.RS256))
	must(t, n.EnsureAlgorithm(ctx, signingkey.Organizations, signingkey.ES256))

	tests := map[string]signingkey.KeySet{
		"jwks_common_v2.json": {
			CloudName: "sekisho.example",
			Rings: []signingkey.RingIssuer{
				{Ring: orgs, Issuer: "https://login.sekisho.example/{tenantid}/v2.0"},
				{Ring: cons, Issuer: "https://login.sekisho.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
			},
		},
		"jwks_v1.json": {Rings: []signingkey.RingIssuer{{Ring: orgs}}},
	}
	for file, ks := range tests {
		t.Run(file, func(t *testing.T) {
			doc, err := n.Set().JWKS(start, ks)
			must(t, err)
			if again, _ := n.Set().JWKS(start, ks); !bytes.Equal(doc, again) {
				t.Error("the same keys gave another document")
			}
			var pretty bytes.Buffer
			must(t, json.Indent(&pretty, doc, "", " "))
			pretty.WriteByte('\n')
			path := "testdata/" + file
			if *update {
				must(t, os.WriteFile(path, pretty.Bytes(), 0o644))
			}
			want, err := os.ReadFile(path)
			must(t, err)
			if d := cmp.Diff(string(want), pretty.String()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
	if doc, err := signingkey.NewSet().JWKS(start, signingkey.KeySet{}); err != nil || string(doc) != `{"keys":[]}` {
		t.Errorf("no keys: %s, %v", doc, err)
	}
}

func TestNextChange(t *testing.T) {
	n := newNode(t, &memory{}, 0)
	must(t, n.EnsureKeys(t.Context()))
	if got := n.Set().NextChange(start); !got.IsZero() {
		t.Errorf("NextChange = %v, want nothing planned", got)
	}
	must(t, n.Revoke(t.Context(), caller, n.active(t, orgs, rs).KID()))
	n.clock = start.Add(day)
	must(t, n.Roll(t.Context(), caller))
	if got, want := n.Set().NextChange(n.clock), n.clock.Add(signingkey.KeepAfterUse); !got.Equal(want) {
		t.Errorf("NextChange = %v, want %v", got, want)
	}
	if got := n.Set().NextChange(start); !got.Equal(n.clock) {
		t.Errorf("NextChange = %v, want the new key's first showing", got)
	}
}
