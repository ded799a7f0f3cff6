package issue

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// ErrBusy is returned when too many tokens wait for a signature or a record.
var ErrBusy = errors.New("issue: too many tokens are waiting")

// ErrNoKey is returned where no key can sign.
var ErrNoKey = errors.New("issue: no signing key")

// Keys finds the key that signs now.
type Keys interface {
	// Set is the keys as they are now.
	Set() *signingkey.Set
	// EnsureAlgorithm makes a first key for an algorithm that a resource asked
	// for.
	EnsureAlgorithm(ctx context.Context, ring, algorithm string) error
}

// Tokens issues tokens.
type Tokens struct {
	Keys      Keys
	Queue     *signingkey.Queue
	Recorder  *audit.Recorder
	Lifetimes Lifetimes
	Now       func() time.Time
	Rand      io.Reader
	// Subjects and Hints are for tokens of people.
	Subjects Subjects
	// Hints makes the value of the login_hint claim. session.Hints is one.
	Hints interface {
		Hint(ctx context.Context, home directory.TenantID, user directory.ID) (string, error)
	}

	asked sync.Map // "ring algorithm" for which EnsureAlgorithm was called
}

// Token is an issued access token.
type Token struct {
	Compact   string // JWS compact serialization (RFC 7515 §7.1)
	ExpiresIn int64  // whole seconds left
	ExpiresOn int64  // Unix time
	NotBefore int64  // Unix time
}

// AppOnly issues an access token to a workload that acts as itself. When it
// returns a token, the sign-in record of that token is durable.
func (t *Tokens) AppOnly(ctx context.Context, f *Facts) (*Token, error) {
	now := t.Now()
	key, err := t.accessKey(ctx, f, now)
	if err != nil {
		return nil, err
	}
	life, err := t.Lifetimes.Of(ctx, f.Tenant.ID, f.Resource)
	if err != nil {
		return nil, err
	}
	expiry := now.Truncate(time.Second).Add(life)
	aio, err := t.opaque()
	if err != nil {
		return nil, err
	}
	d := &draft{Facts: f, v: f.version(), now: now, expiry: expiry, aio: aio}

	ticket, err := t.Recorder.Enqueue(record(d, key.KID()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	}
	compact, err := t.sign(ctx, key, d, ticket)
	if err != nil {
		return nil, err
	}
	// The promise on every token: it leaves after its record is durable.
	if err := ticket.Wait(ctx); err != nil {
		return nil, fmt.Errorf("recording the sign-in: %w", err)
	}
	return d.token(compact), nil
}

// token is what the endpoint says of the signed draft.
func (d *draft) token(compact string) *Token {
	return &Token{
		Compact:   compact,
		ExpiresIn: int64(d.expiry.Sub(d.now) / time.Second),
		ExpiresOn: d.expiry.Unix(),
		NotBefore: d.issuedAt().(int64),
	}
}

// accessKey signs an access token with the algorithm that the resource asked for.
func (t *Tokens) accessKey(ctx context.Context, f *Facts, now time.Time) (*signingkey.Key, error) {
	alg := signingkey.RS256
	if f.Resource.App != nil && f.Resource.App.AccessTokenSigningAlg != "" {
		alg = f.Resource.App.AccessTokenSigningAlg
	}
	return t.key(ctx, f.Tenant.ID, alg, now)
}

func (t *Tokens) key(ctx context.Context, tenant directory.TenantID, alg string, now time.Time) (*signingkey.Key, error) {
	ring := signingkey.RingOf(tenant)
	key, err := t.Keys.Set().Active(ring, alg, now)
	if errors.Is(err, signingkey.ErrNoActiveKey) && alg != signingkey.RS256 {
		// The first key of another algorithm is made when a resource asks for it,
		// and signs once it has been published long enough; until then the
		// resource gets what every other gets.
		if _, asked := t.asked.LoadOrStore(ring+" "+alg, true); !asked {
			if err := t.Keys.EnsureAlgorithm(ctx, ring, alg); err != nil {
				t.asked.Delete(ring + " " + alg)
				return nil, err
			}
		}
		if key, err = t.Keys.Set().Active(ring, alg, now); errors.Is(err, signingkey.ErrNoActiveKey) {
			key, err = t.Keys.Set().Active(ring, signingkey.RS256, now)
		}
	}
	if errors.Is(err, signingkey.ErrNoActiveKey) {
		return nil, ErrNoKey
	}
	return key, err
}

// sign signs the one token of an answer.
func (t *Tokens) sign(ctx context.Context, key *signingkey.Key, d *draft, ticket *audit.Ticket) (string, error) {
	u := newUnsigned(key, d)
	_, err := t.Queue.Sign(ctx, t.flushBeside(ticket), func() ([]byte, error) { return nil, u.sign() })
	if errors.Is(err, signingkey.ErrBusy) {
		return "", fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return u.compact(), nil
}

// unsigned is a token before its signature, and afterwards with it.
type unsigned struct {
	key    *signingkey.Key
	digest [sha256.Size]byte
	out    []byte
}

// newUnsigned makes the compact form: three base64url parts, by hand, because this
// is the hot path and everything in it is ours.
func newUnsigned(key *signingkey.Key, d *draft) *unsigned {
	header := appendHeader(make([]byte, 0, 160), key, d.v)
	claims := appendClaims(make([]byte, 0, 1024), d)
	enc := base64.RawURLEncoding
	out := make([]byte, 0, enc.EncodedLen(len(header))+enc.EncodedLen(len(claims))+2+enc.EncodedLen(512))
	out = enc.AppendEncode(out, header)
	out = append(out, '.')
	out = enc.AppendEncode(out, claims)
	return &unsigned{key, sha256.Sum256(out), out}
}

func (u *unsigned) sign() error {
	signature, err := u.key.Sign(u.digest[:])
	if err == nil {
		u.out = append(u.out, '.')
		u.out = base64.RawURLEncoding.AppendEncode(u.out, signature)
	}
	return err
}

func (u *unsigned) compact() string { return string(u.out) }

// flushBeside starts the commit of a record when its signature starts, so that the
// two overlap. Where every signer is at work it leaves that to the signature's
// end: somebody signs meanwhile anyway, and the commit takes more records along.
func (t *Tokens) flushBeside(ticket *audit.Ticket) func() {
	return func() {
		if !t.Queue.Busy() {
			ticket.Flush()
		}
	}
}

// appendHeader writes the JOSE header. `typ` stays JWT: validators of this
// platform refuse RFC 9068's at+jwt.
func appendHeader(b []byte, key *signingkey.Key, version int) []byte {
	b = append(b, `{"typ":"JWT","alg":"`...)
	b = append(b, key.Algorithm()...)
	if version == 1 {
		b = append(b, `","x5t":"`...)
		b = append(b, key.KID()...)
	}
	b = append(b, `","kid":"`...)
	b = append(b, key.KID()...)
	return append(b, '"', '}')
}

func (t *Tokens) opaque() (string, error) {
	var b [24]byte
	if _, err := io.ReadFull(t.Rand, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func record(d *draft, kid string) *audit.SignIn {
	ua := d.UserAgent
	if len(ua) > 40 {
		ua = ua[:40]
	}
	r := &audit.SignIn{
		At:            d.now,
		Tenant:        d.Tenant.ID.Bytes(),
		RequestID:     d.RequestID,
		CorrelationID: directory.ID(d.CorrelationID).Bytes(),
		Kind:          audit.KindServicePrincipal,
		Grant:         d.Grant,
		Method:        d.Method,
		ClientAppID:   d.Client.AppID.Bytes(),
		PrincipalID:   d.Client.ID.Bytes(),
		ResourceID:    d.Resource.ID.Bytes(),
		CredentialID:  d.CredentialID.Bytes(),
		KeyID:         kid,
		Lifetime:      d.expiry.Sub(d.now),
		IPAddress:     d.IPAddress,
		UserAgent:     ua,
	}
	if d.user != nil {
		r.Kind, r.PrincipalID = audit.KindUser, d.user.User.ID.Bytes()
	}
	return r
}
