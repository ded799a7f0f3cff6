package credential

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	ctx := context.Background()
	p := NewPasswords(1, bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	phc, err := p.HashPassword(ctx, "関所を通る 1")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("PHC %q", phc)
	}
	for password, want := range map[string]bool{"関所を通る 1": true, "関所を通る 1 ": false, "": false} {
		if ok, err := p.CheckPassword(ctx, phc, password); ok != want || err != nil {
			t.Errorf("%q: %v %v", password, ok, err)
		}
	}
	if _, err := p.HashPassword(ctx, strings.Repeat("x", MaxPassword+1)); !errors.Is(err, ErrPasswordTooLong) {
		t.Error(err)
	}
	for _, bad := range []string{"", "x", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", strings.Replace(phc, "m=19456", "m=99999999", 1), phc[:len(phc)-30]} {
		if ok, err := p.CheckPassword(ctx, bad, "x"); ok || !errors.Is(err, ErrMalformedHash) {
			t.Errorf("%q: %v %v", bad, ok, err)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	p.slots <- struct{}{}
	if _, err := p.CheckPassword(cancelled, phc, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a cancelled context: %v", err)
	}
}
