package opaque_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
)

var tenant = directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000001")

func minter(t *testing.T) *opaque.Minter {
	m, err := opaque.NewMinter(bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRoundTrip(t *testing.T) {
	m := minter(t)
	value, hash, err := m.Mint(opaque.Code, tenant)
	if err != nil {
		t.Fatal(err)
	}
	got, again, err := m.Parse(opaque.Code, value)
	if err != nil || got != tenant || !bytes.Equal(hash, again) {
		t.Errorf("Parse gave %v, %x, %v; want %v, %x", got, again, err, tenant, hash)
	}
	if _, other, _ := m.Parse(opaque.Session, value); bytes.Equal(hash, other) {
		t.Error("a code is kept under the same hash as a session")
	}
	if second, _, _ := m.Mint(opaque.Code, tenant); second == value {
		t.Error("two values are the same")
	}
}

func TestNoTenant(t *testing.T) {
	if _, _, err := minter(t).Mint(opaque.Code, directory.TenantID{}); !errors.Is(err, directory.ErrNoTenant) {
		t.Errorf("minting without a tenant: %v", err)
	}
}

func TestMalformed(t *testing.T) {
	m := minter(t)
	value, _, err := m.Mint(opaque.Code, tenant)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": value[:len(value)-1], "longer": value + "A", "other prefix": "2" + value[1:],
		"not base64": value[:10] + "!" + value[11:], "line break": value[:10] + "\n" + value[11:],
		"line breaks": "1." + strings.Repeat("\r\n", (len(value)-2)/2), "padding": strings.Replace(value, "1.", "1=", 1),
		"no tenant": "1." + strings.Repeat("A", len(value)-2),
	} {
		if _, _, err := m.Parse(opaque.Code, bad); !errors.Is(err, opaque.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1.SmsOAAAAQACAAAAAAAAAAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f")
	f.Add("")
	m, err := opaque.NewMinter(bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got, hash, err := m.Parse(opaque.Code, value)
		if err == nil && (got.IsZero() || len(hash) != 32) {
			t.Errorf("%q parsed to tenant %v and %d bytes", value, got, len(hash))
		}
	})
}
