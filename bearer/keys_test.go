package bearer_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sekisho-id/sekisho/bearer"
)

// inBubble runs f with an authority that publishes rsa1 and a clock that only the
// test moves. Timers of the package run on the bubble's time.
func inBubble(t *testing.T, f func(t *testing.T, a *authority, c *clock, v *bearer.Verifier)) {
	k := key(t, "rsa1")
	synctest.Test(t, func(t *testing.T) {
		a, c := newAuthority(k), newClock()
		f(t, a, c, verifier(t, a, func(cfg *bearer.Config) { cfg.Now = c.Now }))
	})
}

// forever is a token that the tests' clock does not outlive.
func forever(k testKey) string {
	return k.token(delegatedV2().with(object{"exp": epoch.AddDate(1, 0, 0).Unix()}))
}

// together verifies raw n times at once. It gives a function that waits for the
// results and returns them.
func together(t *testing.T, n int, v *bearer.Verifier, raw string) func() []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, errs[i] = v.Verify(t.Context(), raw) })
	}
	return func() []error { wg.Wait(); return errs }
}

func wantAll(t *testing.T, errs []error, want bearer.Reason) {
	t.Helper()
	for _, err := range errs {
		wantReason(t, err, want)
	}
}

func wantFetches(t *testing.T, a *authority, want int) {
	t.Helper()
	if got := a.fetches(); got != want {
		t.Errorf("%d fetches of keys, want %d", got, want)
	}
}

func TestHundredRequestsOneFetch(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		a.gate = make(chan struct{})
		results := together(t, 100, v, forever(k1))
		synctest.Wait() // all of them wait for the one fetch
		wantFetches(t, a, 1)
		a.gate <- struct{}{}
		wantAll(t, results(), "")

		a.publish(k1, k2)
		results = together(t, 100, v, forever(k2))
		synctest.Wait()
		wantFetches(t, a, 2)
		a.gate <- struct{}{}
		wantAll(t, results(), "")
		wantFetches(t, a, 2)
	})
}

func TestRollOver(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		verify := func(k testKey, want bearer.Reason) {
			t.Helper()
			_, err := v.Verify(t.Context(), forever(k))
			wantReason(t, err, want)
		}
		verify(k1, "")
		// Published ahead: no token of the new key has come, so nothing is fetched.
		a.publish(k1, k2)
		verify(k1, "")
		wantFetches(t, a, 1)
		// The first one comes: fetched at once.
		verify(k2, "")
		verify(k1, "")
		wantFetches(t, a, 2)
		// The old key is taken away, which is noticed after an hour.
		a.publish(k2)
		c.advance(59 * time.Minute)
		verify(k1, "")
		wantFetches(t, a, 2)
		c.advance(time.Minute)
		verify(k1, "") // begins the fetch in the background
		synctest.Wait()
		wantFetches(t, a, 3)
		verify(k1, bearer.UnknownKey) // and so no longer good, though remembered
		verify(k2, "")
	})
}

// After a pause in traffic the keys are old: the first request must not pass on the
// strength of a key that was taken away in the meantime.
func TestOldKeysAreNotTrustedAfterAPause(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
		a.publish(k2)
		c.advance(2 * time.Hour)
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, bearer.UnknownKey)
	})
}

// The same identifier with another key: what the old key signed is no longer good.
func TestKeyReplacedUnderItsIdentifier(t *testing.T) {
	k1 := key(t, "rsa1")
	impostor := testKey{"rsa1", key(t, "rsa2").signer}
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
		a.publish(impostor)
		c.advance(2 * time.Hour)
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, bearer.Signature)
		_, err = v.Verify(t.Context(), forever(impostor))
		wantReason(t, err, "")
	})
}

func TestUnknownKeysCauseFewFetches(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		junk := func(n int) {
			for i := range n {
				_, err := v.Verify(t.Context(), testKey{string(rune('a' + i)), k2.signer}.token(delegatedV2()))
				wantReason(t, err, bearer.UnknownKey)
			}
		}
		junk(1)
		wantFetches(t, a, 1) // it was the first fetch of all, and says enough
		junk(20)
		wantFetches(t, a, 2) // the first unknown key at once, the others not
		c.advance(5*time.Minute - time.Second)
		a.publish(k1, k2)
		_, err := v.Verify(t.Context(), forever(k2))
		wantReason(t, err, bearer.UnknownKey) // the price: a new key may wait that long
		wantFetches(t, a, 2)
		c.advance(time.Second)
		_, err = v.Verify(t.Context(), forever(k2))
		wantReason(t, err, "")
		junk(20)
		wantFetches(t, a, 3)
	})
}

// A fetch that was under way before the new key was published does not count as the
// one that its first token causes.
func TestUnknownKeyJoinsAFetchThatIsTooOld(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")

		a.gate = make(chan struct{})
		c.advance(time.Hour)
		_, err = v.Verify(t.Context(), forever(k1)) // begins a fetch in the background
		wantReason(t, err, "")
		synctest.Wait()
		result := together(t, 1, v, forever(k2))
		synctest.Wait()
		wantFetches(t, a, 2)
		a.gate <- struct{}{} // answers without the new key
		synctest.Wait()
		a.publish(k1, k2)
		a.gate <- struct{}{}
		wantAll(t, result(), "")
		wantFetches(t, a, 3)
	})
}

func TestAuthorityAwayKeepsOldKeys(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
		a.setDown(true)
		for hour := 1; hour < 24; hour++ {
			c.advance(time.Hour)
			wantAll(t, together(t, 10, v, forever(k1))(), "")
			synctest.Wait()
		}
		// A key that is not known cannot be judged: the token may be good.
		_, err = v.Verify(t.Context(), forever(k2))
		wantReason(t, err, bearer.Unavailable)
		c.advance(time.Hour)
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, bearer.Unavailable)

		a.setDown(false)
		c.advance(time.Minute)
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
	})
}

func TestFailuresAreRemembered(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		attempts := func() int { return a.count["/"+tenant1+"/v2.0/.well-known/openid-configuration"] }
		a.setDown(true)
		want := 0
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
			want++
			wantAll(t, together(t, 50, v, forever(k1))(), bearer.Unavailable)
			if attempts() != want {
				t.Fatalf("%d attempts, want %d", attempts(), want)
			}
			c.advance(pause*time.Second - time.Millisecond)
			_, err := v.Verify(t.Context(), forever(k1))
			wantReason(t, err, bearer.Unavailable)
			if attempts() != want {
				t.Fatalf("%d attempts after less than %d s, want %d", attempts(), pause, want)
			}
			c.advance(time.Millisecond)
		}
		a.setDown(false)
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")

		// A failed fetch for an unknown key does not use up the five minutes.
		a.setDown(true)
		_, err = v.Verify(t.Context(), forever(k2))
		wantReason(t, err, bearer.Unavailable)
		a.publish(k1, k2)
		a.setDown(false)
		c.advance(time.Second)
		_, err = v.Verify(t.Context(), forever(k2))
		wantReason(t, err, "")
	})
}

// One caller that gives up takes nothing away from the others.
func TestCallerGivesUp(t *testing.T) {
	k := key(t, "rsa1")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		a.gate = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		var gone error
		var wg sync.WaitGroup
		wg.Go(func() { _, gone = v.Verify(ctx, forever(k)) })
		synctest.Wait()
		results := together(t, 5, v, forever(k))
		synctest.Wait()
		cancel()
		wg.Wait()
		if !errors.Is(gone, context.Canceled) || !errors.Is(gone, bearer.Unavailable) {
			t.Errorf("the one that gave up got %v", gone)
		}
		a.gate <- struct{}{}
		wantAll(t, results(), "")
		wantFetches(t, a, 1)
	})
}

// An authority that accepts the connection and says nothing holds requests for ten
// seconds, once.
func TestAuthorityHangs(t *testing.T) {
	k := key(t, "rsa1")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		a.gate = make(chan struct{})
		start := time.Now()
		wantAll(t, together(t, 5, v, forever(k))(), bearer.Unavailable)
		if waited := time.Since(start); waited != 10*time.Second {
			t.Errorf("waited %v", waited)
		}
		_, err := v.Verify(t.Context(), forever(k))
		wantReason(t, err, bearer.Unavailable)
		wantFetches(t, a, 1)
	})
}

func TestClockGoesBack(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		c.advance(100 * 24 * time.Hour)
		_, err := v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
		c.advance(-100 * 24 * time.Hour)
		a.publish(k2)
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, "")
		synctest.Wait()
		// The keys were fetched again rather than taken as fresh for 100 days.
		_, err = v.Verify(t.Context(), forever(k1))
		wantReason(t, err, bearer.UnknownKey)
	})
}

func TestPreload(t *testing.T) {
	k := key(t, "rsa1")
	inBubble(t, func(t *testing.T, a *authority, c *clock, v *bearer.Verifier) {
		a.setDown(true)
		if err := v.Preload(t.Context()); err == nil {
			t.Error("no error although the authority is away")
		}
		a.setDown(false)
		c.advance(time.Second)
		for range 3 {
			if err := v.Preload(t.Context()); err != nil {
				t.Error(err)
			}
		}
		_, err := v.Verify(t.Context(), forever(k))
		wantReason(t, err, "")
		wantFetches(t, a, 1)
	})
}

// The two versions of tokens have documents of their own.
func TestEachVersionItsDocument(t *testing.T) {
	k1, k2 := key(t, "rsa1"), key(t, "rsa2")
	a := newAuthority(k1)
	a.keysV1 = []object{k2.jwk(nil)}
	v := verifier(t, a, nil)
	for _, tt := range []struct {
		k      testKey
		claims object
		want   bearer.Reason
	}{
		{k1, delegatedV2(), ""}, {k2, delegatedV1(), ""},
		{k2, delegatedV2(), bearer.UnknownKey}, {k1, delegatedV1(), bearer.UnknownKey},
	} {
		_, err := v.Verify(t.Context(), tt.k.token(tt.claims))
		wantReason(t, err, tt.want)
	}
}

// TestMetadata: documents that must not be believed.
func TestMetadata(t *testing.T) {
	k := key(t, "rsa1")
	const host = "https://login.microsoftonline.com/"
	const docPath, keysPath = "/" + tenant1 + "/v2.0/.well-known/openid-configuration", "/" + tenant1 + "/discovery/v2.0/keys"
	doc := object{"issuer": host + tenant1 + "/v2.0", "jwks_uri": host + tenant1 + "/discovery/v2.0/keys"}
	jwk := k.jwk(nil)
	keys := func(list ...object) string { return object{"keys": list}.json() }
	many := make([]object, 201)
	for i := range many {
		many[i] = jwk.with(object{"kid": "k" + string(rune('0'+i))})
	}
	tests := []struct {
		name      string
		doc, keys string
		want      bearer.Reason
	}{
		{"as it should be", doc.json(), keys(jwk), ""},
		{"not JSON", "<html>", keys(jwk), bearer.Unavailable},
		{"no issuer", doc.with(object{"issuer": nil}).json(), keys(jwk), bearer.Unavailable},
		{"issuer twice", `{"issuer":"x",` + doc.json()[1:], keys(jwk), bearer.Unavailable},
		{"issuer of another tenant", doc.with(object{"issuer": host + tenant2 + "/v2.0"}).json(), keys(jwk), bearer.Unavailable},
		{"issuer of any tenant", doc.with(object{"issuer": host + "{tenantid}/v2.0"}).json(), keys(jwk), bearer.Unavailable},
		{"issuer of version 1.0", doc.with(object{"issuer": "https://sts.windows.net/" + tenant1 + "/"}).json(), keys(jwk), bearer.Unavailable},
		{"issuer with http", doc.with(object{"issuer": "http://login.microsoftonline.com/" + tenant1 + "/v2.0"}).json(), keys(jwk), bearer.Unavailable},
		{"keys elsewhere", doc.with(object{"jwks_uri": "https://evil.example/keys"}).json(), keys(jwk), bearer.Unavailable},
		{"keys by http", doc.with(object{"jwks_uri": "http://login.microsoftonline.com/keys"}).json(), keys(jwk), bearer.Unavailable},
		{"keys from a file", doc.with(object{"jwks_uri": "file:///etc/passwd"}).json(), keys(jwk), bearer.Unavailable},
		{"no jwks_uri", doc.with(object{"jwks_uri": nil}).json(), keys(jwk), bearer.Unavailable},
		{"keys missing", doc.json(), "", bearer.Unavailable},
		{"no keys", doc.json(), keys(), bearer.Unavailable},
		{"keys not a list", doc.json(), `{"keys":{}}`, bearer.Unavailable},
		{"too many keys", doc.json(), keys(many...), bearer.Unavailable},
		{"too long", doc.json(), keys(jwk.with(object{"x5c": string(make([]byte, 256<<10))})), bearer.Unavailable},
		{"for encryption", doc.json(), keys(jwk.with(object{"use": "enc"})), bearer.Unavailable},
		{"no use", doc.json(), keys(jwk.with(object{"use": nil})), ""},
		{"no kid", doc.json(), keys(jwk.with(object{"kid": nil})), bearer.Unavailable},
		{"alg fits", doc.json(), keys(jwk.with(object{"alg": "RS256"})), ""},
		{"for another algorithm", doc.json(), keys(jwk.with(object{"alg": "PS256"})), bearer.Unavailable},
		{"with its private part", doc.json(), keys(jwk.with(object{"d": "AQAB"})), bearer.Unavailable},
		{"even exponent", doc.json(), keys(jwk.with(object{"e": "AQAA"})), bearer.Unavailable},
		{"symmetric", doc.json(), keys(object{"kty": "oct", "kid": "rsa1", "k": "c2VjcmV0"}), bearer.Unavailable},
		{"one bad key beside a good one", doc.json(), keys(object{"kty": "new", "kid": "x"}, object{"kty": 5}, jwk), ""},
		{"the same key twice", doc.json(), keys(jwk, jwk), ""},
		{"two keys of one name", doc.json(), keys(jwk, key(t, "rsa3").jwk(nil), key(t, "rsa2").jwk(object{"kid": "rsa1"})), bearer.UnknownKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAuthority(k)
			a.override[docPath], a.override[keysPath] = tt.doc, tt.keys
			_, err := verifier(t, a, nil).Verify(t.Context(), k.token(delegatedV2()))
			wantReason(t, err, tt.want)
			if len(a.others) != 0 {
				t.Errorf("requests to other hosts: %v", a.others)
			}
		})
	}
	for _, status := range []int{302, 307, 404, 500, 204} {
		a := newAuthority(k)
		a.status = status
		_, err := verifier(t, a, nil).Verify(t.Context(), k.token(delegatedV2()))
		wantReason(t, err, bearer.Unavailable)
		if len(a.others) != 0 {
			t.Errorf("status %d was followed: %v", status, a.others)
		}
	}
	t.Run("a document of one tenant for common", func(t *testing.T) {
		a := newAuthority(k)
		a.override["/common/v2.0/.well-known/openid-configuration"] = doc.json()
		v := verifier(t, a, func(c *bearer.Config) { c.Authority, c.TenantAllowed = host+"common", bearer.AnyTenant })
		_, err := v.Verify(t.Context(), k.token(delegatedV2()))
		wantReason(t, err, bearer.Unavailable)
	})
}
