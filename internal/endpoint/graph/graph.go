package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

const (
	maxBody  = 4 << 20 // bytes
	maxDepth = 32      // of JSON
)

// Config is what the API needs. Every field is required unless it says
// otherwise.
type Config struct {
	// Ops changes the directory.
	Ops *directory.Operations
	// The stores are for reading.
	Tenants           directory.TenantStore
	Applications      directory.ApplicationStore
	ServicePrincipals directory.ServicePrincipalStore
	Deleted           directory.DeletedStore
	Assignments       directory.AssignmentStore
	Grants            directory.GrantStore
	Users             directory.UserStore
	Policies          directory.PolicyStore

	Tokens Tokens
	// Passwords proves the current password of a person who changes it; without it
	// nobody can.
	Passwords PasswordVerifier
	Now       func() time.Time
	Logger    *slog.Logger
	// PageKey authenticates page tokens: 32 bytes, the same on every node.
	PageKey []byte
	// Denied, if not nil, hears of each call that a known application was not
	// allowed to make, for the account that is kept of refusals.
	Denied func(ctx context.Context, actor *Actor)
	// Operator is the tenant whose applications may manage tenants, the first
	// one of the installation. Zero: none may.
	Operator directory.TenantID
}

// PasswordVerifier checks a person's password and counts what is wrong, together
// with the sign-in pages; see credential.Verifier.
type PasswordVerifier interface {
	Verify(ctx context.Context, t directory.TenantID, u *directory.User, password string, familiar bool) (credential.Outcome, error)
}

// API serves Graph. Its paths begin with the version: /v1.0 or /beta.
type API struct {
	Config
	root     *node
	routes   map[string]*route // by method and pattern
	metadata []byte
}

// New builds the API. It fails if a route lacks a permission, rather than
// serving it to everybody or to nobody.
func New(c Config) (*API, error) {
	if c.Ops == nil || c.Ops.Roles == nil || c.Ops.Identities == nil || c.Tenants == nil || c.Applications == nil || c.ServicePrincipals == nil || c.Deleted == nil ||
		c.Assignments == nil || c.Grants == nil || c.Users == nil || c.Policies == nil || c.Tokens == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("graph: Config is incomplete")
	}
	if len(c.PageKey) < 32 {
		return nil, errors.New("graph: PageKey needs 32 bytes")
	}
	root, table, err := newRouter(routes())
	if err != nil {
		return nil, err
	}
	return &API{Config: c, root: root, routes: table, metadata: metadataDocument()}, nil
}

// call is one request on its way through the API.
type call struct {
	api     *API
	ctx     context.Context
	r       *http.Request
	version string
	route   *route
	keys    []key
	path    string // canonical: lower-case names and the keys
	level   metadataLevel
	actor   *Actor
	caller  directory.Caller
	query   *odata.Query
	body    map[string]json.RawMessage

	granted   [][]string // the alternatives of the route's permissions that are met
	selfOnly  bool       // only the caller's own application may be touched
	byRole    bool       // an application whose directory role lets it in
	ownRight  bool       // the person may do it to their own account alone
	basicOnly bool       // only the basic properties of users may be seen
	// publicOnly hides the sensitive properties of users.
	publicOnly bool
	principal  *principal // see who
}

// tenant is the only tenant that a call can reach.
func (c *call) tenant() directory.TenantID { return c.actor.Tenant }

// lastKey names the object of the path, for messages.
func (c *call) lastKey() string {
	if len(c.keys) == 0 {
		return ""
	}
	return c.keys[len(c.keys)-1].value
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.headers(w, r)
	if r.Method == http.MethodOptions {
		preflight(w, r)
		return
	}
	c := &call{api: a, ctx: r.Context(), r: r, level: askedMetadata(r.Header)}
	rep, err := c.serve(w)
	if err == nil {
		err = a.send(w, c, rep)
	}
	if err == nil {
		return
	}
	if status := a.fail(w, r, c.lastKey(), err); status == http.StatusForbidden && c.actor != nil && a.Denied != nil {
		a.Denied(c.ctx, c.actor)
	}
}

// serve is the life of a request. Nothing before its end writes a body.
func (c *call) serve(w http.ResponseWriter) (*reply, error) {
	at, err := c.find()
	if at != nil {
		if c.route = at.methods[c.r.Method]; c.route == nil {
			w.Header().Set("Allow", at.allowed())
			err = &Error{Status: http.StatusMethodNotAllowed, Code: codeBadRequest, Message: textMethod}
		}
	}
	if c.route != nil && c.route.has(open) {
		return c.route.handle(c)
	}
	// A stranger learns nothing but that a token is needed, not even which
	// paths exist.
	if authErr := c.authenticate(); authErr != nil {
		return nil, authErr
	}
	if err != nil {
		return nil, err
	}
	if c.route.has(operator) && (c.api.Operator.IsZero() || c.tenant() != c.api.Operator) {
		return nil, denied(textDenied)
	}
	if err := c.authorize(); err != nil {
		return nil, err
	}
	if c.query, err = odata.Parse(c.r.URL.RawQuery); err != nil {
		return nil, err
	}
	if err := c.checkOptions(); err != nil {
		return nil, err
	}
	if err := c.readBody(w); err != nil {
		return nil, err
	}
	return c.route.handle(c)
}

// find cuts the path into version, names and keys.
func (c *call) find() (*node, error) {
	escaped := c.r.URL.EscapedPath()
	segments, err := odata.ParsePath(escaped)
	if err != nil {
		return nil, err
	}
	if len(segments) == 0 {
		return nil, noSegment("/")
	}
	switch version := strings.ToLower(segments[0].Text); version {
	case "v1.0", "beta":
		c.version = version
	default:
		return nil, parseError("Invalid version: %s", quotable(segments[0].Text))
	}
	if segments = segments[1:]; len(segments) == 0 {
		return nil, noSegment(c.version)
	}
	at, keys, unknown := c.api.root.match(segments)
	if at == nil {
		return nil, noSegment(unknown)
	}
	c.keys = keys
	c.path = canonicalPath(segments)
	return at, nil
}

// canonicalPath is the same for all spellings of a path; page tokens are bound
// to it.
func canonicalPath(segments []odata.Segment) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + strings.ToLower(s.Text))
	}
	return b.String()
}

// authenticate reads the bearer token (RFC 6750 §2.1).
func (c *call) authenticate() error {
	values := c.r.Header.Values("Authorization")
	if len(values) == 0 {
		return ErrTokenEmpty
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	switch {
	case len(values) > 1 || !strings.EqualFold(scheme, "Bearer"):
		return ErrTokenInvalid
	case token == "":
		return ErrTokenEmpty
	}
	actor, err := c.api.Tokens.Verify(c.ctx, token)
	if err != nil {
		return err
	}
	if actor.Tenant.IsZero() {
		return fmt.Errorf("graph: a token was verified without a tenant")
	}
	req := web.From(c.ctx)
	c.actor = actor
	c.caller = directory.Caller{
		Tenant: actor.Tenant, App: actor.App, User: actor.User, AppID: actor.AppID,
		RequestID: req.TraceID(), CorrelationID: req.CorrelationID, IPAddress: req.ClientIP,
	}
	return nil
}

// readBody reads the JSON body of a write.
func (c *call) readBody(w http.ResponseWriter) error {
	if c.route.reads() || c.route.method == http.MethodDelete {
		return nil
	}
	if c.r.Header.Get("Content-Encoding") != "" {
		return wrongMedia("Compressed request bodies are not accepted.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, c.r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &Error{Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge, Message: "The request body is larger than 4 MiB."}
	case err != nil:
		e := badRequest("The request body could not be read.")
		e.cause = err
		return e
	}
	if len(raw) == 0 && c.route.has(noBody) {
		c.body = map[string]json.RawMessage{}
		return nil
	}
	if ct := c.r.Header.Values("Content-Type"); len(ct) != 1 || !jsonType(ct[0]) {
		return wrongMedia("The request body must be of the type application/json.")
	}
	if len(raw) == 0 {
		return badRequest("A request body is required.")
	}
	c.body, err = parseBody(raw)
	return err
}

func wrongMedia(message string) error {
	return &Error{Status: http.StatusUnsupportedMediaType, Code: codeWrongMedia, Message: message}
}

// parseBody reads an object and leaves its members for the property tables.
// CheckObject comes first: encoding/json would keep the last of two members of
// one name, so that what is checked and what is used could differ.
func parseBody(raw []byte) (map[string]json.RawMessage, error) {
	if err := odata.CheckObject(raw, maxDepth); err != nil {
		return nil, err
	}
	body := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, badRequest("The request body is not acceptable.")
	}
	return body, nil
}

func jsonType(contentType string) bool {
	mt, params, err := mime.ParseMediaType(contentType)
	if err != nil || mt != "application/json" {
		return false
	}
	cs := params["charset"]
	return cs == "" || strings.EqualFold(cs, "utf-8")
}

// prefers reports whether a Prefer header names the preference (RFC 7240).
func (c *call) prefers(what string) bool {
	for _, line := range c.r.Header.Values("Prefer") {
		for p := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(p), what) {
				return true
			}
		}
	}
	return false
}

// eventual reports whether the client asked for advanced queries.
func (c *call) eventual() bool {
	return strings.EqualFold(strings.TrimSpace(c.r.Header.Get("ConsistencyLevel")), "eventual")
}
