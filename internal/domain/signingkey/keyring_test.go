package signingkey_test

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

func TestFirstStartMakesKeysThatSignAtOnce(t *testing.T) {
	ctx, s := t.Context(), &memory{}
	n := newNode(t, s, day)
	must(t, n.EnsureKeys(ctx))
	wantStates(t, n, "consumers RS256 active", "organizations RS256 active")
	must(t, n.EnsureNext(ctx))
	full := []string{"consumers RS256 active", "consumers RS256 next", "organizations RS256 active", "organizations RS256 next"}
	wantStates(t, n, full...)
	if got := len(n.Set().Published(orgs, n.clock)); got != 2 {
		t.Errorf("%d keys are published, want 2", got)
	}

	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	must(t, n.Rotate(ctx, n.clock))
	wantStates(t, n, full...)
	if n.drawn != 4 || len(s.events) != 4 {
		t.Errorf("%d keys drawn, %d events: repeating must do nothing", n.drawn, len(s.events))
	}

	second := newNode(t, s, day)
	must(t, second.EnsureKeys(ctx))
	if second.drawn != 0 {
		t.Error("a second process made keys again")
	}
	if second.active(t, orgs, rs).KID() != n.active(t, orgs, rs).KID() {
		t.Error("two processes sign with different keys")
	}
	ev := s.events[0]
	if ev.TargetKind != "signingKey" || ev.Activity != "Add signing key" || ev.Actor.Kind != "platform" || ev.TargetID == "" {
		t.Errorf("audit event %+v", ev)
	}
	for _, k := range s.keys {
		if len(k.SealedKey) == 0 {
			t.Error("no private key was stored")
		}
	}
}

func TestCertificate(t *testing.T) {
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(t.Context()))
	k := n.active(t, orgs, rs)
	cert, err := x509.ParseCertificate(k.Certificate())
	must(t, err)
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("not signed by itself: %v", err)
	}
	if got := cert.NotAfter.Sub(start); got < 1825*day || got > 1828*day {
		t.Errorf("valid for %v, want about five years", got)
	}
	if len(k.KID()) != 27 || k.KID() != k.X5T() || k.KID() != signingkey.Thumbprint(cert.Raw) {
		t.Errorf("kid %q, x5t %q", k.KID(), k.X5T())
	}
}

// A year passes hour by hour. At every hour there is exactly one key that
// signs, it has been shown for a day before, and what it signed can be verified
// for 28 hours after.
func TestYearOfRotation(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	shown, lastUse := map[string]time.Time{}, map[string]time.Time{}
	first := n.active(t, orgs, rs).KID()
	for range 365 * 24 {
		n.clock = n.clock.Add(time.Hour)
		must(t, n.Rotate(ctx, n.clock))
		for _, k := range n.Set().Published(orgs, n.clock) {
			if _, ok := shown[k.KID()]; !ok {
				shown[k.KID()] = n.clock
			}
		}
		if got := len(n.Set().Published(orgs, n.clock)); got < 2 || got > 3 {
			t.Fatalf("%v: %d keys published", n.clock, got)
		}
		k := n.active(t, orgs, rs)
		if k.KID() != first && n.clock.Sub(shown[k.KID()]) < day {
			t.Fatalf("%v: a key signs that was shown at %v", n.clock, shown[k.KID()])
		}
		lastUse[k.KID()] = n.clock
		for kid, at := range lastUse {
			_, err := n.Set().VerifyKey(kid, orgs, rs, n.clock)
			if since := n.clock.Sub(at); since <= 28*time.Hour && err != nil {
				t.Fatalf("%v: a token signed %v ago cannot be verified", n.clock, since)
			} else if since > 54*time.Hour && err == nil {
				t.Fatalf("%v: a key is still shown %v after its last use", n.clock, since)
			}
		}
	}
	if got := len(lastUse); got != 5 {
		t.Errorf("%d keys signed in a year, want 5 (terms of 90 days)", got)
	}
	if got := len(n.store.keys); got != 4 {
		t.Errorf("%d keys stored, want 4: expired ones are removed", got)
	}
}

// Whatever write a rotation dies after, there is a key that signs, and the next
// run ends in the same state.
func TestRotationCutShort(t *testing.T) {
	ctx := t.Context()
	for writes := 1; ; writes++ {
		n := newNode(t, &memory{}, day)
		must(t, n.EnsureKeys(ctx))
		must(t, n.EnsureNext(ctx))
		n.clock = start.Add(91 * day)
		n.store.failAfter = writes
		err := n.Rotate(ctx, n.clock)
		n.store.failAfter = 0
		if err != nil && !errors.Is(err, errGone) {
			t.Fatal(err)
		}
		again := newNode(t, n.store, day)
		again.clock = n.clock
		must(t, again.Reload(ctx))
		again.active(t, orgs, rs)
		again.active(t, cons, rs)
		must(t, again.Rotate(ctx, again.clock))
		wantStates(t, again,
			"consumers RS256 active", "consumers RS256 next", "consumers RS256 retired",
			"organizations RS256 active", "organizations RS256 next", "organizations RS256 retired")
		if err == nil {
			if writes != 7 { // 2 activated, 2 retired, 2 made, and one more than enough
				t.Errorf("a rotation took %d writes", writes-1)
			}
			return
		}
	}
}

func TestTwoNodesAtTheFirstStart(t *testing.T) {
	ctx, s := t.Context(), &memory{}
	a, b := newNode(t, s, day), newNode(t, s, day)
	must(t, a.Reload(ctx))
	must(t, a.EnsureKeys(ctx))
	// b read before a wrote: it makes keys of its own.
	theirs := s.keys
	s.keys = nil
	must(t, b.EnsureKeys(ctx))
	s.keys = append(theirs, s.keys...)
	must(t, a.Rotate(ctx, a.clock))
	must(t, b.Reload(ctx))
	if a.active(t, orgs, rs).KID() != b.active(t, orgs, rs).KID() {
		t.Error("the nodes sign with different keys")
	}
	wantStates(t, b,
		"consumers RS256 active", "consumers RS256 next", "consumers RS256 retired",
		"organizations RS256 active", "organizations RS256 next", "organizations RS256 retired")
}

func TestRollSignsWithANewKeyAtOnce(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, 0)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	old := n.active(t, orgs, rs)
	known := n.Set().Published(orgs, n.clock)
	must(t, n.Roll(ctx, directory.Caller{App: "a", AppID: "b"}))
	k := n.active(t, orgs, rs)
	if slices.ContainsFunc(known, func(o *signingkey.Key) bool { return o.KID() == k.KID() }) {
		t.Error("the key was published before")
	}
	if old, _ = n.Set().ByKID(old.KID()); old.State(n.clock) != signingkey.StateRetired {
		t.Errorf("the old key is %s", old.State(n.clock))
	}
	if _, err := n.Set().VerifyKey(old.KID(), orgs, rs, n.clock.Add(28*time.Hour)); err != nil {
		t.Error("tokens of the old key cannot be verified")
	}
	must(t, n.Roll(ctx, directory.Caller{}))
	if n.active(t, orgs, rs).KID() == k.KID() {
		t.Error("a second roll in the same moment did nothing")
	}
	if ev := n.store.events[4]; ev.Actor.Kind != "app" || ev.Actor.ObjectID != "a" {
		t.Errorf("who rolled is not recorded: %+v", ev)
	}
}

func TestClockSetBackAfterRoll(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, 0)
	must(t, n.EnsureKeys(ctx))
	first := n.active(t, orgs, rs).KID()
	n.clock = start.Add(10 * day)
	must(t, n.Roll(ctx, directory.Caller{}))
	n.clock = start.Add(20 * day)
	must(t, n.Rotate(ctx, n.clock)) // removes the first key
	if _, ok := n.Set().ByKID(first); ok {
		t.Fatal("the first key is still there")
	}
	n.clock = start
	if _, err := n.Set().Active(orgs, rs, n.clock); !errors.Is(err, signingkey.ErrNoActiveKey) {
		t.Fatalf("active before EnsureKeys: %v", err)
	}
	must(t, n.EnsureKeys(ctx))
	n.active(t, orgs, rs)
	must(t, n.EnsureNext(ctx))
	if got := len(n.Set().Published(orgs, n.clock)); got < 2 {
		t.Errorf("%d keys published, want 2", got)
	}
}

func TestPromote(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	before := n.active(t, orgs, rs).KID()
	n.clock = start.Add(day - time.Second)
	if err := n.Promote(ctx, directory.Caller{}); !errors.Is(err, signingkey.ErrTooSoon) {
		t.Fatalf("Promote: %v, want ErrTooSoon", err)
	}
	if n.active(t, orgs, rs).KID() != before {
		t.Error("a refused promotion changed the key")
	}
	n.clock = start.Add(day)
	must(t, n.Promote(ctx, directory.Caller{}))
	if n.active(t, orgs, rs).KID() == before {
		t.Error("the key is the same")
	}
	wantStates(t, n,
		"consumers RS256 active", "consumers RS256 next", "consumers RS256 retired",
		"organizations RS256 active", "organizations RS256 next", "organizations RS256 retired")
}

func TestRevoke(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	bad := n.active(t, orgs, rs).KID()
	must(t, n.Revoke(ctx, directory.Caller{}, bad))
	if n.active(t, orgs, rs).KID() == bad {
		t.Error("the revoked key still signs")
	}
	if _, err := n.Set().VerifyKey(bad, orgs, rs, n.clock); !errors.Is(err, signingkey.ErrUnknownKey) {
		t.Errorf("the revoked key still verifies: %v", err)
	}
	wantStates(t, n, "consumers RS256 active", "consumers RS256 next",
		"organizations RS256 active", "organizations RS256 next", "organizations RS256 revoked")
	if err := n.Revoke(ctx, directory.Caller{}, "unknown"); !errors.Is(err, signingkey.ErrUnknownKey) {
		t.Errorf("unknown key: %v", err)
	}
	must(t, n.Revoke(ctx, directory.Caller{}, bad)) // again: nothing happens
	// All keys of a ring one after the other: there is always one that signs.
	for range 3 {
		must(t, n.Revoke(ctx, directory.Caller{}, n.active(t, orgs, rs).KID()))
		n.active(t, orgs, rs)
	}
	n.clock = start.Add(31 * day)
	must(t, n.Rotate(ctx, n.clock))
	if slices.Contains(n.states(), "organizations RS256 revoked") {
		t.Error("keys revoked a month ago are still stored")
	}
}

// While one node rotates, another revokes the key that is being retired.
func TestRevocationIsNotLostToARotation(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureNext(ctx))
	bad := n.active(t, orgs, rs).KID()
	n.clock = start.Add(91 * day)
	n.store.before = func(ev *audit.Event) {
		if ev.Activity == "Activate signing key" && ev.TargetName == orgs+" "+rs {
			for i := range n.store.keys {
				if n.store.keys[i].KID == bad {
					n.store.keys[i].RevokedAt = n.clock
				}
			}
		}
	}
	must(t, n.Rotate(ctx, n.clock))
	if k, _ := n.Set().ByKID(bad); k.State(n.clock) != signingkey.StateRevoked {
		t.Errorf("the revoked key is %s", k.State(n.clock))
	}
	n.active(t, orgs, rs)
}

func TestES256IsMadeWhenAsked(t *testing.T) {
	ctx := t.Context()
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(ctx))
	must(t, n.EnsureAlgorithm(ctx, orgs, es))
	must(t, n.EnsureAlgorithm(ctx, orgs, es))
	if _, err := n.Set().Active(orgs, es, n.clock); !errors.Is(err, signingkey.ErrNoActiveKey) {
		t.Errorf("a key signs before it was shown for a day: %v", err)
	}
	must(t, n.Rotate(ctx, n.clock))
	n.clock = start.Add(day)
	k := n.active(t, orgs, es)
	digest := sha256.Sum256([]byte("signing input"))
	sig, err := k.Sign(digest[:])
	must(t, err)
	if len(sig) != 64 {
		t.Errorf("signature of %d bytes, want R and S of 32", len(sig))
	}
	must(t, k.Verify(digest[:], sig))
	must(t, n.Rotate(ctx, n.clock))
	wantStates(t, n, "consumers RS256 active", "consumers RS256 next",
		"organizations ES256 active", "organizations ES256 next",
		"organizations RS256 active", "organizations RS256 next")
	if err := n.EnsureAlgorithm(ctx, orgs, "none"); err == nil {
		t.Error("a key for algorithm none was made")
	}
}

func TestVerifyKeyIsPinned(t *testing.T) {
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(t.Context()))
	must(t, n.EnsureNext(t.Context()))
	k := n.active(t, orgs, rs)
	tests := []struct {
		name                 string
		kid, ring, algorithm string
		now                  time.Time
		ok                   bool
	}{
		{"its own ring and algorithm", k.KID(), orgs, rs, start, true},
		{"key of another ring", k.KID(), cons, rs, start, false},
		{"another algorithm", k.KID(), orgs, es, start, false},
		{"algorithm none", k.KID(), orgs, "none", start, false},
		{"unknown key", "Qm9vdC1rZXktMDAwMS1zZWtpc2g", orgs, rs, start, false},
		{"no key id", "", orgs, rs, start, false},
		{"before it was published", k.KID(), orgs, rs, start.Add(-time.Second), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := n.Set().VerifyKey(tt.kid, tt.ring, tt.algorithm, tt.now)
			if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, signingkey.ErrUnknownKey) {
				t.Errorf("VerifyKey: %v", err)
			}
		})
	}
	if signingkey.RingOf(directory.Consumers) != cons || signingkey.RingOf(directory.MustTenantID("6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13")) != orgs {
		t.Error("RingOf is wrong")
	}
}

func TestSignatures(t *testing.T) {
	digest := sha256.Sum256([]byte("signing input"))
	other := sha256.Sum256([]byte("another"))
	n := newNode(t, &memory{}, 0)
	must(t, n.EnsureKeys(t.Context()))
	must(t, n.EnsureAlgorithm(t.Context(), orgs, es))
	for _, algorithm := range []string{rs, es} {
		k := n.active(t, orgs, algorithm)
		sig, err := k.Sign(digest[:])
		must(t, err)
		if err := k.Verify(digest[:], sig); err != nil {
			t.Errorf("%s: own signature: %v", algorithm, err)
		}
		bad := map[string][]byte{
			"other text": nil, "empty": {}, "cut": sig[1:], "zeros": make([]byte, len(sig)),
			"too long": append(slices.Clone(sig), 0),
		}
		for name, b := range bad {
			d := digest
			if b == nil {
				b, d = sig, other
			}
			if k.Verify(d[:], b) == nil {
				t.Errorf("%s: %s is accepted", algorithm, name)
			}
		}
	}
}

func TestStoredKeysThatDoNotFit(t *testing.T) {
	ctx := t.Context()
	fresh := func() *memory {
		s := &memory{}
		n := newNode(t, s, day)
		must(t, n.EnsureKeys(ctx))
		must(t, n.EnsureAlgorithm(ctx, orgs, es))
		return s
	}
	tests := map[string]func(*memory){
		"private key of another row": func(s *memory) { s.keys[0].SealedKey = s.keys[1].SealedKey },
		"certificate of another key": func(s *memory) { s.keys[0].Cert = s.keys[1].Cert },
		"certificate is garbage":     func(s *memory) { s.keys[0].Cert = []byte("x") },
		"algorithm changed":          func(s *memory) { s.keys[0].Algorithm = es },
		"other data key":             func(s *memory) { s.data = nil },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			s := fresh()
			spoil(s)
			n := newNode(t, s, day)
			if err := n.EnsureKeys(ctx); err == nil {
				t.Error("accepted")
			}
		})
	}
	good := newNode(t, fresh(), day)
	must(t, good.Reload(ctx))
	good.store.keys = append(good.store.keys, signingkey.Stored{KID: "x"})
	if err := good.Reload(ctx); err == nil {
		t.Error("a damaged key was accepted")
	}
	good.active(t, orgs, rs) // the keys known before stay
}

func TestActiveAllocatesNothing(t *testing.T) {
	n := newNode(t, &memory{}, day)
	must(t, n.EnsureKeys(t.Context()))
	must(t, n.EnsureNext(t.Context()))
	got := testing.AllocsPerRun(100, func() {
		if _, err := n.Set().Active(orgs, rs, start); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestGenerate(t *testing.T) {
	for _, algorithm := range []string{rs, es} {
		if _, err := signingkey.Generate(algorithm, nil); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
	if _, err := signingkey.Generate("HS256", nil); err == nil {
		t.Error("a key for HS256 was made")
	}
}
