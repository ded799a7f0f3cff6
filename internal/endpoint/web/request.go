package web

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
)

// Request is what the shell found out about an HTTP request before any endpoint
// saw it.
type Request struct {
	// Trace identifies the request in answers, logs and records; a token issued
	// for it carries it as `uti`.
	Trace [16]byte
	// CorrelationID is the caller's client-request-id, or drawn by us.
	CorrelationID string
	// Hosts are the public addresses that go with the host the client used.
	Hosts issue.Hosts
	// ClientIP is the peer's address, or the one a trusted proxy reports.
	ClientIP string

	given bool // CorrelationID came from the caller
	echo  bool // the caller asked to have it echoed
}

// TraceID is the trace id as a GUID.
func (r *Request) TraceID() string { return string(directory.IDFromBytes(r.Trace)) }

// UTI is the trace id as tokens carry it.
func (r *Request) UTI() string { return base64.RawURLEncoding.EncodeToString(r.Trace[:]) }

// Correlate takes a client-request-id found in a body or query, if it is a GUID
// and the header named none.
func (r *Request) Correlate(id string) {
	if r.given || id == "" {
		return
	}
	if got, err := directory.ParseID(id); err == nil {
		r.CorrelationID, r.given = string(got), true
	}
}

type requestKey struct{}

// requestContext is a context that holds its Request.
type requestContext struct {
	context.Context
	request Request
}

// Value implements context.Context.
func (c *requestContext) Value(key any) any {
	if key == (requestKey{}) {
		return &c.request
	}
	return c.Context.Value(key)
}

// From returns the Request of a context; it is never nil below the shell.
func From(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	if r == nil {
		r = &Request{CorrelationID: string(directory.ZeroID)}
	}
	return r
}

// WithRequest gives a context its Request, for tests of endpoints without a shell.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestIDs are the ids that answers and logs carry, as GUIDs.
type RequestIDs struct{ Trace, Correlation string }

// IDs returns the request's ids.
func IDs(ctx context.Context) RequestIDs {
	r := From(ctx)
	return RequestIDs{Trace: r.TraceID(), Correlation: r.CorrelationID}
}

// SetIDs writes the id headers. Writers call it again after the shell did, since
// a body or query may have brought the correlation id.
func SetIDs(w http.ResponseWriter, r *http.Request) { setIDs(w, From(r.Context())) }

func setIDs(w http.ResponseWriter, r *Request) {
	h := w.Header()
	h["X-Ms-Request-Id"] = []string{r.TraceID()}
	if r.echo {
		// In lower case over HTTP/1.1 too: MSAL4J looks for it so.
		h["client-request-id"] = []string{r.CorrelationID}
	}
}
