package discovery

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// Tenants finds tenants by GUID or verified domain, lower case.
type Tenants interface {
	TenantByName(ctx context.Context, name string) (*directory.Tenant, error)
}

// Keys gives the current signing keys.
type Keys interface {
	Set() *signingkey.Set
}

// Config is what discovery needs.
type Config struct {
	Tenants Tenants
	Keys    Keys
	Now     func() time.Time
	// Hosts are all public addresses of the server, the primary ones first.
	Hosts  []issue.Hosts
	Served Served
	// CloudName is the `cloud_instance_name` of documents and keys; "" for the
	// name of the login host.
	CloudName string
	// ResourceManager is the base URL of the cloud's resource manager, which
	// clients of the cloud metadata demand; "" for the login host, where there
	// is none.
	ResourceManager string
	// WriteError answers a request that failed.
	WriteError func(http.ResponseWriter, *http.Request, error)
	// CacheSize is how many finished answers are kept, 0 for 1024.
	CacheSize int
}

// Endpoint serves the documents. It is safe for concurrent use.
type Endpoint struct {
	cfg Config

	mu    sync.RWMutex
	cache map[cacheKey]*answer
}

// New makes the endpoints.
func New(cfg Config) (*Endpoint, error) {
	if cfg.Tenants == nil || cfg.Keys == nil || cfg.Now == nil || cfg.WriteError == nil || len(cfg.Hosts) == 0 {
		return nil, errors.New("discovery: Config needs Tenants, Keys, Now, Hosts and WriteError")
	}
	if cfg.CacheSize <= 0 {
		cfg.CacheSize = 1024
	}
	return &Endpoint{cfg: cfg, cache: make(map[cacheKey]*answer)}, nil
}

// The kinds of answers that are kept.
type kind uint8

const (
	openIDv1 kind = iota
	openIDv2
	keysV1
	keysV2
	endpoints
)

// cacheKey names an answer: its kind, the host that was asked, and the tenant as
// URLs of the answer write it. Strangers can invent neither host nor tenant.
type cacheKey struct {
	kind    kind
	login   string
	segment string
}

// countedByServer is how long a body may be for net/http to add Content-Length.
const countedByServer = 2048

// answer is a finished response. The header values are shared by all responses
// and never changed.
type answer struct {
	body         []byte
	etag         string
	etagHeader   []string
	length       []string
	cacheControl []string

	// A key set is good for one Set of keys, and while none of them appears or
	// leaves: from ≤ now < until (zero: no end).
	set         *signingkey.Set
	from, until time.Time
}

func (a *answer) good(set *signingkey.Set, now time.Time) bool {
	return a.set == set && !now.Before(a.from) && (a.until.IsZero() || now.Before(a.until))
}

// Header values, made once.
var (
	jsonType       = []string{"application/json; charset=utf-8"}
	anyOrigin      = []string{"*"}
	allowedMethods = []string{"GET, OPTIONS"}
	exposed        = []string{"X-Ms-Request-Id"}
	forADay        = []string{"max-age=86400, private"}
	// Key sets are kept for a shorter time, so that a key withdrawn in an
	// emergency is gone within the hour.
	forAnHour = []string{"max-age=3600, private"}
	notAtAll  = []string{"no-store"}
)

func newAnswer(v any, cacheControl []string) (*answer, error) {
	body, ok := v.([]byte)
	if !ok {
		var err error
		if body, err = marshal(v); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(body)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	return &answer{
		body: body, etag: etag, etagHeader: []string{etag},
		length: []string{strconv.Itoa(len(body))}, cacheControl: cacheControl,
	}, nil
}

// marshal writes JSON without the escapes that are meant for HTML pages.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func (e *Endpoint) cached(k cacheKey) *answer {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.cache[k]
}

func (e *Endpoint) keep(k cacheKey, a *answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.cache[k]; !ok && len(e.cache) >= e.cfg.CacheSize {
		for victim := range e.cache { // any: all are cheap to make again
			delete(e.cache, victim)
			break
		}
	}
	e.cache[k] = a
}

// write sends a finished answer, or 304 to who has it already (RFC 9110
// §13.1.2).
func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = a.cacheControl
	h["Etag"] = a.etagHeader
	if known(r.Header["If-None-Match"], a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = jsonType
	// net/http finds the length of a short answer itself. Nine headers would cost it
	// more than one above eight: a map of eight is small, and it copies the map.
	if len(a.body) > countedByServer || r.Method == http.MethodHead {
		h["Content-Length"] = a.length
	}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body)
	}
}

func known(lists []string, etag string) bool {
	for _, list := range lists {
		for len(list) > 0 {
			var tag string
			tag, list, _ = strings.Cut(list, ",")
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/") // weak comparison
			if tag == etag || tag == "*" {
				return true
			}
		}
	}
	return false
}

// writeFresh sends a value that is made for this request.
func writeFresh(w http.ResponseWriter, r *http.Request, v any, cacheControl []string) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h["Cache-Control"] = cacheControl
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return nil
}

// endpoint makes a handler of a function that answers GET and HEAD. Every
// origin may read the answer, also that of an error.
func (e *Endpoint) endpoint(get func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Access-Control-Allow-Origin"] = anyOrigin
		h["Access-Control-Allow-Methods"] = allowedMethods
		if len(r.Header["Origin"]) > 0 { // of use to scripts alone
			h["Access-Control-Expose-Headers"] = exposed
		}
		var err error
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			err = get(w, r)
		case http.MethodOptions:
			preflight(w, r)
		default:
			h.Set("Allow", "GET, HEAD, OPTIONS")
			err = aadsts.New(aadsts.MethodNotAllowed, "GET", r.Method)
		}
		if err != nil {
			e.cfg.WriteError(w, r, err)
		}
	})
}

func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Add("Vary", "Access-Control-Request-Headers")
	}
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// hosts are the public addresses that go with the host that the client used.
func hosts(r *http.Request) issue.Hosts { return web.From(r.Context()).Hosts }
