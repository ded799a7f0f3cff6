package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// tokenFigures are the runs of one kind of token at one concurrency.
type tokenFigures struct {
	engine, algorithm string
	connections       int

	eff, frac, rate  series
	p50, p99         series // milliseconds
	server, database series // CPU microseconds per token
	signature        series // S, microseconds
	statements       series // SQL statements per token
	others           series // CPU that other processes took, percent of all cores
}

func micros(d time.Duration, n int) float64 {
	return float64(d) / float64(n) / float64(time.Microsecond)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tokens measures client credentials on a running, set-up instance.
func (b *bench) tokens(ctx context.Context, in *instance, algorithmName string, connections int) (*tokenFigures, error) {
	scope := in.rs256
	if algorithmName == "ES256" {
		scope = in.es256
	}
	t := in.tokenTarget(in.client.id, in.client.secret, scope)
	// The first key of another algorithm is made when it is asked for.
	for try := 0; ; try++ {
		token, err := in.token(ctx, t)
		if err != nil {
			return nil, err
		}
		got := algorithm(token)
		if got == algorithmName {
			break
		}
		if try == 5 {
			return nil, fmt.Errorf("a token of the %s API is signed with %s", algorithmName, got)
		}
	}
	f := &tokenFigures{engine: in.name, algorithm: algorithmName, connections: connections}
	warm, err := drive(ctx, t, connections, amount{time: b.warmUp})
	if err != nil {
		return nil, err
	}
	in.tokens += warm.count
	for len(f.eff) < b.runs {
		if err := b.tokenRun(ctx, in, t, f); err != nil {
			return nil, err
		}
	}
	b.say("%s %s at %d: EFF %s, frac %s, p50 %s, p99 %s ms, server %s µs, database %s µs, S %s µs, %s /s, %s statements, others %s %%", in.name, algorithmName, connections,
		f.eff.text(3), f.frac.text(3), f.p50.text(1), f.p99.text(1), f.server.text(0), f.database.text(0), f.signature.text(0), f.rate.text(0), f.statements.text(3), f.others.text(0))
	return f, nil
}

// tokenRun is one run between two calibrations.
func (b *bench) tokenRun(ctx context.Context, in *instance, t *target, f *tokenFigures) error {
	if err := b.rest(ctx); err != nil {
		return err
	}
	before, err := b.yard.calibrate(b.calibration)
	if err != nil {
		return err
	}
	used, err := in.used(ctx)
	if err != nil {
		return err
	}
	watch, err := watchOthers(used)
	if err != nil {
		return err
	}
	l, err := drive(ctx, t, f.connections, amount{time: b.runTime})
	if err != nil {
		return err
	}
	in.tokens += l.count
	now, err := in.used(ctx)
	if err != nil {
		return err
	}
	others, err := watch.share(now)
	if err != nil {
		return err
	}
	after, err := b.yard.calibrate(b.calibration)
	if err != nil || b.disturbed(others) {
		return err
	}
	f.add(l, now.minus(used), between(before, after), others)
	return nil
}

func (f *tokenFigures) add(l *load, used usage, u unit, others float64) {
	f.others = append(f.others, 100*others)
	f.rate = append(f.rate, l.rate())
	f.frac = append(f.frac, l.rate()/u.l)
	f.eff = append(f.eff, float64(u.s)*float64(l.count)/float64(used.server+used.database))
	f.p50 = append(f.p50, millis(l.percentile(.50)))
	f.p99 = append(f.p99, millis(l.percentile(.99)))
	f.server = append(f.server, micros(used.server, l.count))
	f.database = append(f.database, micros(used.database, l.count))
	f.signature = append(f.signature, micros(u.s, 1))
	f.statements = append(f.statements, used.statements/float64(l.count))
}

// documentFigures compare discovery documents with a handler that says hello, and
// with a bare handler that sends as many bytes and headers. All run on as many
// threads as there are cores, the server because nobody waits for a signer.
type documentFigures struct {
	hello, bare       series // CPU microseconds per request
	discovery, keys   series
	discoveryX, keysX series // as multiples of hello
}

const documentConnections = 8

func (b *bench) documents(ctx context.Context, in *instance) (*documentFigures, error) {
	h, err := startHello(ctx)
	if err != nil {
		return nil, err
	}
	defer h.stop()
	bare, err := startHello(ctx, "GOGC=400")
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	f := &documentFigures{}
	discovery := in.discoveryTarget()
	document, err := once(ctx, discovery)
	if err != nil {
		return nil, err
	}
	bare.target.request = get(bare.target.addr, fmt.Sprintf("/bytes/%d", len(document)))
	kinds := []struct {
		target *target
		pid    int
		into   *series
	}{
		{h.target, h.cmd.Process.Pid, &f.hello},
		{bare.target, bare.cmd.Process.Pid, &f.bare},
		{discovery, in.cmd.Process.Pid, &f.discovery},
		{&target{addr: in.addr, tls: in.tls, expect: []byte(`"keys"`), request: get(in.addr, "/"+in.boot.TenantID+"/discovery/v2.0/keys")}, in.cmd.Process.Pid, &f.keys},
	}
	for round := range b.runs + 1 { // the first one warms up
		if err := b.rest(ctx); err != nil {
			return nil, err
		}
		for _, k := range kinds {
			before, err := cpuOf(k.pid)
			if err != nil {
				return nil, err
			}
			l, err := drive(ctx, k.target, documentConnections, amount{time: b.runTime})
			if err != nil {
				return nil, err
			}
			after, err := cpuOf(k.pid)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				*k.into = append(*k.into, micros(after-before, l.count))
			}
		}
	}
	for i, hello := range f.hello {
		f.discoveryX = append(f.discoveryX, f.discovery[i]/hello)
		f.keysX = append(f.keysX, f.keys[i]/hello)
	}
	b.say("documents: hello %s µs, bare handler %s µs, discovery %s (× %s), keys %s (× %s)", f.hello.text(1), f.bare.text(1),
		f.discovery.text(1), f.discoveryX.text(2), f.keys.text(1), f.keysX.text(2))
	return f, nil
}

// starts measures the time from the start of the process to the first token, in
// milliseconds, on a database that exists.
func (b *bench) starts(ctx context.Context, in *instance) (series, error) {
	var s series
	for range b.starting {
		at := time.Now()
		if err := in.start(ctx); err != nil {
			return nil, err
		}
		if _, err := in.token(ctx, in.adminTarget()); err != nil {
			return nil, errors.Join(err, in.stop())
		}
		s = append(s, millis(time.Since(at)))
		if err := in.stop(); err != nil {
			return nil, err
		}
	}
	b.say("%s: start to first token %s ms", in.name, s.text(0))
	return s, nil
}

// firstStarts is the same for `sekisho dev` on a folder that does not exist yet.
func (b *bench) firstStarts(ctx context.Context) (series, error) {
	var s series
	for range b.starting {
		if err := b.rest(ctx); err != nil {
			return nil, err
		}
		in, err := newDev(b, "SQLite", false)
		if err != nil {
			return nil, err
		}
		at := time.Now()
		if err := in.start(ctx); err != nil {
			return nil, err
		}
		if err := in.connect(); err != nil {
			return nil, errors.Join(err, in.stop())
		}
		if _, err := in.token(ctx, in.adminTarget()); err != nil {
			return nil, errors.Join(err, in.stop())
		}
		s = append(s, millis(time.Since(at)))
		if err := in.stop(); err != nil {
			return nil, err
		}
	}
	b.say("first start ever to first token %s ms", s.text(0))
	return s, nil
}

// memoryFigures are resident memory in MiB.
type memoryFigures struct {
	idle        float64
	half, whole float64 // the most in the first and in the second half of the tokens
	anonymous   float64 // part of whole that no file backs
	tokens      int
	settled     float64 // some seconds after the load has ended
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// memory watches a server through many tokens. It must have been started afresh.
func (b *bench) memory(ctx context.Context, in *instance) (*memoryFigures, error) {
	t := in.tokenTarget(in.client.id, in.client.secret, in.rs256)
	if _, err := in.token(ctx, t); err != nil {
		return nil, err
	}
	pid := in.cmd.Process.Pid
	f := &memoryFigures{tokens: b.tokensForMemory}
	if err := pause(ctx, b.settle); err != nil {
		return nil, err
	}
	m, err := memoryOf(pid)
	if err != nil {
		return nil, err
	}
	f.idle = mib(m.resident)
	for _, most := range []*float64{&f.half, &f.whole} {
		watch, stop := context.WithCancel(ctx)
		peak := make(chan memory)
		go func() { peak <- watchMemory(watch, pid) }()
		l, err := drive(ctx, t, 32, amount{count: b.tokensForMemory / 2})
		stop()
		m := <-peak
		if err != nil {
			return nil, err
		}
		in.tokens += l.count
		*most, f.anonymous = mib(m.resident), mib(m.anonymous)
	}
	if err := pause(ctx, b.settle); err != nil {
		return nil, err
	}
	if m, err = memoryOf(pid); err != nil {
		return nil, err
	}
	f.settled = mib(m.resident)
	b.say("%s memory: idle %.1f, under load %.1f then %.1f (anonymous %.1f), afterwards %.1f MiB", in.name, f.idle, f.half, f.whole, f.anonymous, f.settled)
	return f, nil
}

// watchMemory gives the most that it saw until ctx ends.
func watchMemory(ctx context.Context, pid int) memory {
	var most memory
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if m, err := memoryOf(pid); err == nil && m.resident > most.resident {
			most = m
		}
		select {
		case <-ctx.Done():
			return most
		case <-tick.C:
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// storageFigures are what sign-in records take.
type storageFigures struct {
	rows, tokens int64
	perRow       float64 // bytes, indexes included
}

func newStorageFigures(rows, bytes int64, in *instance) (*storageFigures, error) {
	issued := int64(in.tokens) + in.forPeople.Load()
	if issued != rows {
		return nil, fmt.Errorf("%s holds %d sign-in records for %d tokens", in.name, rows, issued)
	}
	return &storageFigures{rows: rows, tokens: issued, perRow: float64(bytes) / float64(rows)}, nil
}

// bearerFigures are nanoseconds per check.
type bearerFigures struct{ verify, fresh, remembered series }

func (f *bearerFigures) ratio(s series) series {
	unit := f.verify.median()
	var r series
	for _, v := range s {
		r = append(r, v/unit)
	}
	return r
}

var benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`)

// bearer runs the benchmarks of package bearer.
func (b *bench) bearer(ctx context.Context) (*bearerFigures, error) {
	if err := b.rest(ctx); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(RSAVerify|NewToken|RememberedToken)$",
		"-benchtime", b.benchTime.String(), "-count", strconv.Itoa(b.runs), ".")
	cmd.Dir = b.bearerDir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test in bearer: %w\n%s", err, out)
	}
	f, err := parseBenchmarks(string(out))
	if err == nil {
		b.say("bearer: verify %s ns, new token × %s, remembered × %s", f.verify.text(0), f.ratio(f.fresh).text(2), f.ratio(f.remembered).text(3))
	}
	return f, err
}

func parseBenchmarks(out string) (*bearerFigures, error) {
	f := &bearerFigures{}
	into := map[string]*series{"RSAVerify": &f.verify, "NewToken": &f.fresh, "RememberedToken": &f.remembered}
	for _, m := range benchmarkLine.FindAllStringSubmatch(out, -1) {
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		if s := into[m[1]]; s != nil {
			*s = append(*s, v)
		}
	}
	if len(f.verify) == 0 || len(f.fresh) == 0 || len(f.remembered) == 0 {
		return nil, fmt.Errorf("the benchmarks of bearer did not say what they should:\n%s", out)
	}
	return f, nil
}

// profile records where the server's CPU time goes under load, and gives the top
// of what is not the signature.
func (b *bench) profile(ctx context.Context, in *instance, t *target, connections int) (string, error) {
	return b.profileWhile(ctx, in, func(long time.Duration) error {
		l, err := drive(ctx, t, connections, amount{time: long})
		if err == nil && bytes.Contains(t.expect, []byte("access_token")) {
			in.tokens += l.count
		}
		return err
	})
}

// profileWhile is profile for any load that lasts as long as it is told.
func (b *bench) profileWhile(ctx context.Context, in *instance, load func(time.Duration) error) (string, error) {
	seconds := max(int(b.runTime/time.Second), 2)
	file := b.keep
	if file == "" {
		file = filepath.Join(b.dir, "cpu.prof")
	}
	fetched := make(chan error, 1)
	go func() {
		fetched <- fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", in.operations, seconds), file)
	}()
	err := load(time.Duration(seconds)*time.Second + 300*time.Millisecond)
	if err = errors.Join(err, <-fetched); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=400", in.binary, file).Output()
	if err != nil {
		return "", fmt.Errorf("go tool pprof: %w", err)
	}
	return topOf(string(out)), nil
}

// profileLine is a line of pprof's -top: the last two columns are the share of
// the time with everything called, and the name.
var profileLine = regexp.MustCompile(`(?m)^ *\S+ +\S+% +\S+% +\S+ +(\S+)% +(.+)$`)

// topOf keeps the functions of a profile that say something: ours, and the doors
// into the runtime, TLS, HTTP and the databases.
func topOf(top string) string {
	telling := regexp.MustCompile(`sekisho|SignPKCS1v15$|crypto/tls\.\(\*Conn\)\.(Read|Write)$|net/http\.\(\*conn\)\.serve$|net/http\.readRequest$|` +
		`net/http\.\(\*response\)\.finishRequest$|net/http\.\(\*chunkWriter\)\.writeHeader$|net/http\.\(\*connReader\)\.backgroundRead$|net/http\.Header\.Clone|` +
		`runtime\.(gcBgMarkWorker|mallocgc|copystack|schedule|findRunnable)$|syscall\.Syscall|pgconn\.|modernc\.org/sqlite\.`)
	var b strings.Builder
	n := 0
	for _, m := range profileLine.FindAllStringSubmatch(top, -1) {
		if n < 32 && telling.MatchString(m[2]) {
			fmt.Fprintf(&b, "%6s %%  %s\n", m[1], strings.TrimPrefix(m[2], "github.com/sekisho-id/sekisho/"))
			n++
		}
	}
	return b.String()
}

// fetch saves what a URL of the operations listener answers.
func fetch(ctx context.Context, url, file string) error {
	text, err := read(ctx, url)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func read(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", url, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}
