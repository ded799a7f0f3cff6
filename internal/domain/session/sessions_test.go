package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/opaque"
	"github.com/sekisho-id/sekisho/internal/domain/session"
)

var (
	home  = directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000001")
	other = directory.MustTenantID("4a6b0e00-0000-4000-8000-000000000002")
	begin = time.Date(2026, 3, 2, 4, 11, 9, 0, time.UTC)
)

// rows is a session store in memory. It counts writes and can fail.
type rows struct {
	session.Store
	byHash  map[string]*session.Session
	clients map[directory.ID][]session.Client
	touches int
	joins   int
	err     error
}

func (r *rows) CreateSession(_ context.Context, t directory.TenantID, s *session.Session, secret []byte) error {
	if r.err == nil {
		row := *s
		r.byHash[t.String()+string(secret)] = &row
	}
	return r.err
}

func (r *rows) SessionBySecret(_ context.Context, t directory.TenantID, secret []byte) (*session.Session, error) {
	if r.err != nil {
		return nil, r.err
	}
	row, ok := r.byHash[t.String()+string(secret)]
	if !ok {
		return nil, directory.ErrNotFound
	}
	found := *row
	return &found, nil
}

func (r *rows) RenewSession(_ context.Context, t directory.TenantID, s *session.Session, old, secret []byte) error {
	if r.err != nil {
		return r.err
	}
	if _, ok := r.byHash[t.String()+string(old)]; !ok {
		return directory.ErrNotFound
	}
	delete(r.byHash, t.String()+string(old))
	return r.CreateSession(context.Background(), t, s, secret)
}

func (r *rows) TouchSession(_ context.Context, _ directory.TenantID, id directory.ID, seen, expires time.Time) error {
	r.touches++
	for _, row := range r.byHash {
		if row.ID == id {
			row.SeenAt, row.ExpiresAt = seen, expires
		}
	}
	return r.err
}

func (r *rows) JoinSession(_ context.Context, _ directory.TenantID, id directory.ID, c session.Client) error {
	r.joins++
	if r.err == nil {
		r.clients[id] = append(r.clients[id], c)
	}
	return r.err
}

func (r *rows) EndSession(_ context.Context, _ directory.TenantID, id directory.ID) ([]session.Client, error) {
	for k, row := range r.byHash {
		if row.ID == id {
			delete(r.byHash, k)
			return r.clients[id], nil
		}
	}
	return nil, directory.ErrNotFound
}

// people are users by id.
type people struct {
	users map[directory.ID]*directory.User
	err   error
}

func (p *people) User(_ context.Context, t directory.TenantID, id directory.ID) (*directory.User, error) {
	if p.err != nil {
		return nil, p.err
	}
	u, ok := p.users[id]
	if !ok || u.TenantID != t {
		return nil, directory.ErrNotFound
	}
	return u, nil
}

type world struct {
	*session.Sessions
	t      *testing.T
	rows   *rows
	people *people
	now    time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, now: begin,
		rows:   &rows{byHash: map[string]*session.Session{}, clients: map[directory.ID][]session.Client{}},
		people: &people{users: map[directory.ID]*directory.User{}},
	}
	m, err := opaque.NewMinter(bytes.Repeat([]byte{7}, 32), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.Sessions = &session.Sessions{Store: w.rows, Users: w.people, Minter: m, Rand: rand.Reader, Now: func() time.Time { return w.now }}
	return w
}

// user makes a user who was there for a day.
func (w *world) user(t directory.TenantID, n int) *directory.User {
	u := &directory.User{
		TenantID: t, ID: directory.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n)), AccountEnabled: true,
		SessionsValidFrom: begin.Add(-24 * time.Hour), PasswordChangedAt: begin.Add(-24 * time.Hour),
	}
	w.people.users[u.ID] = u
	return u
}

func (w *world) start(u *directory.User, methods ...string) session.Live {
	w.t.Helper()
	l, err := w.Start(context.Background(), u, methods, session.Place{IPAddress: "192.0.2.7", UserAgent: strings.Repeat("x", 39) + "é"})
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

func (w *world) load(secrets ...string) []session.Live {
	w.t.Helper()
	got, err := w.Load(context.Background(), secrets)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func TestStartAndLoad(t *testing.T) {
	w := newWorld(t)
	u := w.user(home, 1)
	l := w.start(u, session.Password)
	got := w.load(l.Secret())
	if len(got) != 1 || got[0].ID != l.ID || got[0].Account != u || got[0].Secret() != l.Secret() {
		t.Fatalf("loaded %v", got)
	}
	if !got[0].AuthTime.Equal(begin) || !slices.Equal(got[0].Methods, []string{"pwd"}) || got[0].IPAddress != "192.0.2.7" || got[0].UserAgent != strings.Repeat("x", 39) {
		t.Errorf("facts: %q %v %v %q", got[0].UserAgent, got[0].AuthTime, got[0].Methods, got[0].IPAddress)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", l, l, l, []session.Live{l}); strings.Contains(text, l.Secret()) {
		t.Errorf("formatting shows the secret: %s", text)
	}
}

// The life of a session, by moments after it began.
func TestLimits(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for _, tt := range []struct {
		name       string
		persistent bool
		visits     time.Duration // a visit that often
		last       time.Duration // the last visit
		at         time.Duration
		want       bool
	}{
		{"browser, fresh", false, 0, 0, 0, true},
		{"browser, within a day", false, 0, 0, day - time.Second, true},
		{"browser, after a day", false, 0, 0, day, false},
		{"browser, visited", false, 20 * hour, 60 * hour, 80 * hour, true},
		{"browser, visited, then left", false, 20 * hour, 60 * hour, 84 * hour, false},
		{"browser, visited for 30 days", false, 20 * hour, 30 * day, 30*day - time.Second, true},
		{"browser, past 30 days", false, 20 * hour, 30 * day, 30 * day, false},
		{"persistent, within 90 days", true, 0, 0, 90*day - time.Second, true},
		{"persistent, after 90 days", true, 0, 0, 90 * day, false},
		{"persistent, visited for a year", true, 80 * day, 360 * day, 365*day - time.Second, true},
		{"persistent, past a year", true, 80 * day, 365 * day, 365 * day, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			l := w.start(w.user(home, 1), session.Password)
			if tt.persistent {
				if err := w.Stay(context.Background(), &l); err != nil {
					t.Fatal(err)
				}
			}
			for at := tt.visits; tt.visits > 0 && at <= tt.last && at < tt.at; at += tt.visits {
				w.now = begin.Add(at)
				visit := w.load(l.Secret())
				if len(visit) != 1 {
					t.Fatalf("gone at the visit after %v", at)
				}
				if err := w.Touch(context.Background(), &visit[0]); err != nil {
					t.Fatal(err)
				}
			}
			w.now = begin.Add(tt.at)
			if got := len(w.load(l.Secret())) == 1; got != tt.want {
				t.Errorf("good: %v, want %v", got, tt.want)
			}
		})
	}
}

// What revokes which session, row by row of the platform's table.
func TestRevoked(t *testing.T) {
	before, after := begin.Add(-time.Second), begin.Add(time.Second)
	for _, tt := range []struct {
		name    string
		methods []string
		change  func(*directory.User)
		want    bool
	}{
		{"nothing happened, password", []string{"pwd"}, func(*directory.User) {}, false},
		{"password changed before", []string{"pwd"}, func(u *directory.User) { u.PasswordChangedAt = before }, false},
		{"password changed in this very moment", []string{"pwd"}, func(u *directory.User) { u.PasswordChangedAt = begin }, false},
		{"password changed or reset since", []string{"pwd"}, func(u *directory.User) { u.PasswordChangedAt = after }, true},
		{"password and another factor, password changed since", []string{"pwd", "mfa"}, func(u *directory.User) { u.PasswordChangedAt = after }, true},
		{"without password, password changed since", []string{"fido"}, func(u *directory.User) { u.PasswordChangedAt = after }, false},
		{"sessions revoked before", []string{"pwd"}, func(u *directory.User) { u.SessionsValidFrom = before }, false},
		{"sessions revoked since, password", []string{"pwd"}, func(u *directory.User) { u.SessionsValidFrom = after }, true},
		{"sessions revoked since, without password", []string{"fido"}, func(u *directory.User) { u.SessionsValidFrom = after }, true},
		{"password must be changed at the next sign-in", []string{"pwd"}, func(u *directory.User) { u.ForceChangePassword = true }, false},
	} {
		u := &directory.User{}
		tt.change(u)
		if got := session.Revoked(&session.Session{AuthTime: begin, Methods: tt.methods}, u); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestLoadLeavesOut(t *testing.T) {
	for name, spoil := range map[string]func(w *world, u *directory.User){
		"disabled":         func(_ *world, u *directory.User) { u.AccountEnabled = false },
		"deleted":          func(w *world, u *directory.User) { delete(w.people.users, u.ID) },
		"revoked":          func(_ *world, u *directory.User) { u.SessionsValidFrom = begin.Add(time.Hour) },
		"password changed": func(_ *world, u *directory.User) { u.PasswordChangedAt = begin.Add(time.Hour) },
	} {
		w := newWorld(t)
		bad, good := w.user(home, 1), w.user(other, 2)
		a, b := w.start(bad, session.Password), w.start(good, session.Password)
		spoil(w, bad)
		if got := w.load(a.Secret(), b.Secret()); len(got) != 1 || got[0].ID != b.ID {
			t.Errorf("%s: loaded %v", name, got)
		}
	}
}

func TestLoadForeignSecrets(t *testing.T) {
	w := newWorld(t)
	l := w.start(w.user(home, 1), session.Password)
	unknown, _, err := w.Minter.Mint(opaque.Session, home)
	if err != nil {
		t.Fatal(err)
	}
	code, _, err := w.Minter.Mint(opaque.Code, home)
	if err != nil {
		t.Fatal(err)
	}
	moved := l.Secret()[:2] + "AAAA" + l.Secret()[6:]
	if got := w.load("", "x", unknown, code, moved, l.Secret()+"A", strings.Repeat("A", 1<<12), string(l.ID)); len(got) != 0 {
		t.Errorf("loaded %v", got)
	}
	// A row that names another tenant than the one it was found in is none.
	for _, row := range w.rows.byHash {
		row.Tenant = other
	}
	if got := w.load(l.Secret()); len(got) != 0 {
		t.Errorf("loaded %v", got)
	}
}

func TestLoadOneSessionOfAnAccount(t *testing.T) {
	w := newWorld(t)
	u := w.user(home, 1)
	older := w.start(u, session.Password)
	w.now = w.now.Add(time.Minute)
	newer := w.start(u, session.Password)
	for _, order := range [][]string{{older.Secret(), newer.Secret()}, {newer.Secret(), older.Secret()}} {
		if got := w.load(order...); len(got) != 1 || got[0].ID != newer.ID {
			t.Errorf("loaded %v, want %v", got, newer)
		}
	}
}

func TestLoadBounded(t *testing.T) {
	w := newWorld(t)
	var secrets []string
	for n := range 15 {
		l := w.start(w.user(home, n+1), session.Password)
		secrets = append(secrets, l.Secret())
	}
	if got := w.load(secrets...); len(got) != session.MaxAccounts {
		t.Errorf("%d accounts", len(got))
	}
	if got := w.load(append(slices.Repeat([]string{"x"}, 1000), secrets...)...); len(got) != 0 {
		t.Errorf("%d accounts after a thousand wrong entries", len(got))
	}
}

// Trouble of the storage is never "nobody is signed in".
func TestLoadStorageFailure(t *testing.T) {
	w := newWorld(t)
	l := w.start(w.user(home, 1), session.Password)
	w.rows.err = directory.ErrUnavailable
	if got, err := w.Load(context.Background(), []string{l.Secret()}); !errors.Is(err, directory.ErrUnavailable) || got != nil {
		t.Errorf("sessions: %v, %v", got, err)
	}
	w.rows.err, w.people.err = nil, directory.ErrUnavailable
	if got, err := w.Load(context.Background(), []string{l.Secret()}); !errors.Is(err, directory.ErrUnavailable) || got != nil {
		t.Errorf("users: %v, %v", got, err)
	}
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	u := w.user(home, 1)
	l := w.start(u, session.Password)
	stolen := l
	w.now = w.now.Add(20 * time.Hour)
	u.PasswordChangedAt = w.now // the person chose a new password
	l.SetPlace(session.Place{IPAddress: "192.0.2.8"})
	if err := w.Renew(context.Background(), &l, []string{"pwd", "mfa"}); err != nil {
		t.Fatal(err)
	}
	if l.Secret() == stolen.Secret() || l.ID != stolen.ID || !l.AuthTime.Equal(w.now) || l.IPAddress != "192.0.2.8" {
		t.Errorf("renewed: %v at %v from %s", l.ID, l.AuthTime, l.IPAddress)
	}
	if got := w.load(stolen.Secret()); len(got) != 0 {
		t.Error("the secret of before still opens the session")
	}
	if got := w.load(l.Secret()); len(got) != 1 || !slices.Equal(got[0].Methods, []string{"pwd", "mfa"}) {
		t.Errorf("loaded %v", got)
	}
	// The one who holds the old secret cannot renew either, and stays as it was.
	before := stolen
	if err := w.Renew(context.Background(), &stolen, []string{"pwd"}); !errors.Is(err, directory.ErrNotFound) {
		t.Errorf("renewing by the old secret: %v", err)
	}
	if stolen.Secret() != before.Secret() || !stolen.AuthTime.Equal(before.AuthTime) {
		t.Error("a renewal that failed changed the session")
	}
}

func TestStayIsNoProof(t *testing.T) {
	w := newWorld(t)
	l := w.start(w.user(home, 1), session.Password)
	old := l.Secret()
	w.now = w.now.Add(time.Minute)
	if err := w.Stay(context.Background(), &l); err != nil {
		t.Fatal(err)
	}
	if !l.Persistent || l.Secret() == old || !l.AuthTime.Equal(begin) {
		t.Errorf("persistent %v, proved at %v", l.Persistent, l.AuthTime)
	}
}

func TestTouchIsRare(t *testing.T) {
	w := newWorld(t)
	l := w.start(w.user(home, 1), session.Password)
	for range 180 { // three hours of a visit a minute
		w.now = w.now.Add(time.Minute)
		if err := w.Touch(context.Background(), &l); err != nil {
			t.Fatal(err)
		}
	}
	if w.rows.touches != 3 {
		t.Errorf("%d writes", w.rows.touches)
	}
}

func TestJoinAndEnd(t *testing.T) {
	w := newWorld(t)
	l := w.start(w.user(home, 1), session.Password)
	app := session.Client{Tenant: other, AppID: "00000000-0000-4000-8000-00000000aaaa"}
	w.rows.err = directory.ErrUnavailable
	if err := w.Join(context.Background(), l, app); !errors.Is(err, directory.ErrUnavailable) {
		t.Errorf("a join that was not written: %v", err)
	}
	w.rows.err = nil
	for range 3 {
		if err := w.Join(context.Background(), l, app); err != nil {
			t.Fatal(err)
		}
	}
	if w.rows.joins != 2 {
		t.Errorf("%d writes, want the one that failed and one", w.rows.joins)
	}
	clients, err := w.End(context.Background(), l.Tenant, l.ID)
	if err != nil || !slices.Equal(clients, []session.Client{app}) {
		t.Errorf("ended with %v, %v", clients, err)
	}
	if got := w.load(l.Secret()); len(got) != 0 {
		t.Error("the session lives on")
	}
	if clients, err := w.End(context.Background(), l.Tenant, l.ID); err != nil || clients != nil {
		t.Errorf("ended again: %v, %v", clients, err)
	}
}
