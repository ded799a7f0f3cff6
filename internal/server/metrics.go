package server

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics is what the operations listener shows. Labels have few values: areas,
// statuses and numbers of the catalogue, never names or ids.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	// observers are those of requests by area and status: finding one there by its
	// labels costs more than the rest of the account.
	observers sync.Map // areaStatus to prometheus.Observer
	refusals  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "sekisho_request_seconds", Help: "Time to answer a request, by area and status.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 2},
		}, []string{"area", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sekisho_token_refusals_total", Help: "Refused token requests, by AADSTS number; 0 is a failure of the server.",
		}, []string{"code"}),
	}
	m.registry.MustRegister(m.requests, m.refusals, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds the gauges that read the parts of s.
func (m *metrics) watch(s *Server) {
	for _, g := range []struct {
		name, help string
		read       func() float64
	}{
		{"sekisho_signatures_waiting", "Tokens that wait for a signer.", func() float64 { return float64(s.queue.Stats().Waiting) }},
		{"sekisho_sign_in_records_waiting", "Sign-in records that no commit has taken yet.", func() float64 { return float64(s.recorder.Waiting()) }},
		{"sekisho_view_bytes", "About how much the in-memory view holds.", func() float64 { return float64(s.view.Bytes()) }},
		{"sekisho_view_stale", "1 while the change feed is silent.", func() float64 { return truth(s.view.Stale()) }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, g.read))
	}
	for _, c := range []struct {
		name, help string
		read       func() float64
	}{
		{"sekisho_signatures_total", "Signatures made.", func() float64 { return float64(s.queue.Stats().Served) }},
		{"sekisho_view_hits_total", "Objects found in the in-memory view.", func() float64 { h, _ := s.view.Counts(); return float64(h) }},
		{"sekisho_view_misses_total", "Objects read from the database.", func() float64 { _, n := s.view.Counts(); return float64(n) }},
		{"sekisho_sql_statements_total", "Statements sent to the database.", func() float64 { return float64(s.db.Stats().Statements) }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help}, c.read))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

type areaStatus struct {
	area   string
	status int
}

func (m *metrics) request(r *http.Request, status int, took time.Duration) {
	key := areaStatus{area(r.URL.Path), status}
	o, ok := m.observers.Load(key)
	if !ok {
		o, _ = m.observers.LoadOrStore(key, m.requests.WithLabelValues(key.area, strconv.Itoa(status)))
	}
	o.(prometheus.Observer).Observe(took.Seconds())
}

func (m *metrics) refused(code int) { m.refusals.WithLabelValues(strconv.Itoa(code)).Inc() }

// area names the part of the server that a path belongs to. What lies below a
// tenant is told by what follows the tenant.
func area(path string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(path), "/"), "/")
	switch {
	case first == "v1.0", first == "beta":
		return "graph"
	case rest == "oauth2/v2.0/token", rest == "oauth2/token":
		return "token"
	case strings.HasPrefix(rest, "oauth2/"):
		return "oauth2"
	case strings.HasPrefix(rest, "v2.0/.well-known/"), strings.HasPrefix(rest, ".well-known/"), strings.HasPrefix(rest, "discovery/"):
		return "discovery"
	}
	return "other"
}

// handler serves /metrics and /debug/pprof on the operations listener.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
