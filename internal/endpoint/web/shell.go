package web

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
)

// MaxQuery bounds a request's query string, in bytes.
const MaxQuery = 32 << 10

// Shell is what all routes stand behind.
type Shell struct {
	// Hosts maps each host name that clients may use (lower case, with the port
	// unless it is the scheme's own) to the public addresses that go with it.
	Hosts map[string]issue.Hosts
	// TrustedProxies may name the client's address and host for others.
	TrustedProxies []netip.Prefix
	// Plain says that the listener speaks HTTP without TLS, behind such a proxy.
	Plain bool
	Rand  io.Reader
	Now   func() time.Time
	Log   *slog.Logger
	// Done is called after each request, for metrics.
	Done func(r *http.Request, status int, took time.Duration)
}

// Wrap puts the shell around h.
func (s *Shell) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		// What every request needs, in one piece of memory.
		call := &struct {
			rec recorder
			ctx requestContext
		}{rec: recorder{ResponseWriter: w}, ctx: requestContext{Context: r.Context()}}
		rec := &call.rec
		if s.open(rec, r, &call.ctx.request) {
			s.serve(h, rec, r.WithContext(&call.ctx))
		}
		if s.Done != nil {
			s.Done(r, rec.code(), s.Now().Sub(start))
		}
	})
}

// serve calls the endpoint; a panic becomes the server error of the JSON
// envelope and costs only its own request.
func (s *Shell) serve(h http.Handler, w *recorder, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.Log.ErrorContext(r.Context(), "panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()), "trace_id", From(r.Context()).TraceID())
		if w.status == 0 {
			WriteError(w, r, s.Log, s.Now(), errors.New("panic"))
		}
	}()
	h.ServeHTTP(w, r)
}

// Header values that all answers share; nobody changes them.
var (
	noSniff       = []string{"nosniff"}
	secureForYear = []string{"max-age=31536000; includeSubDomains"}
)

// first is a header's first value. The name must be canonical.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// open judges the request before any endpoint sees it, and fills in req.
func (s *Shell) open(w http.ResponseWriter, r *http.Request, req *Request) bool {
	w.Header()["X-Content-Type-Options"] = noSniff
	var drawn [32]byte
	if _, err := io.ReadFull(s.Rand, drawn[:]); err != nil {
		http.Error(w, "no randomness", http.StatusInternalServerError)
		return false
	}
	req.Trace = version4(drawn[:16])
	if id, err := directory.ParseID(first(r.Header, "Client-Request-Id")); err == nil {
		req.CorrelationID, req.given = string(id), true
	} else {
		req.CorrelationID = string(directory.IDFromBytes(version4(drawn[16:])))
	}
	req.echo = strings.EqualFold(first(r.Header, "Return-Client-Request-Id"), "true")

	peer := peerAddr(r)
	trusted := s.trusted(peer)
	host := r.Host
	if trusted {
		if fh := r.Header.Get("X-Forwarded-Host"); fh != "" {
			host = fh
		}
	}
	hosts, ok := s.Hosts[strings.ToLower(host)]
	if !ok {
		setIDs(w, req)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = io.WriteString(w, "This server does not answer for that host name. Add it to `hosts` in the configuration.\n")
		return false
	}
	req.Hosts = hosts
	if !s.encrypted(w, r, req, trusted) {
		return false
	}
	ip, ok := clientIP(r, peer, trusted, s.trusted)
	if !ok {
		setIDs(w, req)
		http.Error(w, "unusable X-Forwarded-For", http.StatusBadRequest)
		return false
	}
	req.ClientIP = ip

	setIDs(w, req)
	if !hosts.Loopback {
		w.Header()["Strict-Transport-Security"] = secureForYear
	}
	return true
}

// version4 makes a random GUID of 16 random bytes (RFC 9562 §5.4).
func version4(random []byte) (b [16]byte) {
	copy(b[:], random)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return b
}

func (s *Shell) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func peerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// clientIP walks X-Forwarded-For from the nearest hop outwards while hops are
// trusted. An address that cannot be parsed refuses the request: skipping it
// would let a client choose its own address.
func clientIP(r *http.Request, peer netip.Addr, trusted bool, isTrusted func(netip.Addr) bool) (string, bool) {
	if !trusted {
		return peer.String(), true
	}
	var hops []string
	for _, line := range r.Header.Values("X-Forwarded-For") {
		hops = append(hops, strings.Split(line, ",")...)
	}
	addr := peer
	for i := len(hops) - 1; i >= 0; i-- {
		text := strings.TrimSpace(hops[i])
		if host, _, err := net.SplitHostPort(text); err == nil {
			text = host
		}
		a, err := netip.ParseAddr(text)
		if err != nil {
			return "", false
		}
		addr = a.Unmap()
		if !isTrusted(addr) {
			break
		}
	}
	return addr.String(), true
}

// recorder remembers the status for metrics and for the panic writer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
