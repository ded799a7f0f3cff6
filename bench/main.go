package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one round of measurements.
type bench struct {
	binary, bearerDir string
	dir               string // for everything it makes; removed at the end
	trial             []string
	parts             []string
	connections       []int
	profiles          bool
	keep              string
	calm              bool
	repeated          int // runs, because others took CPU

	quick           bool
	runs, starting  int
	runTime, warmUp time.Duration
	calibration     time.Duration
	settle          time.Duration
	benchTime       time.Duration
	tokensForMemory int

	yard *yardstick
	made int
}

// allParts are what -only can choose from.
var allParts = []string{"sqlite", "postgres", "es256", "documents", "people", "memory", "starts", "bearer"}

func run() error {
	b := &bench{runs: 5, starting: 11, runTime: 5 * time.Second, warmUp: 3 * time.Second, calibration: time.Second, settle: 5 * time.Second, benchTime: time.Second}
	var out, only, at, trial string
	var greet bool
	flag.StringVar(&b.binary, "binary", "../bin/sekisho", "the server, as it is shipped")
	flag.StringVar(&b.bearerDir, "bearer", "../bearer", "folder of package bearer")
	flag.StringVar(&out, "out", "", "where to write the page; empty for standard output")
	flag.BoolVar(&b.quick, "quick", false, "shorter runs")
	flag.IntVar(&b.tokensForMemory, "tokens", 100_000, "how many tokens memory and storage are measured with")
	flag.StringVar(&only, "only", strings.Join(allParts, ","), "parts to measure")
	flag.StringVar(&at, "connections", "1,8,32", "concurrency of token requests")
	flag.BoolVar(&b.profiles, "profile", false, "show the profiles even where no figure is missed")
	flag.BoolVar(&b.calm, "calm", false, "wait for other processes to rest, and repeat runs in which they did not")
	flag.StringVar(&b.keep, "keep", "", "file for the last CPU profile")
	flag.StringVar(&trial, "env", "", "environment variables for the server, separated by blanks, to try something out")
	flag.BoolVar(&greet, "hello", false, "be the server that says hello (for use by this program)")
	flag.Parse()
	if greet {
		return serveHello()
	}
	if b.quick {
		b.starting, b.runTime, b.warmUp = 5, 1500*time.Millisecond, time.Second
		b.calibration, b.settle, b.benchTime = 400*time.Millisecond, 2*time.Second, 200*time.Millisecond
		b.tokensForMemory = min(b.tokensForMemory, 20_000)
	}
	b.trial, b.parts = strings.Fields(trial), strings.Split(only, ",")
	for text := range strings.SplitSeq(at, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-connections: %q is no number of connections", text)
		}
		b.connections = append(b.connections, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	page, err := b.measure(ctx)
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.WriteString(page)
		return err
	}
	return os.WriteFile(out, []byte(page), 0o644)
}

func (b *bench) part(name string) bool { return slices.Contains(b.parts, name) }

// say tells on standard error how it goes.
func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// measure does it all and gives the page.
func (b *bench) measure(ctx context.Context) (string, error) {
	var err error
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return "", err
	}
	if b.yard, err = newYardstick(); err != nil {
		return "", err
	}
	if b.dir, err = os.MkdirTemp("", "sekisho-bench-"); err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	r := &report{quick: b.quick, bench: b}
	start := time.Now()
	for _, p := range []struct {
		name string
		do   func(context.Context, *report) error
	}{
		{"sqlite", b.measureSQLite}, {"es256", b.measureES256}, {"postgres", b.measurePostgres}, {"starts", b.measureFirstStarts}, {"bearer", b.measureBearer},
	} {
		if !b.part(p.name) {
			continue
		}
		if err := p.do(ctx, r); err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return "", err
	}
	r.binary = float64(info.Size()) / 1e6
	r.took = time.Since(start)
	return r.page()
}

func (b *bench) measureSQLite(ctx context.Context, r *report) error {
	in, err := newInstallation(ctx, b, "SQLite", "")
	if err != nil {
		return err
	}
	return b.measureEngine(ctx, r, in, func() (int64, int64, error) { return sqliteSize(ctx, in.database) })
}

func (b *bench) measurePostgres(ctx context.Context, r *report) error {
	p, err := startPostgres(ctx)
	if err != nil {
		return err
	}
	defer p.stop(context.WithoutCancel(ctx))
	r.postgres = p.version
	in, err := newInstallation(ctx, b, "PostgreSQL", p.url)
	if err != nil {
		return err
	}
	in.databasePID = p.pid
	return b.measureEngine(ctx, r, in, func() (int64, int64, error) { return p.size(ctx) })
}

// measureEngine measures what concerns a database, on an installation that has
// been made.
func (b *bench) measureEngine(ctx context.Context, r *report, in *instance, size func() (rows, bytes int64, err error)) (err error) {
	if err := in.connectAndStart(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	if err := in.setUp(ctx); err != nil {
		return err
	}
	for _, n := range b.connections {
		f, err := b.tokens(ctx, in, "RS256", n)
		if err != nil {
			return err
		}
		r.tokens = append(r.tokens, f)
		if b.profiles || r.missedTokens(f) {
			text, err := b.profile(ctx, in, in.tokenTarget(in.client.id, in.client.secret, in.rs256), n)
			if err != nil {
				return err
			}
			r.profiles = append(r.profiles, profile{fmt.Sprintf("client credentials on %s at %d", in.name, n), text})
		}
	}
	if b.part("documents") && in.databasePID == 0 && in.name == "SQLite" {
		if r.documents, err = b.documents(ctx, in); err != nil {
			return err
		}
		text, err := b.profile(ctx, in, in.discoveryTarget(), documentConnections)
		if err != nil {
			return err
		}
		r.profiles = append(r.profiles, profile{"OpenID discovery at 8", text})
	}
	if b.part("people") {
		p, err := b.measurePeople(ctx, in)
		if err != nil {
			return err
		}
		r.people, r.profiles = append(r.people, p), append(r.profiles, p.profiles...)
	}
	if b.part("memory") {
		if err := in.restart(ctx); err != nil {
			return err
		}
		m, err := b.memory(ctx, in)
		if err != nil {
			return err
		}
		r.memory = append(r.memory, engineMemory{in.name, m})
	}
	if err := in.stop(); err != nil {
		return err
	}
	if b.part("starts") {
		s, err := b.starts(ctx, in)
		if err != nil {
			return err
		}
		r.starts = append(r.starts, engineStarts{in.name, s})
	}
	if !b.part("memory") {
		return nil
	}
	rows, bytes, err := size()
	if err != nil {
		return err
	}
	s, err := newStorageFigures(rows, bytes, in)
	if err != nil {
		return err
	}
	b.say("%s: %.0f bytes for each of %d sign-in records", in.name, s.perRow, s.rows)
	r.storage = append(r.storage, engineStorage{in.name, s})
	return nil
}

// connectAndStart is for an installation, whose bootstrap.json is there already.
func (in *instance) connectAndStart(ctx context.Context) error {
	if err := in.connect(); err != nil {
		return err
	}
	return in.start(ctx)
}

func (in *instance) restart(ctx context.Context) error {
	if err := in.stop(); err != nil {
		return err
	}
	return in.start(ctx)
}

// measureES256 uses development mode, where a new key may sign at once; elsewhere
// it is published a day ahead.
func (b *bench) measureES256(ctx context.Context, r *report) (err error) {
	in, err := newDev(b, "SQLite", true)
	if err != nil {
		return err
	}
	if err := in.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.stop()) }()
	if err := in.connect(); err != nil {
		return err
	}
	if err := in.setUp(ctx); err != nil {
		return err
	}
	for _, n := range b.connections {
		if n == 1 {
			continue
		}
		f, err := b.tokens(ctx, in, "ES256", n)
		if err != nil {
			return err
		}
		r.tokens = append(r.tokens, f)
		if b.profiles || r.missedTokens(f) {
			text, err := b.profile(ctx, in, in.tokenTarget(in.client.id, in.client.secret, in.es256), n)
			if err != nil {
				return err
			}
			r.profiles = append(r.profiles, profile{fmt.Sprintf("an ES256 API on %s at %d", in.name, n), text})
		}
	}
	return nil
}

func (b *bench) measureFirstStarts(ctx context.Context, r *report) (err error) {
	r.firstStarts, err = b.firstStarts(ctx)
	return err
}

func (b *bench) measureBearer(ctx context.Context, r *report) (err error) {
	r.bearer, err = b.bearer(ctx)
	return err
}
