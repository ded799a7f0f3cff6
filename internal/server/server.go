package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth"
	"github.com/sekisho-id/sekisho/internal/domain/clientauth/issuer"
	"github.com/sekisho-id/sekisho/internal/domain/credential"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
	"github.com/sekisho-id/sekisho/internal/endpoint/discovery"
	"github.com/sekisho-id/sekisho/internal/endpoint/graph"
	"github.com/sekisho-id/sekisho/internal/endpoint/token"
	"github.com/sekisho-id/sekisho/internal/endpoint/web"
	"github.com/sekisho-id/sekisho/internal/endpoint/web/page"
	"github.com/sekisho-id/sekisho/internal/store"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
	"github.com/sekisho-id/sekisho/internal/store/view"
)

// Server is one node.
type Server struct {
	cfg   Config
	log   *slog.Logger
	clock *Clock
	hosts map[string]issue.Hosts
	bases []issue.Hosts

	db        *sqlstore.DB
	stores    store.Stores
	keeper    *envelope.Keeper
	secrets   *clientauth.SecretHasher
	passwords *credential.Passwords
	keys      *signingkey.Keyring
	queue     *signingkey.Queue
	view      *view.View
	follower  *view.Follower
	recorder  *audit.Recorder
	refusals  *audit.RefusalCounter
	ops       *directory.Operations
	metrics   *metrics

	discovery *discovery.Endpoint
	people    *people
	token     *token.Endpoint
	graph     *graph.API
	pages     *page.Pages

	handler http.Handler
	node    struct {
		once sync.Once
		id   string
		err  error
	}
}

// Sizes of what is bounded.
const (
	recorderBatch = 64
	refusalSums   = 10_000
)

// New opens the database and builds the server. The caller must Run or Close it.
func New(ctx context.Context, cfg Config) (*Server, error) {
	s, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open connects what both a server and a command on the database need: the
// stores, the keys and the operations.
func open(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	s := &Server{cfg: cfg, log: cfg.Log, clock: cfg.Clock, metrics: newMetrics()}
	var err error
	if s.hosts, s.bases, err = hostTable(&cfg); err != nil {
		return nil, err
	}
	if s.db, err = sqlstore.Open(ctx, sqlstore.Config{URL: cfg.Database, Now: s.clock.Now}); err != nil {
		return nil, err
	}
	s.stores = s.db.Stores()
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *Server) connect(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.checkMark(ctx); err != nil {
		return err
	}
	var err error
	s.keeper, err = envelope.NewKeeper(envelope.Config{Store: s.stores.DataKeys, Wrapper: s.cfg.Wrapper, Rand: s.cfg.Rand})
	if err != nil {
		return err
	}
	if err := s.keeper.Check(ctx); err != nil {
		return err
	}
	ahead := signingkey.DefaultAhead
	if s.cfg.Dev {
		ahead = 0
	}
	s.keys, err = signingkey.NewKeyring(signingkey.Config{
		Store: s.stores.SigningKeys, Keeper: s.keeper, Now: s.clock.Now, Rand: s.cfg.Rand, Ahead: ahead,
	})
	if err != nil {
		return err
	}
	secretKey, err := s.keeper.Derive(ctx, envelope.InstallationOwner, "client secrets", 32)
	if err != nil {
		return err
	}
	if s.secrets, err = clientauth.NewSecretHasher(secretKey); err != nil {
		return err
	}
	// Half of the cores at most: a storm of sign-ins must not starve the tokens.
	s.passwords = credential.NewPasswords(max(1, cores/2), s.cfg.Rand)
	s.ops = &directory.Operations{
		Tenants: s.stores.Tenants, Applications: s.stores.Applications, ServicePrincipals: s.stores.ServicePrincipals,
		Deleted: s.stores.Deleted, Assignments: s.stores.Assignments, Grants: s.stores.Grants, Users: s.stores.Users,
		Policies: s.stores.Policies, Roles: s.stores.Roles, Identities: s.stores.Identities, Secrets: s.secrets, Passwords: s.passwords,
		Now: s.clock.Now, Rand: s.cfg.Rand, GraphURLs: s.graphURLs(),
	}
	return nil
}

func (s *Server) graphURLs() []string {
	var urls []string
	for _, h := range s.bases {
		urls = append(urls, h.Graph)
	}
	return urls
}

// start builds what serves requests.
func (s *Server) start(ctx context.Context) error {
	if err := s.keys.EnsureKeys(ctx); err != nil {
		return err
	}
	if err := s.ops.EnsureBuiltins(ctx); err != nil {
		return err
	}
	var err error
	s.view, err = view.New(view.Config{Source: s.db, Elapsed: time.Now})
	if err != nil {
		return err
	}
	s.follower, err = view.NewFollower(ctx, s.stores.Changes, s.view, s.keysChanged)
	if err != nil {
		return err
	}
	s.db.OnCommit(func(changes []directory.Change) {
		s.view.Apply(changes)
		s.keysChanged(changes)
	})
	s.queue = signingkey.NewQueue(s.cfg.Signers, s.cfg.QueueLimit)
	s.recorder = audit.NewRecorder(s.stores.SignIns, s.cfg.RecordsWaiting, recorderBatch)
	s.refusals = audit.NewRefusalCounter(refusalSums)
	if err := s.endpoints(ctx); err != nil {
		return err
	}
	shell := &web.Shell{
		Hosts: s.hosts, TrustedProxies: s.cfg.TrustedProxies, Plain: s.cfg.TLS == nil,
		Rand: s.cfg.Rand, Now: s.clock.Now, Log: s.log, Done: s.metrics.request,
	}
	s.handler = shell.Wrap(s.routes())
	s.metrics.watch(s)
	return nil
}

func (s *Server) endpoints(ctx context.Context) error {
	pageKey, err := s.keeper.Derive(ctx, envelope.InstallationOwner, "page tokens", 32)
	if err != nil {
		return err
	}
	operator, err := s.operator(ctx)
	if err != nil {
		return err
	}
	if s.pages, err = page.New(page.Config{Now: s.clock.Now, Log: s.log}); err != nil {
		return err
	}
	if s.people, err = s.newPeople(ctx); err != nil {
		return err
	}
	if err := s.signInEndpoints(); err != nil {
		return err
	}
	if s.discovery, err = s.newDiscovery(); err != nil {
		return err
	}
	tokens := &issue.Tokens{
		Keys: s.keys, Queue: s.queue, Recorder: s.recorder,
		Lifetimes: issue.Lifetimes{Lookup: s.view, Rand: s.cfg.Rand}, Now: s.clock.Now, Rand: s.cfg.Rand,
		Subjects: s.people.subjects, Hints: s.people.hints,
	}
	s.token = token.New(token.Config{
		Lookup: s.view, Tokens: tokens,
		Authorizations: s.people.authorizations, Consents: s.people.consents, Directory: signInDirectory{s},
		Refusals: s.refusals, Refused: s.metrics.refused, Now: s.clock.Now, Log: s.log,
		Clients: clientauth.New(clientauth.Config{
			Now: s.clock.Now, Secrets: s.secrets, Assertions: s.stores.Assertions, Alive: s.ownAlive,
			Issuers: issuer.New(issuer.Config{
				Now: s.clock.Now, Own: s.ownIssuer, AllowLoopback: s.cfg.Dev,
				AllowedPrefixes: s.cfg.OutboundAllow, AllowedHosts: s.cfg.OutboundHosts, RootCAs: s.cfg.OutboundCAs,
			}),
		}),
	})
	s.graph, err = graph.New(graph.Config{
		Passwords: s.people.passwords, Ops: s.ops, Tenants: s.stores.Tenants, Applications: s.stores.Applications, ServicePrincipals: s.stores.ServicePrincipals,
		Deleted: s.stores.Deleted, Assignments: s.stores.Assignments, Grants: s.stores.Grants, Users: s.stores.Users, Policies: s.stores.Policies,
		Tokens: graphTokens{&issue.Verifier{Keys: s.keys, Lookup: s.view, Hosts: s.bases, Users: s.stores.Users, Families: s.stores.Authorizations, Resource: directory.GraphAppID, Now: s.clock.Now}},
		Now:    s.clock.Now, Logger: s.log, PageKey: pageKey, Operator: operator,
		Denied: func(ctx context.Context, a *graph.Actor) {
			s.refusals.Add(s.clock.Now(), a.Tenant.Bytes(), a.AppID.Bytes(), http.StatusForbidden, web.From(ctx).Trace)
		},
	})
	return err
}

// keysChanged reloads the signing keys when the feed says so.
func (s *Server) keysChanged(changes []directory.Change) {
	for _, c := range changes {
		if c.Kind == directory.ChangedSigningKeys {
			if err := s.keys.Reload(context.Background()); err != nil {
				s.log.Error("signing keys could not be reloaded", "error", err)
			}
			return
		}
	}
}

func (s *Server) canSign() bool {
	_, err := s.keys.Set().Active(signingkey.Organizations, signingkey.RS256, s.clock.Now())
	return err == nil
}

// Handler serves every route of the main listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Run serves until ctx ends, then stops gracefully. ready, if not nil, is called
// once the listener is open, with its address.
func (s *Server) Run(ctx context.Context, ready func(addr string)) error {
	listener, err := s.listen(ctx, s.cfg.Listen)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return s.Serve(ctx, listener, ready)
}

// listen opens a listener; a port that is taken is said in words.
func (s *Server) listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w. Is another server running there? Choose another address (--addr, or listen in the configuration file)", addr, err)
	}
	return l, nil
}

// Serve is Run on a listener of the caller's.
func (s *Server) Serve(ctx context.Context, listener net.Listener, ready func(addr string)) error {
	defer func() {
		if err := s.Close(); err != nil {
			s.log.Error("closing", "error", err)
		}
	}()
	jobs, stopJobs := context.WithCancel(context.Background())
	finished := s.runJobs(jobs)
	defer func() { stopJobs(); <-finished }()

	main := s.httpServer(s.handler)
	failed := make(chan error, 2)
	go func() { failed <- s.serveOn(main, listener) }()
	var ops *http.Server
	if s.cfg.OperationsListen != "" {
		l, err := s.listen(ctx, s.cfg.OperationsListen)
		if err != nil {
			_ = main.Close()
			return err
		}
		ops = &http.Server{Handler: s.metrics.handler(), ReadHeaderTimeout: 10 * time.Second}
		go func() { failed <- ops.Serve(l) }()
	}
	if ready != nil {
		ready(listener.Addr().String())
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), s.cfg.ShutdownGrace)
	defer cancel()
	err := main.Shutdown(stop)
	if ops != nil {
		_ = ops.Shutdown(stop)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests under way were cut off", "grace", s.cfg.ShutdownGrace)
		err = main.Close()
	}
	return err
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, TLSConfig: authenticated(s.cfg.TLS),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 60 * time.Second, IdleTimeout: 60 * time.Second,
		MaxHeaderBytes: 32 << 10,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: 100},
		ErrorLog:       slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// authenticated leaves TLS 1.2 the suites that encrypt and authenticate in one
// (RFC 9325 §4.2); TLS 1.3 has no others.
func authenticated(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	c = c.Clone()
	c.CipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	return c
}

func (s *Server) serveOn(srv *http.Server, l net.Listener) error {
	if s.cfg.TLS == nil {
		return srv.Serve(l)
	}
	return srv.ServeTLS(l, "", "")
}

// Close writes what waits and closes the database. It may be called once.
func (s *Server) Close() error {
	if s.recorder != nil {
		s.recorder.Close()
	}
	if s.refusals != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := s.refusals.Flush(ctx, s.stores.Refusals); err != nil {
			s.log.Warn("sums of refusals were lost", "error", err)
		}
	}
	return s.db.Close()
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = &Clock{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Signers <= 0 {
		c.Signers = cores + 1
	}
	if c.QueueLimit <= 0 {
		c.QueueLimit = 1024
	}
	if c.RecordsWaiting <= 0 {
		c.RecordsWaiting = 4096
	}
	if c.SignInsKept == 0 {
		c.SignInsKept = defaultSignInsKept
	}
	if c.AuditsKept == 0 {
		c.AuditsKept = defaultAuditsKept
	}
	if c.DeletedKept == 0 {
		c.DeletedKept = defaultDeletedKept
	}
	if c.ShutdownGrace == 0 {
		c.ShutdownGrace = defaultGrace
	}
	return c
}
