package sqlstore

import (
	"context"
	"errors"
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

func TestListen(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	url := emptyURL(t, Postgres)
	writer, listener := openURL(t, url), openURL(t, url)
	mustMigrate(t, writer)
	heard, stopped := make(chan string, 10), make(chan error, 1)
	go func() { stopped <- listener.Listen(ctx, func(tenant string) { heard <- tenant }) }()
	if first := <-heard; first != "" {
		t.Errorf("heard %q before anything was written", first)
	}
	tenant := directory.MustTenantID("10000000-0000-4000-8000-000000000001")
	u := &directory.User{ID: "20000000-0000-4000-8000-000000000001", UserPrincipalName: "u@x.example"}
	if err := writer.CreateUser(ctx, tenant, u, &audit.Event{Activity: "Add user"}); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got != tenant.String() {
		t.Errorf("heard %q, want %v", got, tenant)
	}
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen ended with %v", err)
	}
}

func TestListenOnSQLite(t *testing.T) {
	err := fresh(t, SQLite).Listen(context.Background(), func(string) { t.Error("heard something") })
	if !errors.Is(err, ErrListenUnsupported) {
		t.Errorf("error %v", err)
	}
}
