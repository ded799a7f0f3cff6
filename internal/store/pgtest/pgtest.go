package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

var (
	running   atomic.Bool // Main will clean up
	databases atomic.Int64
)

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Main runs the tests of a package and stops the server that they started. A
// package that uses DSN calls it from TestMain: os.Exit(pgtest.Main(m)).
func Main(m *testing.M) int {
	defer func() {
		if shared.server != nil {
			shared.server.Stop()
		}
	}()
	running.Store(true)
	return m.Run()
}

// DSN gives the URL of a fresh, empty database, which is dropped when the test
// ends. It fails the test where there is no PostgreSQL.
func DSN(t testing.TB) string {
	t.Helper()
	if !running.Load() {
		t.Fatal("pgtest: the package needs a TestMain that calls pgtest.Main, so that the server is stopped at the end")
	}
	shared.once.Do(func() { shared.server, shared.err = Start(context.Background()) })
	if shared.err != nil {
		t.Fatalf("this test needs PostgreSQL: %v", shared.err)
	}
	name := fmt.Sprintf("sekisho_%d_%d", os.Getpid(), databases.Add(1))
	dsn, err := shared.server.Create(context.Background(), name)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := shared.server.Drop(context.Background(), name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return dsn
}

// WithSetting is the URL with a server setting for every connection made by it:
// WithSetting(dsn, "default_transaction_isolation", "serializable").
func WithSetting(t testing.TB, dsn, name, value string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	q := u.Query()
	q.Set(name, value) // pgx sends what it does not know itself to the server
	u.RawQuery = q.Encode()
	return u.String()
}
