package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestParseTenantName(t *testing.T) {
	const guid = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	long := strings.Repeat("a", 63)
	for segment, want := range map[string]directory.TenantName{
		guid:                              {Kind: directory.NameGUID, Text: guid},
		strings.ToUpper(guid):             {Kind: directory.NameGUID, Text: guid},
		"acme.example":                    {Kind: directory.NameDomain, Text: "acme.example"},
		"ACME.Example":                    {Kind: directory.NameDomain, Text: "acme.example"},
		"xn--fsq.example":                 {Kind: directory.NameDomain, Text: "xn--fsq.example"},
		"1.2":                             {Kind: directory.NameDomain, Text: "1.2"},
		long + ".example":                 {Kind: directory.NameDomain, Text: long + ".example"},
		"common":                          {Kind: directory.NameCommon, Text: "common"},
		"Organizations":                   {Kind: directory.NameOrganizations, Text: "organizations"},
		"consumers":                       {Kind: directory.NameConsumers, Text: "consumers"},
		directory.Consumers.String():      {Kind: directory.NameConsumers, Text: directory.Consumers.String()},
		directory.Installation.String():   {Kind: directory.NameGUID, Text: directory.Installation.String()},
		"":                                {},
		"acme":                            {},
		"tenant":                          {},
		".":                               {},
		"..":                              {},
		".example":                        {},
		"acme.":                           {},
		"acme..example":                   {},
		"-acme.example":                   {},
		"acme-.example":                   {},
		"ac_me.example":                   {},
		"acme.example/x":                  {},
		"acme.example:443":                {},
		"a b.example":                     {},
		"アクメ.example":                     {},
		"{" + guid + "}":                  {},
		guid + "0":                        {},
		"<script>alert(1)</script>":       {},
		long + "a.example":                {},
		strings.Repeat("a.", 126) + "com": {},
	} {
		got, err := directory.ParseTenantName(segment)
		if got != want || (err != nil) != (want == directory.TenantName{}) {
			t.Errorf("ParseTenantName(%q) = %+v, %v", segment, got, err)
		}
		if err != nil && !errors.Is(err, directory.ErrNotTenantName) {
			t.Errorf("ParseTenantName(%q): %v", segment, err)
		}
	}
}

type tenantsByName map[string]*directory.Tenant

func (m tenantsByName) TenantByName(_ context.Context, name string) (*directory.Tenant, error) {
	if t, ok := m[name]; ok {
		return t, nil
	}
	return nil, directory.ErrNotFound
}

func TestFindTenant(t *testing.T) {
	acme := &directory.Tenant{ID: directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")}
	known := tenantsByName{
		"acme.example":                  acme,
		"closed.example":                {Disabled: true},
		directory.Installation.String(): {},
	}
	for segment, want := range map[string]*directory.Tenant{
		"Acme.Example": acme, "common": nil, "organizations": nil, "consumers": nil,
		"9188040D-6C67-4C5B-B112-36A304B66DAD": nil,
	} {
		name, err := directory.ParseTenantName(segment)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := directory.FindTenant(t.Context(), known, name); err != nil || got != want {
			t.Errorf("FindTenant(%q) = %v, %v", segment, got, err)
		}
	}
	for _, segment := range []string{"other.example", "closed.example", directory.Installation.String()} {
		name, err := directory.ParseTenantName(segment)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := directory.FindTenant(t.Context(), known, name); !errors.Is(err, directory.ErrNotFound) || got != nil {
			t.Errorf("FindTenant(%q) = %v, %v; want not found", segment, got, err)
		}
	}
}
