package main

import (
	_ "embed"
	"fmt"
	"runtime"
	"strings"
	"time"
)

// notes.md says, by hand, what was tried where a figure is missed or was hard to
// reach.
//
//go:embed notes.md
var notes string

// report is everything that was measured.
type report struct {
	quick    bool
	bench    *bench
	took     time.Duration
	postgres string // version

	tokens      []*tokenFigures
	documents   *documentFigures
	memory      []engineMemory
	starts      []engineStarts
	storage     []engineStorage
	firstStarts series
	bearer      *bearerFigures
	people      []*peopleFigures
	binary      float64 // MB
	profiles    []profile
}

type (
	engineMemory struct {
		engine string
		*memoryFigures
	}
	engineStarts struct {
		engine string
		series series
	}
	engineStorage struct {
		engine string
		*storageFigures
	}
	profile struct{ of, text string }
)

// A goal is what a figure must be: at least, or at most.
type goal struct {
	limit float64
	least bool
}

func atLeast(v float64) goal { return goal{v, true} }
func atMost(v float64) goal  { return goal{v, false} }

func (g goal) met(v float64) bool { return g.least && v >= g.limit || !g.least && v <= g.limit }

func (g goal) text() string {
	if g.least {
		return fmt.Sprintf("≥ %g", g.limit)
	}
	return fmt.Sprintf("≤ %g", g.limit)
}

// A figure is a row of the table of goals.
type figure struct {
	what     string
	unit     string
	goal     goal
	measured series
	decimals int
}

func (f figure) met() bool { return f.goal.met(f.measured.median()) }

// tokenGoals are the goals of one kind of token by concurrency.
type tokenGoals struct{ eff, frac, p99 *goal }

func ref(g goal) *goal { return &g }

var rs256Goals = map[int]tokenGoals{
	8:  {ref(atLeast(0.85)), ref(atLeast(0.77)), ref(atMost(12))},
	32: {ref(atLeast(0.88)), ref(atLeast(0.84)), ref(atMost(28))},
}

var es256Goals = map[int]tokenGoals{8: {frac: ref(atLeast(4))}, 32: {frac: ref(atLeast(6))}}

func (r *report) tokenFigures(f *tokenFigures) []figure {
	what, goals := "client credentials", rs256Goals[f.connections]
	if f.algorithm == "ES256" {
		what, goals = "an ES256 API", es256Goals[f.connections]
	}
	what = fmt.Sprintf("%s, %s, concurrency %d", what, f.engine, f.connections)
	var rows []figure
	if goals.eff != nil && f.database != nil {
		rows = append(rows, figure{what + ": EFF", "", *goals.eff, f.eff, 3})
	}
	if goals.frac != nil {
		rows = append(rows, figure{what + ": frac", "", *goals.frac, f.frac, 3})
	}
	if goals.p99 != nil {
		rows = append(rows, figure{what + ": p99", "ms", *goals.p99, f.p99, 1})
	}
	return rows
}

func (r *report) missedTokens(f *tokenFigures) bool {
	for _, row := range r.tokenFigures(f) {
		if !row.met() {
			return true
		}
	}
	return false
}

// figures are all rows of the table of goals.
func (r *report) figures() []figure {
	var rows []figure
	for _, f := range r.tokens {
		rows = append(rows, r.tokenFigures(f)...)
	}
	if d := r.documents; d != nil {
		rows = append(rows, figure{"OpenID discovery: server CPU as a multiple of hello's", "×", atMost(1.3), d.discoveryX, 2},
			figure{"JWKS: server CPU as a multiple of hello's", "×", atMost(1.3), d.keysX, 2})
	}
	if f := r.bearer; f != nil {
		rows = append(rows, figure{"`bearer`, new token", "RSA verify", atMost(1.75), f.ratio(f.fresh), 2},
			figure{"`bearer`, token seen before", "RSA verify", atMost(0.05), f.ratio(f.remembered), 3})
	}
	for _, p := range r.people {
		rows = append(rows, figure{"code exchange, " + p.engine + ": CPU", "S", atMost(2.6), p.exchange, 2},
			figure{"code exchange, " + p.engine + ": frac", "", atLeast(0.36), p.exchangeFrac, 3},
			figure{"refresh with rotation, " + p.engine + ": CPU", "S", atMost(2.6), p.refresh, 2},
			figure{"refresh with rotation, " + p.engine + ": frac", "", atLeast(0.36), p.refreshFrac, 3},
			figure{"silent `/authorize` of somebody signed in, " + p.engine + ": CPU", "S", atMost(3), p.silent, 2},
			figure{"sign-in by password, " + p.engine + ": CPU beside the hash", "S", atMost(4), p.password, 2},
			figure{fmt.Sprintf("issuance beside %d sign-ins, %s, of its rate alone", signInsAtOnce, p.engine), "", atLeast(0.4), p.beside, 2},
			figure{"largest page of a sign-in, with style sheet and icon, " + p.engine, "kB", atMost(30), series{float64(p.biggestWithStyle) / 1000}, 1})
	}
	for _, s := range r.starts {
		rows = append(rows, figure{"start to first token, existing database, " + s.engine, "ms", atMost(100), s.series, 0})
	}
	if r.firstStarts != nil {
		rows = append(rows, figure{"start to first token, first start ever (`sekisho dev`)", "ms", atMost(500), r.firstStarts, 0})
	}
	for _, m := range r.memory {
		rows = append(rows, figure{"memory idle, " + m.engine, "MiB", atMost(30), series{m.idle}, 1},
			figure{fmt.Sprintf("memory under load, the most in %s tokens, %s", thousands(m.tokens), m.engine), "MiB", atMost(60), series{max(m.half, m.whole)}, 1})
	}
	rows = append(rows, figure{"binary, stripped", "MB", atMost(30), series{r.binary}, 1})
	for _, s := range r.storage {
		rows = append(rows, figure{"storage per sign-in record with indexes, " + s.engine, "B", atMost(350), series{s.perRow}, 0})
	}
	return rows
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// page writes docs/performance.md.
func (r *report) page() (string, error) {
	var b strings.Builder
	b.WriteString("# Performance\n\n<!-- Written by: make bench -->\n\n")
	r.method(&b)
	r.goals(&b)
	r.details(&b)
	r.showProfiles(&b)
	b.WriteString("\n" + strings.TrimSpace(notes) + "\n")
	return b.String(), nil
}

func (r *report) method(b *strings.Builder) {
	mode := "full"
	if r.quick {
		mode = "quick (`make bench BENCH=quick`: short runs, wide spread)"
	}
	fmt.Fprintf(b, "Machine: %d cores of %s, %s, %s/%s", runtime.NumCPU(), processor(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if r.postgres != "" {
		fmt.Fprintf(b, ", PostgreSQL %s with fsync on", r.postgres)
	}
	fmt.Fprintf(b, ". Mode: %s; it took %s.\n\n", mode, r.took.Round(time.Second))
	fmt.Fprintf(b, `Load generator, server and database share these cores. The server is the stripped binary as a process of its own, started as
operators start it (`+"`sekisho serve`"+`, HTTPS, every sign-in record durable before its token leaves); only the ES256 rows and the first start use
`+"`sekisho dev`"+`. Requests go over kept-alive TLS connections, as many as the concurrency says.

* **S**: CPU time of one RSA-2048 signature of Go's standard library. **L**: such signatures per second on all cores. Both are measured right
  before and right after every run.
* **EFF**: S ÷ CPU time of server and database per token, as /proc counts it. It hardly moves when neighbours take CPU.
* **frac**: tokens per second ÷ L.
* A figure is the median of %d runs of %s each after a warm-up (starts: of %d), with minimum and maximum. One failed request would have
  failed the whole measurement.
* **others**: CPU time that other processes of the machine took meanwhile, in percent of all cores.%s
* Memory and storage were measured over %s tokens; `+"`go -C bench run . -tokens 1000000`"+` takes a million.

Absolute times do not travel from one machine to the next; the ratios do.

`, r.bench.runs, r.bench.runTime, r.bench.starting, r.repeats(), thousands(r.bench.tokensForMemory))
}

func (r *report) repeats() string {
	if !r.bench.calm {
		return ""
	}
	return fmt.Sprintf(" Runs of tokens in which\n  that was more than %.0f were repeated (`-calm`): %d.", 100*mostOthers, r.bench.repeated)
}

func (r *report) goals(b *strings.Builder) {
	b.WriteString("## Goals\n\n| figure | must | measured | |\n|---|---|---|---|\n")
	missed := 0
	for _, f := range r.figures() {
		verdict := "met"
		if !f.met() {
			verdict = "**missed**"
			missed++
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", f.what, strings.TrimSpace(f.goal.text()+" "+f.unit), f.measured.text(f.decimals), verdict)
	}
	if missed == 0 {
		b.WriteString("\nEvery goal is met.\n")
	} else {
		fmt.Fprintf(b, "\n%d of these goals are missed; the profiles below show where the time goes.\n", missed)
	}
}

func (r *report) details(b *strings.Builder) {
	if len(r.tokens) > 0 {
		b.WriteString("\n## Tokens\n\n| | concurrency | EFF | frac | tokens/s | p50 ms | p99 ms | CPU of the server µs | of the database µs | S µs | SQL statements | others % |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
		for _, f := range r.tokens {
			database := f.database
			if f.engine == "SQLite" {
				database = nil // it is in the server
			}
			fmt.Fprintf(b, "| %s, %s | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", f.algorithm, f.engine, f.connections,
				f.eff.text(3), f.frac.text(3), f.rate.text(0), f.p50.text(1), f.p99.text(1), f.server.text(0), database.text(0), f.signature.text(0), f.statements.text(2), f.others.text(0))
		}
	}
	if d := r.documents; d != nil {
		fmt.Fprintf(b, "\n## Documents\n\nServer CPU per request at concurrency %d, microseconds: hello %s, OpenID discovery %s, JWKS %s.\n"+
			"A bare handler that sends as many bytes and headers as discovery does: %s.\n",
			documentConnections, d.hello.text(1), d.discovery.text(1), d.keys.text(1), d.bare.text(1))
	}
	for i, p := range r.people {
		if i == 0 {
			fmt.Fprintf(b, "\n## People\n\nAt concurrency %d, CPU of server and database in S. A code exchange and a refresh sign an access token and an ID token each. A sign-in is the\nwhole way from the first page to the code, in a browser without cookies.\n\n", peopleConnections)
			b.WriteString("| | silent `/authorize` | code exchange | refresh | sign-in by password | of it the hash | issuance beside sign-ins |\n|---|---|---|---|---|---|---|\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s + hash | %s | %s |\n", p.engine, p.silent.text(2), p.exchange.text(2), p.refresh.text(2), p.password.text(2), p.hash.text(1), p.beside.text(2))
	}
	if len(r.memory) > 0 {
		b.WriteString("\n## Memory\n\nResident memory in MiB at concurrency 32. Growth would show between the two halves.\n\n")
		b.WriteString("| | idle | most in the first half | most in the second half | of it not backed by files | idle again |\n|---|---|---|---|---|---|\n")
		for _, m := range r.memory {
			fmt.Fprintf(b, "| %s | %.1f | %.1f | %.1f | %.1f | %.1f |\n", m.engine, m.idle, m.half, m.whole, m.anonymous, m.settled)
		}
	}
	for i, s := range r.storage {
		if i == 0 {
			b.WriteString("\n## Storage\n\n")
		}
		fmt.Fprintf(b, "* %s: %s sign-in records for %s tokens, %.0f bytes each, indexes included.\n", s.engine, thousands(int(s.rows)), thousands(int(s.tokens)), s.perRow)
	}
}

func (r *report) showProfiles(b *strings.Builder) {
	for i, p := range r.profiles {
		if i == 0 {
			b.WriteString("\n## Profiles\n\nShare of the server's CPU time, with everything called from there.\n")
		}
		fmt.Fprintf(b, "\n%s:\n\n```\n%s```\n", strings.ToUpper(p.of[:1])+p.of[1:], p.text)
	}
}
