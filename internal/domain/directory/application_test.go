package directory_test

import (
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestApplicationOfferedTo(t *testing.T) {
	home, other := directory.MustTenantID("11111111-1111-4111-8111-111111111111"), directory.MustTenantID("22222222-2222-4222-8222-222222222222")
	for audience, want := range map[string][2]bool{
		directory.AudienceMyOrg:       {true, false},
		directory.AudienceMultiOrg:    {true, true},
		directory.AudienceOrgPersonal: {true, true},
		directory.AudiencePersonal:    {false, false},
	} {
		app := &directory.Application{TenantID: home, SignInAudience: audience}
		if got := [2]bool{app.OfferedTo(home), app.OfferedTo(other)}; got != want {
			t.Errorf("%s: %v at home and elsewhere, want %v", audience, got, want)
		}
	}
}

func TestApplicationBlocked(t *testing.T) {
	if (&directory.Application{}).Blocked() {
		t.Error("without a status")
	}
	for status, want := range map[string]bool{"": false, "NotDisabled": false, "DisabledDueToViolationOfServicesAgreement": true} {
		if got := (&directory.Application{DisabledByMicrosoftStatus: &status}).Blocked(); got != want {
			t.Errorf("%q: %v", status, got)
		}
	}
}
