package authorization

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func FuzzRefreshToken(f *testing.F) {
	a := &Authorizations{Config{Key: bytes.Repeat([]byte{7}, 32)}}
	family := &Family{ID: "fa000000-0000-4000-8000-000000000001", Generation: 1}
	family.HomeTenant = directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")
	good := a.seal(family, [secretSize]byte{1}, time.UnixMicro(1))
	f.Add(good)
	f.Add("1.")
	f.Add("1." + strings.Repeat("\n", len(good)-2))
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, value string) {
		got, err := a.open(value)
		if (err == nil) != (value == good) {
			t.Errorf("%q: %+v, %v", value, got, err)
		}
		if err == nil && (got.home != family.HomeTenant || got.family != family.ID || got.generation != 1) {
			t.Errorf("%+v", got)
		}
	})
}
