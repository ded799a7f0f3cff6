package issue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// ErrNoScope is returned for a person's access token without any scope: a
// resource would take it for one of the application itself.
var ErrNoScope = errors.New("issue: an access token of a person needs a scope")

// ForUser issues an access token to a client that acts for a signed-in person,
// and an ID token if f.Identity asks for one. Both stand under one sign-in
// record, which is durable when ForUser returns them.
func (t *Tokens) ForUser(ctx context.Context, f *UserFacts) (*UserTokens, error) {
	now := t.Now()
	key, err := t.accessKey(ctx, &f.Facts, now)
	if err != nil {
		return nil, err
	}
	access, err := t.accessDraft(ctx, f, now)
	if err != nil {
		return nil, err
	}
	var identityKey *signingkey.Key
	var identity *draft
	if f.Identity != nil {
		// OpenID Connect Core §15.1: RS256 is what every client verifies.
		if identityKey, err = t.key(ctx, f.Tenant.ID, signingkey.RS256, now); err != nil {
			return nil, err
		}
		if identity, err = t.identityDraft(ctx, access); err != nil {
			return nil, err
		}
	}

	parts := []*unsigned{newUnsigned(key, access)}
	if identity != nil {
		parts = append(parts, newUnsigned(identityKey, identity))
	}
	ticket, err := t.signAll(ctx, access, record(access, key.KID()), parts)
	if err != nil {
		return nil, err
	}
	if err := ticket.Wait(ctx); err != nil {
		return nil, fmt.Errorf("recording the sign-in: %w", err)
	}
	out := &UserTokens{Access: access.token(parts[0].compact()), Used: ticket.Said()}
	if identity != nil {
		out.ID = parts[1].compact()
	}
	return out, nil
}

// signAll signs the tokens of one answer in one turn, and hands in their record as
// soon as the turn has come: a request that never gets there uses nothing up, and
// one that does is sure of all its signatures.
func (t *Tokens) signAll(ctx context.Context, d *draft, r *audit.SignIn, parts []*unsigned) (ticket *audit.Ticket, err error) {
	var act audit.Act
	if use := d.user.Use; use != nil {
		act = func(ctx context.Context) error { return use(ctx, d.expiry) }
	}
	var full error
	_, err = t.Queue.Sign(ctx, nil, func() ([]byte, error) {
		if ticket, full = t.Recorder.EnqueueWith(r, act); full != nil {
			return nil, full
		}
		t.flushBeside(ticket)()
		for _, p := range parts {
			if err := p.sign(); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	switch {
	case full != nil || errors.Is(err, signingkey.ErrBusy):
		return nil, fmt.Errorf("%w: %w", ErrBusy, err)
	case err != nil:
		return nil, fmt.Errorf("signing: %w", err)
	}
	return ticket, nil
}

func (t *Tokens) accessDraft(ctx context.Context, f *UserFacts, now time.Time) (*draft, error) {
	life, err := t.Lifetimes.Of(ctx, f.Tenant.ID, f.Resource)
	if err != nil {
		return nil, err
	}
	d := &draft{
		Facts: &f.Facts, v: f.version(), now: now, expiry: now.Truncate(time.Second).Add(life), user: f,
		aio: origin{home: f.Subject.HomeTenant, family: f.Family, issued: f.issued(now)}.String(),
	}
	if d.scopes() == "" {
		return nil, ErrNoScope
	}
	if d.guest() && (text(f.User.Mail) != "" || len(f.User.OtherMails) > 0) {
		// Whether an address is verified, its home knows.
		d.home, err = t.Lifetimes.Lookup.TenantByName(ctx, f.Subject.HomeTenant.String())
		if err != nil && !errors.Is(err, directory.ErrNotFound) {
			return nil, err
		}
	}
	return d, t.name(ctx, d)
}

// issued is the time of issue as our own resources will see it: never before the
// time from which the person's sessions count, which may come from a node whose
// clock is ahead.
func (f *UserFacts) issued(now time.Time) time.Time {
	if from := f.User.SessionsValidFrom; from.After(now) {
		return from
	}
	return now
}

// identityDraft is the ID token that goes with an access token.
func (t *Tokens) identityDraft(ctx context.Context, access *draft) (*draft, error) {
	d := *access
	d.id = d.user.Identity
	d.v = d.id.Version
	life, err := t.Lifetimes.Identity(ctx, d.Tenant.ID, d.Client)
	if err != nil {
		return nil, err
	}
	d.expiry = d.now.Truncate(time.Second).Add(life)
	if d.aio, err = t.opaque(); err != nil {
		return nil, err
	}
	return &d, t.name(ctx, &d)
}

// name fills in how the recipient knows the person.
func (t *Tokens) name(ctx context.Context, d *draft) error {
	s := &d.user.Subject
	var err error
	if d.sub, err = t.Subjects.Subject(ctx, d.Tenant.ID, d.recipient().AppID, d.user.User.ID); err != nil {
		return err
	}
	d.hint = ""
	if d.opted("login_hint") {
		d.hint, err = t.Hints.Hint(ctx, s.HomeTenant, s.HomeUser)
	}
	return err
}
