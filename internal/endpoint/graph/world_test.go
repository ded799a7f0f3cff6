package graph

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

const graphURL = "https://graph.test"

// world is a server with two tenants on a real SQLite file.
type world struct {
	*testing.T
	api    *API
	ops    *directory.Operations
	db     *sqlstore.DB
	now    time.Time
	tokens tokenTable
	proof  testPasswords
	log    *bytes.Buffer
	vars   map[string]string // values that requests may refer to as {name}
}

// tokenTable says whose each token is; every other token is invalid.
type tokenTable map[string]*Actor

func (t tokenTable) Verify(_ context.Context, bearer string) (*Actor, error) {
	switch bearer {
	case "expired":
		return nil, ErrTokenExpired
	case "storage down":
		return nil, fmt.Errorf("looking up a key: %w", directory.ErrUnavailable)
	case "broken":
		return nil, fmt.Errorf("a cause that nobody may see")
	}
	if a, ok := t[bearer]; ok {
		return a, nil
	}
	return nil, ErrTokenInvalid
}

type testHasher struct{}

func (testHasher) HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func (testHasher) HashPassword(_ context.Context, password string) (string, error) {
	return fmt.Sprintf("$test$%x", sha256.Sum256([]byte(password))), nil
}

func (h testHasher) CheckPassword(ctx context.Context, phc, password string) (bool, error) {
	made, err := h.HashPassword(ctx, password)
	return made == phc, err
}

// testPasswords checks what testHasher hashed, and is locked when told so.
type testPasswords struct{ locked bool }

func (p *testPasswords) Verify(ctx context.Context, _ directory.TenantID, u *directory.User, password string, _ bool) (credential.Outcome, error) {
	ok, err := testHasher{}.CheckPassword(ctx, u.PasswordHash, password)
	switch {
	case p.locked:
		return credential.Locked, err
	case ok:
		return credential.OK, err
	}
	return credential.Wrong, err
}

// fresh is an empty migrated database, made once and copied for each test.
var fresh = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "graph")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "fresh.db")
	ctx := context.Background()
	now := func() time.Time { return startOfTime }
	db, err := sqlstore.Open(ctx, sqlstore.Config{URL: path, Now: now})
	if err != nil {
		return nil, err
	}
	if err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := newOps(db, now).EnsureBuiltins(ctx); err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

var startOfTime = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

func newOps(db *sqlstore.DB, now func() time.Time) *directory.Operations {
	s := db.Stores()
	return &directory.Operations{
		Tenants: s.Tenants, Applications: s.Applications, ServicePrincipals: s.ServicePrincipals, Deleted: s.Deleted,
		Assignments: s.Assignments, Grants: s.Grants, Users: s.Users, Policies: s.Policies,
		Roles: s.Roles, Identities: s.Identities,
		Secrets: testHasher{}, Passwords: testHasher{}, Now: now,
		Rand: rand.NewChaCha8([32]byte{1}), GraphURLs: []string{graphURL},
	}
}

// allRoles are the permissions of an administrator's application.
var allRoles = strings.Fields(`Application.ReadWrite.All AppRoleAssignment.ReadWrite.All DelegatedPermissionGrant.ReadWrite.All
	Directory.ReadWrite.All Organization.ReadWrite.All Domain.ReadWrite.All User.ReadWrite.All User.DeleteRestore.All
	User.RevokeSessions.All User.ManageIdentities.All User.Invite.All RoleManagement.ReadWrite.Directory Policy.ReadWrite.Authorization Policy.Read.All Policy.ReadWrite.ApplicationConfiguration Sekisho.Tenants.ReadWrite.All`)

func newWorld(t *testing.T) *world {
	t.Helper()
	image, err := fresh()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "graph.db")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, now: startOfTime, tokens: tokenTable{}, log: &bytes.Buffer{}, vars: map[string]string{"graphUrl": graphURL}}
	now := func() time.Time { return w.now }
	w.db, err = sqlstore.Open(t.Context(), sqlstore.Config{URL: path, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.db.Close() })
	w.ops = newOps(w.db, now)
	first := w.tenant("first", "contoso.example")
	w.tenant("other", "fabrikam.example")
	s := w.db.Stores()
	w.api, err = New(Config{
		Ops: w.ops, Tenants: s.Tenants, Applications: s.Applications, ServicePrincipals: s.ServicePrincipals, Deleted: s.Deleted,
		Assignments: s.Assignments, Grants: s.Grants, Users: s.Users, Policies: s.Policies,
		Tokens: w.tokens, Passwords: &w.proof, Now: now, Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		PageKey: bytes.Repeat([]byte{7}, 32), Operator: first,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// tenant makes a tenant whose administrator's token is called as the tenant, and
// remembers its ids as {first.tenant}, {first.app} and so on.
func (w *world) tenant(name, domain string) directory.TenantID {
	w.Helper()
	made, err := w.ops.CreateTenant(w.Context(), directory.Platform(directory.Installation), directory.TenantRequest{DisplayName: name, Domain: domain})
	if err != nil {
		w.Fatal(err)
	}
	graph, err := w.db.ServicePrincipalByAppID(w.Context(), made.Tenant.ID, directory.GraphAppID)
	if err != nil {
		w.Fatal(err)
	}
	w.tokens[name] = &Actor{Tenant: made.Tenant.ID, App: made.AdminPrincipalID, AppID: made.ClientID, Roles: allRoles}
	for k, v := range map[string]string{
		"tenant": made.Tenant.ID.String(), "sp": string(made.AdminPrincipalID), "appId": string(made.ClientID),
		"app": string(made.AdminAppObjectID), "user": string(made.AdminUserID), "graph": string(graph.ID), "domain": domain,
	} {
		w.vars[name+"."+k] = v
	}
	return made.Tenant.ID
}

// allow makes a token of the first tenant's administrator application with other
// permissions.
func (w *world) allow(token string, roles ...string) {
	a := *w.tokens["first"]
	a.Roles = roles
	w.tokens[token] = &a
}

type response struct {
	*httptest.ResponseRecorder
	text string
}

// traces numbers the requests of all tests.
var traces atomic.Uint32

// do sends a request. Headers are given as "Name: value".
func (w *world) do(token, method, path, body string, headers ...string) *response {
	w.Helper()
	if !strings.HasPrefix(path, "/v1.0") && !strings.HasPrefix(path, "/beta") && !strings.HasPrefix(path, "/raw") {
		path = "/v1.0" + path
	}
	path = strings.TrimPrefix(path, "/raw")
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(w.Context(), method, graphURL+strings.ReplaceAll(path, " ", "%20"), content)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	trace := traces.Add(1)
	r = r.WithContext(web.WithRequest(r.Context(), &web.Request{
		Trace: [16]byte{14: byte(trace >> 8), 15: byte(trace)}, CorrelationID: "c0ffee00-0000-4000-8000-000000000000",
		Hosts: issue.Hosts{Login: "https://login.test", Graph: graphURL}, ClientIP: "192.0.2.1",
	}))
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	return &response{rec, rec.Body.String()}
}

// object reads the body.
func (w *world) object(r *response) map[string]any {
	w.Helper()
	var o map[string]any
	if err := json.Unmarshal(r.Body.Bytes(), &o); err != nil {
		w.Fatalf("no JSON object: %v\n%s", err, r.text)
	}
	return o
}

// pick reads a value out of a body: "id", "value/0/id".
func pick(v any, path string) any {
	for part := range strings.SplitSeq(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

var varPattern = regexp.MustCompile(`\{([a-z][A-Za-z0-9.]*)\}`)

// expand fills {name}.
func (w *world) expand(s string) string {
	w.Helper()
	return varPattern.ReplaceAllStringFunc(s, func(m string) string {
		v, ok := w.vars[m[1:len(m)-1]]
		if !ok {
			w.Fatalf("no variable %s", m)
		}
		return v
	})
}

// A step is a request and what must be true of its answer.
type step struct {
	name   string
	as     string // token; "first" if empty, "-" for none
	method string
	path   string
	body   string
	header []string
	status int
	has    []string          // fragments of the body
	not    []string          // fragments that must not occur
	save   map[string]string // variables by path into the body
	want   map[string]any    // values by path into the body; nil means null
}

func (w *world) run(steps []step) {
	w.Helper()
	for _, s := range steps {
		w.step(s)
	}
}

func (w *world) step(s step) *response {
	w.Helper()
	if s.as == "" {
		s.as = "first"
	}
	if s.as == "-" {
		s.as = ""
	}
	path := w.expand(s.path)
	r := w.do(s.as, s.method, path, w.expand(s.body), s.header...)
	what := fmt.Sprintf("%s: %s %s", s.name, s.method, path)
	if r.Code != s.status {
		w.Fatalf("%s: status %d, want %d\n%s", what, r.Code, s.status, r.text)
	}
	for _, f := range s.has {
		if !strings.Contains(r.text, w.expand(f)) {
			w.Errorf("%s: the answer lacks %q\n%s", what, w.expand(f), r.text)
		}
	}
	for _, f := range s.not {
		if strings.Contains(r.text, w.expand(f)) {
			w.Errorf("%s: the answer holds %q\n%s", what, w.expand(f), r.text)
		}
	}
	if len(s.save)+len(s.want) == 0 {
		return r
	}
	o := w.object(r)
	for name, at := range s.save {
		v, ok := pick(o, at).(string)
		if !ok {
			w.Fatalf("%s: nothing at %s\n%s", what, at, r.text)
		}
		w.vars[name] = v
	}
	for at, want := range s.want {
		if text, ok := want.(string); ok {
			want = w.expand(text)
		}
		if got := pick(o, at); got != want {
			w.Errorf("%s: %s is %v, want %v", what, at, got, want)
		}
	}
	return r
}

var _ http.Handler = (*API)(nil)
