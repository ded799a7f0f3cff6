package server

import (
	"fmt"
	"math"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// metrics is what the operations listener shows. Labels have few values: areas,
// statuses and numbers of the catalogue, never names or ids.
type metrics struct {
	set *vm.Set
	// requests and refusals are histograms and counters by their labels: finding one
	// by its name costs more than the rest of the account.
	requests sync.Map // areaStatus to *histogram
	refusals sync.Map // int to *vm.Counter
}

// Names of what is counted by labels; the operations guide lists them all.
const (
	requestSeconds = "sekisho_request_seconds"
	tokenRefusals  = "sekisho_token_refusals_total"
)

// requestBuckets are the bounds of requestSeconds, in seconds.
var requestBuckets = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .5, 2, math.Inf(1)}

func newMetrics() *metrics {
	vm.ExposeMetadata(true)
	return &metrics{set: vm.NewSet()}
}

// watch adds the values that are read from the parts of s.
func (m *metrics) watch(s *Server) {
	for name, read := range map[string]func() float64{
		"sekisho_signatures_waiting":      func() float64 { return float64(s.queue.Stats().Waiting) },
		"sekisho_sign_in_records_waiting": func() float64 { return float64(s.recorder.Waiting()) },
		"sekisho_view_bytes":              func() float64 { return float64(s.view.Bytes()) },
		"sekisho_view_stale":              func() float64 { return truth(s.view.Stale()) },
		"sekisho_signatures_total":        func() float64 { return float64(s.queue.Stats().Served) },
		"sekisho_view_hits_total":         func() float64 { h, _ := s.view.Counts(); return float64(h) },
		"sekisho_view_misses_total":       func() float64 { _, n := s.view.Counts(); return float64(n) },
		"sekisho_sql_statements_total":    func() float64 { return float64(s.db.Stats().Statements) },
	} {
		m.set.NewGauge(name, read)
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
	h, ok := m.requests.Load(key)
	if !ok {
		h, _ = m.requests.LoadOrStore(key, m.histogram(fmt.Sprintf("area=%q,status=%q", key.area, strconv.Itoa(status))))
	}
	h.(*histogram).observe(took.Seconds())
}

// histogram counts in fixed buckets, as Prometheus wants them: each holds all that
// is no larger than its bound.
type histogram struct {
	buckets []*vm.Counter // by requestBuckets
	count   *vm.Counter
	sum     *vm.FloatCounter
}

func (m *metrics) histogram(labels string) *histogram {
	h := &histogram{
		count: m.set.GetOrCreateCounter(requestSeconds + "_count{" + labels + "}"),
		sum:   m.set.GetOrCreateFloatCounter(requestSeconds + "_sum{" + labels + "}"),
	}
	for _, bound := range requestBuckets {
		h.buckets = append(h.buckets, m.set.GetOrCreateCounter(fmt.Sprintf("%s_bucket{%s,le=%q}", requestSeconds, labels, strconv.FormatFloat(bound, 'g', -1, 64))))
	}
	return h
}

func (h *histogram) observe(seconds float64) {
	for i := len(requestBuckets) - 1; i >= 0 && seconds <= requestBuckets[i]; i-- {
		h.buckets[i].Inc()
	}
	h.count.Inc()
	h.sum.Add(seconds)
}

// refused counts a refusal by its number; 0 is a failure of the server.
func (m *metrics) refused(code int) {
	c, ok := m.refusals.Load(code)
	if !ok {
		c, _ = m.refusals.LoadOrStore(code, m.set.GetOrCreateCounter(fmt.Sprintf("%s{code=%q}", tokenRefusals, strconv.Itoa(code))))
	}
	c.(*vm.Counter).Inc()
}

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
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.set.WritePrometheus(w)
		vm.WriteProcessMetrics(w)
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
